"""What the report says, in words and numbers, before it has a form."""

import json
from typing import Any

import pytest

from benchbench import derive
from benchbench.derive import Figures
from benchbench.recommend import Recommendation, Rejected
from benchbench.record import Caveat, Record
from benchbench.report import embedded, machine
from benchbench.report.blocks import Lines, Note, Notes, Plot, Prose, Spreads, Stack, Stacks, Table
from benchbench.report.evidence import Measured
from benchbench.report.spending import stacks
from benchbench.report.sureness import spread
from benchbench.report.view import View, build
from benchbench.tco.answer import TcoAnswer
from tests import factories
from tests.report import sample


def read_back(data: str) -> dict[str, Any]:
    """The embedded data as the models it was written from."""
    document = json.loads(data)
    chosen = document["recommendations"]
    return {
        "records": [
            Record.model_validate_json(json.dumps(one)) for one in embedded.whole(document)
        ],
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
    assert f"For resnet50-train try first {offer}: $0.805 per hour" in said
    assert "$0.696 per million images (predicted, 0.78–1.4×)." in said


def test_only_a_measured_offer_is_to_be_rented() -> None:
    """A prediction says where to measure; a measurement says what to rent."""
    recommendation = sample.recommendation()
    assert recommendation.candidates[0].basis == "predicted"
    measured = recommendation.candidates[0].model_copy(update={"basis": "measured"})
    changed = recommendation.model_copy(update={"candidates": (measured,)})
    assert "For resnet50-train rent 1" in answer(
        sample.view(recommendations=[changed]), "What to do"
    )


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
    assert "the server price at $341,000; the life." in said
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
    (row,) = table.rows
    assert [column.label for column in table.columns[3:]] == ["p90", "p99"]
    assert (row.cells[3].text, row.cells[3].basis) == ("2.04 s", "measured")
    late = row.cells[4]
    assert (late.text, late.detail) == ("—", "180 of the 662 queries it needs")


def test_old_prices_are_flagged_by_age() -> None:
    """2025-06-01 to 2026-01-15 are 228 days, beyond 180."""
    (table,) = [one for one in tables(sample.view()) if one.caption.startswith("What stands")]
    details = {row.cells[0].text: row.cells[1].detail for row in table.rows}
    assert details["Standard_D4as_v5"] == "sample, 228 days old"
    assert details["c6a.xlarge"] == "sample"


def test_a_catalogue_s_rejections_are_counted_some_shown_and_all_carried() -> None:
    """Three thousand rows would make the page too long to read; its data holds them."""
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
    reasons = sample.tally((one.code, one.instance, one.because) for one in rejected)
    one = sample.recommendation(rejected=rejected, reasons=reasons)
    view = sample.view(recommendations=(one,))
    data = json.loads(view.data)["recommendations"][0]
    assert {each["code"]: each["offers"] for each in data["reasons"]} == {
        "memory": 2000,
        "price": 1000,
    }
    assert len(data["rejected"]) == 3000
    said = "2,950 more are in the data of this file"
    assert any(said in table.caption for table in tables(view))


def test_a_list_cut_short_points_to_the_command() -> None:
    """Of half a million rejected offers the page's data holds the first of each reason."""
    base = sample.recommendation()
    reasons = tuple(one.model_copy(update={"offers": 1000}) for one in base.reasons)
    view = sample.view(recommendations=(base.model_copy(update={"reasons": reasons}),))
    said = "more are in the output of benchbench recommend --json"
    assert any(said in table.caption for table in tables(view))


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


def _doubts(**changes: Any) -> tuple[Note, ...]:
    (notes,) = sample.view(**changes).sections[-1].parts[0].blocks
    assert isinstance(notes, Notes)
    return notes.items


def _doubting(message: str, remedy: str = "Wait.", code: str = "noisy") -> dict[str, Any]:
    doubt = Caveat(code=code, severity="warning", message=message, remedy=remedy)
    return {"caveats": (doubt,)}


def test_the_same_doubt_of_two_settings_is_told_once() -> None:
    """With both subjects; its remedy stands once."""
    records = sample.records()
    same = [sample.figure(records[at], 4.0, **_doubting("It is loud.")) for at in (0, 3)]
    (first,) = [note for note in _doubts(figures=same) if note.remedy == "Wait."]
    where = (
        "resnet50-train, torch-eager, fp32, batch 8; resnet50-train, torch-eager, fp32, batch 32"
    )
    assert first.raised == (("It is loud.", where),)


def test_doubts_that_differ_in_a_figure_share_a_remedy() -> None:
    """Each figure with its subject."""
    records = sample.records()
    said = ("known to 5 %", "known to 8 %")
    figures = [
        sample.figure(records[at], 4.0, **_doubting(message))
        for at, message in zip((0, 3), said, strict=True)
    ]
    (first,) = [note for note in _doubts(figures=figures) if note.remedy == "Wait."]
    assert tuple(message for message, _ in first.raised) == said
    assert [where.rpartition(" ")[2] for _, where in first.raised] == ["8", "32"]


def test_forty_doubts_are_a_few_lines() -> None:
    """Three by name, the rest by number, nothing forgotten."""
    records = [sample.measured("resnet50-train", 4.0, batch=batch) for batch in range(1, 41)]
    alike = [sample.figure(one, 4.0, **_doubting("It is loud.")) for one in records]
    (told,) = [note for note in _doubts(records=records, figures=alike) if note.remedy == "Wait."]
    assert told.raised[0][1].endswith("batch 3; 37 more")
    unlike = [
        sample.figure(one, 4.0, **_doubting(f"known to {at} %")) for at, one in enumerate(records)
    ]
    (told,) = [note for note in _doubts(records=records, figures=unlike) if note.remedy == "Wait."]
    assert len(told.raised) == 4
    assert told.raised[3][0] == "likewise"
    assert told.raised[3][1].endswith("batch 6; 34 more")


def test_unlike_doubts_stay_apart() -> None:
    """Another remedy, another code: another doubt."""
    figure = sample.figure(sample.records()[0], 4.0)
    doubts = [
        *_doubting("It is loud.")["caveats"],
        *_doubting("It is loud.", remedy="Leave.")["caveats"],
        *_doubting("It is hot.", code="hot")["caveats"],
    ]
    found = _doubts(
        figures=[figure.model_copy(update={"caveats": tuple(doubts)})], recommendations=()
    )
    assert [note.raised[0][0] for note in found] == ["It is loud.", "It is loud.", "It is hot."]


def test_a_doubt_about_two_rankings_names_both() -> None:
    """Offers for one and the other."""
    other = _ranking_of("bert-large-infer")
    found = _doubts(recommendations=(sample.recommendation(), other))
    (stale,) = [note for note in found if note.remedy.startswith("Run benchbench catalog")]
    assert stale.raised[0][1] == "offers for resnet50-train; bert-large-infer"


def _ranking_of(workload: str, **changes: Any) -> Recommendation:
    one = sample.recommendation(**changes)
    return one.model_copy(update={"goal": one.goal.model_copy(update={"workload": workload})})


def test_rankings_of_one_catalogue_count_its_offers_once() -> None:
    """14 ranked and 8 rejected, twice, are 22 offers."""
    both = (sample.recommendation(), _ranking_of("bert-large-infer"))
    lede = sample.view(recommendations=both).sections[1].lede
    assert lede.startswith("2 rankings of the same 22 offers: ")
    assert sample.view().sections[1].lede.startswith("1 ranking of 22 offers: ")


def test_rankings_of_unlike_offers_say_all() -> None:
    """The second has not seen the 8 that the first rejected: 22 in all."""
    both = (sample.recommendation(), _ranking_of("bert-large-infer", rejected=()))
    lede = sample.view(recommendations=both).sections[1].lede
    assert lede.startswith("2 rankings of 22 offers in all: ")


def _rows(view: View, caption: str) -> list[str]:
    (table,) = [one for one in tables(view) if one.caption.startswith(caption)]
    return [row.cells[1].text for row in table.rows]


def test_a_long_ranking_is_folded_but_for_the_best_and_the_unbeaten() -> None:
    """Of 40 offers 1 to 12 and the unbeaten 33rd are at sight; the other 27 are a click away."""
    one = sample.recommendation().candidates[0]
    forty = tuple(
        one.model_copy(update={"rank": rank, "pareto": rank in {1, 33}}) for rank in range(1, 41)
    )
    view = sample.view(recommendations=(sample.recommendation(candidates=forty),))
    assert _rows(view, "Offers that meet the goal. ") == [*map(str, range(1, 13)), "33"]
    assert len(_rows(view, "Offers that meet the goal, ")) == 27
    (more,) = [one for one in tables(view) if one.folded == "Show 27 more"]
    assert more.off_paper == "27 more ranked offers: in the file, not on paper."
    assert sum(table.list_key == more.list_key for table in tables(view)) == 2


def test_a_short_ranking_is_not_folded() -> None:
    """Twelve are in sight."""
    twelve = sample.recommendation().candidates[:12]
    view = sample.view(recommendations=(sample.recommendation(candidates=twelve),))
    assert not [table for table in tables(view) if table.list_key]


def test_offers_that_do_the_job_are_not_among_the_failures() -> None:
    """A dearer offer and another region of the same instance meet the goal."""
    base = sample.recommendation().rejected
    codes = ("ranked_lower", "same_instance", "memory")
    rejected = tuple(
        one.model_copy(update={"code": code}) for one, code in zip(base, codes, strict=False)
    )
    reasons = sample.tally((one.code, one.instance, one.because) for one in rejected)
    chosen = sample.recommendation(rejected=rejected, reasons=reasons)
    view = sample.view(recommendations=(chosen,))
    parts = {part.title: part for part in view.sections[1].parts}
    dearer = parts["Not ranked: does the job, at a worse price (resnet50-train)"]
    unfit = parts["Does not meet the goal: resnet50-train"]
    for part, expected in ((dearer, {"t3.medium", "t3.large"}), (unfit, {"m7g.large"})):
        listed = part.blocks[-1]
        assert isinstance(listed, Table)
        assert {row.cells[0].text for row in listed.rows} == expected


def test_no_dearer_offer_needs_no_heading() -> None:
    """The sample's rejected offers all fail."""
    assert not [part for part in sample.view().sections[1].parts if "worse price" in part.title]


def test_ties_are_one_sentence_that_says_what_to_measure() -> None:
    """Two tie with the first in each ranking."""
    said = answer(sample.view(), "What would change the answer")
    told = "2 other offers for resnet50-train are within the interval of the first: measure on one"
    assert f"{told} of them to decide." in said
    both = (sample.recommendation(), _ranking_of("bert-large-infer"))
    said = answer(sample.view(recommendations=both), "What would change the answer")
    assert "2 other offers for resnet50-train and 2 other offers for bert-large-infer are" in said


def test_a_single_tie_is_singular() -> None:
    """One offer is within the interval."""
    two = sample.recommendation().candidates[:2]
    view = sample.view(recommendations=(sample.recommendation(candidates=two),))
    said = answer(view, "What would change the answer")
    assert (
        "1 other offer for resnet50-train is within the interval of the first: measure on it"
        in said
    )


def test_an_indicative_result_names_the_command() -> None:
    """The first screen says what to type, not what to leave out."""
    records = [sample.measured("resnet50-train", 4.02, effort="quick")]
    figures = [sample.figure(records[0], 4.02)]
    view = build(records, figures=figures, generated_on=sample.GENERATED_ON)
    assert "benchbench run --standard" in answer(view, "How sure we are")


@pytest.mark.parametrize("word", ["No latency percentiles", "Not measured: no energy counter"])
def test_what_was_not_measured_takes_one_line(word: str) -> None:
    """With its reason, and short enough for a line of the page."""
    record = factories.record()
    view = build([record], figures=[derive.figures([record])], generated_on=sample.GENERATED_ON)
    (line,) = [one for one in prose(view).splitlines() if one.startswith(word)]
    assert len(line) <= 100


def test_an_alternative_has_one_key_in_every_chart() -> None:
    """Its name, so that colour and dashes follow it from chart to chart."""
    view = sample.view()
    blocks = [block for part in view.sections[2].parts for block in part.blocks]
    drawings = {block.key: block.drawing for block in blocks if isinstance(block, Plot)}
    cash, curve = drawings["chart-cash"], drawings["chart-utilisation-cost"]
    bars = drawings["chart-breakdown"]
    assert isinstance(cash, Lines)
    assert isinstance(curve, Lines)
    assert isinstance(bars, Stacks)
    named = {(line.key, line.label) for line in (*cash.lines, *curve.lines)}
    assert named == {(bar.key, bar.label) for bar in bars.bars}
    assert {line.key for line in curve.lines} == {"on_demand", "committed", "owned"}


def test_inputs_are_shown_by_name_with_their_key() -> None:
    """The name for the reader, the key for the engineer, the value where it turns with its unit."""
    (bars,) = [one for one in tables(sample.view()) if one.caption == "Saving by owning"]
    first = bars.rows[0].cells
    assert (first[0].text, first[0].detail) == ("server price", "server_price_usd")
    assert first[3].text == "$341,000"
    (inputs,) = [one for one in tables(sample.view()) if one.caption == "Inputs of the comparison"]
    assert inputs.rows[1].cells[0].detail == "electricity_usd_per_kwh"
    assert inputs.rows[1].cells[1].text == "$0.110 per kWh"
    assert inputs.rows[1].cells[2].text == "$0.0700 to $0.190 per kWh"


@pytest.mark.parametrize(
    ("low", "high", "unit", "said"),
    [
        (0.02, 0.1, "fraction/year", "2.0 to 10 % per year"),
        (0.25, 1.0, "FTE", "0.25 people to 1 person"),
        (1.0, 1.0, "ratio", "1"),
        (3.0, 5.0, "years", "3 to 5 years"),
    ],
)
def test_a_range_says_its_unit_once(low: float, high: float, unit: str, said: str) -> None:
    """After the second number, where both have it."""
    one = sample.tco().assumptions[0]
    changed = one.model_copy(update={"low": low, "high": high, "unit": unit})
    assert spread(changed) == said


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
    assert "For resnet50-train try first" in said
    assert "For bert-large-infer try first" in said
    parts = [part for section in view.sections for part in section.parts]
    plots = [block.key for part in parts for block in part.blocks if isinstance(block, Plot)]
    assert len({part.key for part in parts}) == len(parts)
    assert len(set(plots)) == len(plots) == 11


def test_a_saving_and_a_loss_are_told_by_words() -> None:
    """No minus sign has to be read: $71,000 more at worst, $287,000 less at best."""
    said = answer(sample.view(), "How sure we are")
    assert (
        "costs $118,000 less; in nine draws of ten between $71,000 more and $287,000 less" in said
    )


def test_the_largest_components_are_apart_and_nothing_is_lost() -> None:
    """Nine: the receipt and four by name, the other costs together, the total unchanged."""
    names = [str(index) for index in range(9)]
    drawn = stacks(names, [Stack("own", (90.0, 1.0, 80.0, 2.0, 70.0, -3.0, 60.0, 4.0, 50.0))])
    assert drawn.components == ("0", "2", "4", "5", "6", "all else")
    assert drawn.bars == (Stack("own", (90.0, 80.0, 70.0, -3.0, 60.0, 57.0)),)


def test_few_components_are_all_by_name() -> None:
    """Five need no remainder."""
    assert stacks(["a", "b"], [Stack("own", (1.0, 2.0))]).components == ("a", "b")


def test_what_the_datasheet_figure_assumes_is_said_once() -> None:
    """Two workloads on one device: one sentence."""
    assumed = [
        one.model_copy(update={"datasheet_because": "2 cores at an assumed 3.3 GHz"})
        for one in sample.figures(sample.records())
    ]
    said = str(sample.view(figures=assumed).sections)
    assert said.count("The datasheet's figure: 2 cores at an assumed 3.3 GHz.") == 1


def test_the_machines_ceilings_are_listed_with_place_and_path() -> None:
    """A cache's level, a latency as a time, the clock of the loop of multiply-adds."""
    loop = {"clock_hz": 3.24e9, "fma_ports": 2.0}
    ceilings = (
        factories.ceiling(1.03e11, kind="fma", threads=1, setting=loop),
        factories.bandwidth_ceiling(9.6e-8, kind="load_latency", unit="s", setting={"level": "L3"}),
    )
    seen = Measured((factories.record(ceilings=ceilings),), ())
    *_, listed = machine.parts(seen)[0].blocks
    assert isinstance(listed, Table)
    cells = [[(cell.text, cell.detail) for cell in row.cells] for row in listed.rows]
    assert cells == [
        [
            ("fma fp32", "cpu, 1 thread"),
            ("103 GFLOP/s", "±1.0 %"),
            ("fake, 3.24 GHz, 2.0 a cycle", ""),
        ],
        [("load latency L3", "cpu"), ("96.0 ns", "±1.0 %"), ("fake", "")],
    ]


def test_of_many_workloads_the_first_screen_names_three() -> None:
    """Five configurations at one best offer: one sentence each, and where the others are."""
    names = ("resnet50-infer", "llm-train", "dlrm-train", "whisper-infer", "retinanet-infer")
    records = [factories.record(workload=name) for name in names]
    goals = [sample.recommendation().goal.model_copy(update={"workload": name}) for name in names]
    rankings = [sample.recommendation().model_copy(update={"goal": goal}) for goal in goals]
    figures = [derive.figures([record]) for record in records]
    view = sample.view(records=records, figures=figures, recommendations=rankings)
    delivers = answer(view, "What it delivers").splitlines()[0]
    assert delivers.endswith("and 2 more figures.")
    do = answer(view, "What to do").splitlines()
    assert do[0].startswith("For resnet50-infer, llm-train, dlrm-train and 2 more workloads try")
    assert not [line for line in do[1:] if line.startswith(("For ", "Next for "))]
    assert "and 2 more workloads are within" in answer(view, "What would change the answer")
