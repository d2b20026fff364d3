"""Names that try to become something else: markup, script, formulas, terminal escapes."""

from functools import cache

from benchbench.report.page import render
from benchbench.report.view import View
from tests.report import sample

MARKUP = "</title></script></style><script>window.broken = true</script><img src=x onerror=boom()>"
MATHS = r"$\frac{1}{0}$ costs $5 ]]> --> {{ 7 * 7 }} {% boom %}"
INVISIBLE = "\x1b[31mred\u202egnp.exe\u200b\x00"
NAME = f"{MARKUP} {MATHS} {INVISIBLE} \u4e2d\u6587 \" ' &amp;"


def view() -> View:
    """A report in which everything a user can name is hostile."""
    records = [
        record.model_copy(update={"workload": NAME, "backend": NAME})
        for record in sample.records()[:6]
    ]
    figures = [sample.figure(records[0], 4.02), sample.figure(records[3], 3.61)]
    recommendation = sample.recommendation()
    first = recommendation.candidates[0]
    offer = first.offer.model_copy(update={"instance": NAME, "provider": NAME})
    candidate = first.model_copy(update={"offer": offer, "because": NAME})
    answer = sample.tco()
    alternatives = tuple(
        one.model_copy(
            update={
                "label": f"{one.label} {NAME}",
                "months": {f"{name} {NAME}": amounts for name, amounts in one.months.items()},
            }
        )
        for one in answer.alternatives
    )
    return sample.view(
        title=NAME,
        records=records,
        recommendations=(
            recommendation.model_copy(
                update={"candidates": (candidate, *recommendation.candidates[1:])}
            ),
        ),
        figures=figures,
        tco=answer.model_copy(update={"alternatives": alternatives}),
    )


@cache
def page() -> str:
    """The page of `view()`; rendered once."""
    return render(view())
