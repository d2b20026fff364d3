"""How long a training takes: measured to a target, or estimated from a rate."""

from collections.abc import Iterator

from benchbench import units
from benchbench.derive import Figures
from benchbench.record import Convergence
from benchbench.report import evidence
from benchbench.report.blocks import Column, Part, Prose, Row, Table, plain, quantity, words

_ESTIMATED = (
    "An estimate is the measured rate times the samples that published trainings needed: their "
    "hyperparameters, evaluations left out. Measure it: benchbench run --to-target"
)


def parts(seen: evidence.Measured) -> tuple[Part, ...]:
    """Nothing where nothing is known of a whole training."""
    estimated = list(_estimated(seen))
    rows = [*_measured(seen), *estimated]
    if not rows:
        return ()
    columns = (Column("Workload"), Column("To"), Column("Time", numeric=True), Column("Known by"))
    table = Table("Time to train: measured and estimated", columns, tuple(rows))
    curves = [_curve(seen.name(one), run) for one in seen.figures for run in one.convergence]
    accuracies = Table(
        "Accuracy after each evaluation",
        (Column("Training"), Column("Target", numeric=True), Column("Evaluations")),
        tuple(curves),
        folded="Show the accuracies of each training",
    )
    said = (Prose((_ESTIMATED,)),) if estimated else ()
    blocks = (*said, table, *((accuracies,) if curves else ()))
    return (Part("training", "Time to train", blocks),)


def _measured(seen: evidence.Measured) -> Iterator[Row]:
    for one in seen.figures:
        if one.convergence:
            first = one.convergence[0]
            yield Row(
                (
                    words(seen.name(one), evidence.setting(one)),
                    words(target(first)),
                    quantity(one.time_to_train, units.duration),
                    words("measured", _runs(one)),
                ),
            )


def _estimated(seen: evidence.Measured) -> Iterator[Row]:
    for one in seen.best:
        found = one.estimated_training
        if found is not None:
            yield Row(
                (
                    words(seen.name(one), evidence.setting(one)),
                    words(found.target),
                    quantity(found.seconds, units.duration),
                    words("estimated", found.because),
                ),
            )


def _curve(name: str, run: Convergence) -> Row:
    when = (f"{units.accuracy(e.accuracy)} ({units.duration(e.time_s)})" for e in run.evaluations)
    return Row((words(name), plain(run.target, units.accuracy), words(", ".join(when))))


def target(run: Convergence) -> str:
    """`95 % top-1 accuracy`."""
    return f"{units.accuracy(run.target)} {run.quality}"


def _runs(one: Figures) -> str:
    reached = sum(run.reached_s is not None for run in one.convergence)
    return f"{units.count(reached)} of {units.counted(len(one.convergence), 'run')} reached it"
