"""What the report says, in words and numbers, before it has a form."""

import json
from typing import Any

import pytest

from benchbench import derive
from benchbench.derive import Figures
from benchbench.recommend import Recommendation, Rejected
from benchbench.record import Record
from benchbench.report.blocks import Notes, Plot, Prose, Spreads, Table
from benchbench.report.cost import stacks
from benchbench.report.view import View, build
from benchbench.tco.answer import TcoAnswer
from tests import factories
from tests.report import sample


def read_back(data: str) -> dict[str, Any]:
    """The embedded data as the models it was written from."""
    document = json.loads(data)
    chosen = document["recommendations"]
    for one in chosen:
        del one["rejected_by_reason"]
    return {
        "records": [Record.model_validate_json(json.dumps(one)) for one in document["records"]],
        "figures": [Figures.model_validate_json(json.dumps(one)) for one in document["figures"]],
        "recommendations": [Recommendation.model_validate_json(json.dumps(one)) for one in chosen],
        "tco": TcoAnswer.model_validate_json(json.dumps(document["tco"])),
    }


def tables(view: View) -> list[Table]:
    """Every table, those beside charts included."""
    blocks = [block for s in view.sections for part in s.parts for block in part.blocks]
    beside = [block.table for block in blocks if isinstance(block, Plot)]
    return beside + [block for block in blocks if isinstance(block, Table)]


def prose(view: View) -> str:
    """All paragraphs and commands."""
    blocks = [block for s in view.sections for part in s.parts for block in part.blocks]
    texts = [block for block in blocks if isinstance(block, Prose)]
    return "\n".join(line for one in texts for line in (*one.paragraphs, *one.commands))


def answer(view: View, question: str) -> str:
    """Everything the first screen answers to a question."""
    (found,) = [one for one in view.answers if one.question == question]
    return "\n".join((found.sentence, *found.details))


def test_the_first_screen_answers_five_questions_in_order() -> None:
    """What you have, what it delivers, what to do, how sure we are, what would change it."""
    assert [one.question for one in sample.view().answers] == [
        "What you have",
        "What it delivers",
        "What to do",
        "How sure we are",
        "What would change the answer",
    ]


def test_headline_throughputs_are_the_measured_ones() -> None:
    """4.02 images/s and 0.512 sequences/s went in; the slower settings are not the headline."""
    said = answer(sample.view(), "What it delivers")
    assert (
        "4.02 images/s (±0.90 %) on resnet50-train and 0.512 sequences/s (±0.90 %) on bert" in said
    )
    assert "3.61" not in said


def test_shares_are_achieved_over_ceiling_and_datasheet() -> None:
    """4.02 x 24.299 GFLOP = 97.7 GFLOP/s, of 151.2 measured and 188.8 promised."""
    said = answer(sample.view(), "What it delivers")
    assert "resnet50-train: 65 % of the achievable, 52 % of the datasheet, compute-bound." in said


def test_the_machine_is_described_by_what_may_be_used() -> None:
    """Cores, threads, processor and memory, once although thirteen records name it."""
    said = answer(sample.view(), "What you have")
    assert said == "2 cores (4 threads) of an AMD EPYC 7B13, with 16.0 GiB of memory, a kvm guest."


def test_accelerators_come_before_the_processor() -> None:
    """Eight cards of a kind are counted."""
    view = sample.view(records=[factories.gpu_record(count=8)], figures=())
    said = answer(view, "What you have")
    assert said.startswith("8 \N{MULTIPLICATION SIGN} NVIDIA A100-SXM4-80GB on 2 cores")


def test_a_container_s_memory_limit_is_the_memory() -> None:
    """The host's 16 GiB are not ours."""
    memory = factories.system().memory.model_copy(update={"limit_bytes": 4 * factories.GIB})
    record = factories.record(system=factories.system(memory=memory))
    assert "4.00 GiB" in answer(sample.view(records=[record], figures=()), "What you have")


def test_the_first_choice_is_named_with_price_and_place() -> None:
    """$0.8048 an hour at 321 images/s is $0.696 per million."""
    said = answer(sample.view(), "What to do")
    offer = "1 \N{MULTIPLICATION SIGN} g6.xlarge (aws us-east-1, on demand)"
    assert f"For resnet50-train rent {offer}: $0.805 per hour" in said
    assert "$0.696 per million images (predicted, ±30 %)." in said


def test_the_runner_up_and_its_distance_are_named() -> None:
    """0.7068/266 over 0.8048/321 is 1.060."""
    assert "Next for resnet50-train: g2-standard-4, 6.0 % dearer" in answer(
        sample.view(), "What to do"
    )


def test_a_predicted_first_choice_is_said_to_be_predicted() -> None:
    """Nobody may take it for a measurement."""
    said = answer(sample.view(), "How sure we are")
    assert "carry warnings, listed under Method; what to rent rests on a prediction." in said
    assert "4 rest on a measurement and 10 on a prediction" in said


def test_what_flips_the_answer_is_named_with_its_value() -> None:
    """Two bars of the tornado cross zero; one says where."""
    said = answer(sample.view(), "What would change the answer")
    assert "server price at 341,000 USD; life." in said
    assert "electricity" not in said


@pytest.mark.parametrize("effort", ["quick", "standard"])
def test_a_quick_result_is_indicative(effort: str) -> None:
    """The word stands on the page, and only then."""
    records = [sample.measured("resnet50-train", 4.02, effort=effort)]
    view = build(
        records, figures=[sample.figure(records[0], 4.02)], generated_on=sample.GENERATED_ON
    )
    assert view.indicative == (effort == "quick")
    assert ("Indicative only" in answer(view, "How sure we are")) == (effort == "quick")


def test_an_indicative_recommendation_is_said_to_be() -> None:
    """Even when the records at hand are not quick ones."""
    assert sample.view(recommendations=(sample.recommendation(indicative=True),)).indicative


def test_an_invalid_measurement_is_no_headline() -> None:
    """However fast it claims to be."""
    records = sample.records()
    invalid = {
        "validity": "invalid",
        "caveats": (factories.caveat("invalid"),),
    }
    claims = [sample.figure(records[0], 999.0, **invalid), *sample.figures(records)[1:]]
    view = build(records, figures=claims, generated_on=sample.GENERATED_ON)
    assert "3.61 images/s" in answer(view, "What it delivers")
    assert "999" not in answer(view, "What it delivers")


def test_without_a_valid_measurement_nothing_is_claimed() -> None:
    """Failures alone make a report that says so."""
    failed = factories.record(failure=factories.out_of_memory())
    view = build([failed], figures=[derive.figures([failed])], generated_on=sample.GENERATED_ON)
    assert answer(view, "What it delivers") == "No measurement here can be relied on."
    assert answer(view, "How sure we are").startswith("Not at all")
    assert any(table.caption == "Settings that gave no number" for table in tables(view))


def test_missing_parts_say_what_to_run() -> None:
    """A report of measurements alone names the two other commands."""
    view = sample.view(recommendations=(), tco=None)
    assert "benchbench recommend" in prose(view)
    assert "benchbench tco" in prose(view)
    assert answer(view, "What to do").startswith("Nothing has been compared yet.")


def test_no_measurement_says_what_to_run() -> None:
    """A recommendation from a colleague's records may come without them."""
    assert "benchbench run" in prose(build([], figures=[], generated_on=sample.GENERATED_ON))


def test_no_candidate_gives_the_binding_limit() -> None:
    """The smallest change that would admit one is the advice."""
    binding = "No offer finishes within 2 h; 3.1 h would admit p5.4xlarge."
    view = sample.view(recommendations=(sample.recommendation(candidates=(), binding=binding),))
    assert answer(view, "What to do").startswith(f"For resnet50-train nothing fits: {binding}")
    assert binding in prose(view)


def test_the_embedded_data_give_the_same_page() -> None:
    """Every headline can be recomputed from what the file carries."""
    view = sample.view()
    again = build(**read_back(view.data), title=view.title, generated_on=sample.GENERATED_ON)
    assert again.answers == view.answers
    assert again.data == view.data


def test_unknown_is_a_dash() -> None:
    """A machine without ceilings and datasheet has no shares, and no zeros instead."""
    record = factories.record()
    view = build([record], figures=[derive.figures([record])], generated_on=sample.GENERATED_ON)
    (table,) = [one for one in tables(view) if one.caption == "Utilisation of every configuration"]
    assert [cell.text for cell in table.rows[0].cells[1:]] == ["—", "—", "243 GFLOP/s"] + ["—"] * 3


def test_percentiles_without_enough_queries_are_withheld() -> None:
    """The count it has and the count it needs stand in its place."""
    (table,) = [one for one in tables(sample.view()) if one.caption.startswith("Latency")]
    late = table.rows[1].cells[2]
    assert (late.text, late.detail) == ("—", "180 of the 662 queries it needs")


def test_old_prices_are_flagged_by_age() -> None:
    """2025-06-01 to 2026-01-15 are 228 days, beyond 180."""
    (table,) = [one for one in tables(sample.view()) if one.caption.startswith("What stands")]
    details = {row.cells[0].text: row.cells[1].detail for row in table.rows}
    assert details["Standard_D4as_v5"] == "sample, 228 days old"
    assert details["c6a.xlarge"] == "sample"


def test_a_catalogue_s_rejections_are_counted_and_some_are_shown() -> None:
    """Three thousand rows would make the file too large to mail."""
    rejected = tuple(
        Rejected(
            key=f"aws/r/{index}/on_demand",
            provider="aws",
            region="r",
            instance=str(index),
            price_kind="on_demand",
            code="memory" if index % 3 else "price",
            because="too small",
        )
        for index in range(3000)
    )
    view = sample.view(recommendations=(sample.recommendation(rejected=rejected),))
    data = json.loads(view.data)["recommendations"][0]
    assert data["rejected_by_reason"] == {"memory": 2000, "price": 1000}
    assert len(data["rejected"]) == 50
    assert any("2,950 more" in table.caption for table in tables(view))


def test_monthly_payments_accumulate() -> None:
    """$25,240 a month from month 1: $908,640 after 36."""
    (table,) = [one for one in tables(sample.view()) if one.caption == "Paid since the start"]
    assert [cell.text for cell in table.rows[0].cells[:2]] == ["0", "$0.00"]
    assert [cell.text for cell in table.rows[-1].cells[:2]] == ["36", "$908,640"]


def test_doubts_are_sorted_worst_first() -> None:
    """A reader who stops early has read what matters."""
    (notes,) = sample.view().sections[-1].parts[0].blocks
    assert isinstance(notes, Notes)
    severities = [note.severity for note in notes.items]
    assert severities == ["warning", "warning", "note"]


def test_two_runs_of_one_setting_keep_their_own_samples() -> None:
    """The second figure's distribution comes from the second run's records."""
    early = sample.measured("resnet50-train", 4.0)
    later = early.provenance.model_copy(update={"session": "another"})
    late = sample.measured("resnet50-train", 8.0, repeat=1, provenance=later)
    figures = [derive.figures([early]), derive.figures([late])]
    view = build([early, late], figures=figures, generated_on=sample.GENERATED_ON)
    plots = [block for part in view.sections[0].parts for block in part.blocks]
    (plot,) = [one for one in plots if isinstance(one, Plot) and one.key == "chart-durations"]
    assert isinstance(plot.drawing, Spreads)
    (row,) = plot.drawing.rows
    assert late.measurement is not None
    assert row.samples == late.measurement.step_s


def test_each_workload_has_its_own_ranking() -> None:
    """Two recommendations: two sentences, two charts, no shared name."""
    other = sample.recommendation()
    other = other.model_copy(
        update={"goal": other.goal.model_copy(update={"workload": "bert-large-infer"})}
    )
    view = sample.view(recommendations=(sample.recommendation(), other))
    said = answer(view, "What to do")
    assert "For resnet50-train rent" in said
    assert "For bert-large-infer rent" in said
    parts = [part for section in view.sections for part in section.parts]
    plots = [block.key for part in parts for block in part.blocks if isinstance(block, Plot)]
    assert len({part.key for part in parts}) == len(parts)
    assert len(set(plots)) == len(plots) == 9


def test_a_saving_and_a_loss_are_told_by_words() -> None:
    """No minus sign has to be read: $71,000 more at worst, $287,000 less at best."""
    said = answer(sample.view(), "How sure we are")
    assert (
        "costs $118,000 less; in nine draws of ten between $71,000 more and $287,000 less" in said
    )


def test_the_largest_components_are_apart_and_nothing_is_lost() -> None:
    """Nine: the receipt and four by name, the other costs together, the total unchanged."""
    names = [str(index) for index in range(9)]
    drawn = stacks(names, [("own", (90.0, 1.0, 80.0, 2.0, 70.0, -3.0, 60.0, 4.0, 50.0))])
    assert drawn.components == ("0", "2", "4", "5", "6", "all else")
    assert drawn.bars == (("own", (90.0, 80.0, 70.0, -3.0, 60.0, 57.0)),)


def test_few_components_are_all_by_name() -> None:
    """Five need no remainder."""
    assert stacks(["a", "b"], [("own", (1.0, 2.0))]).components == ("a", "b")
