"""The search on landscapes whose summit is known."""

import math
from collections.abc import Callable

import pytest

from benchbench.measure.search import Search, Space
from benchbench.workload import Setting

RAISED, JEMALLOC = {"MALLOC_TRIM_THRESHOLD_": "1"}, {"LD_PRELOAD": "libjemalloc.so.2"}
SPACE = Space(
    backends=("torch-eager", "torch-compile", "openvino"),
    precisions=("bf16",),
    grows=True,
    tunable={"channels_last": (False,)},
    threads=(4,),
    allocators=(RAISED, JEMALLOC),
    affinities=({"OMP_PROC_BIND": "close"},),
)
GRID = 3 * 2 * 7 * 2 * 2 * 3 * 2
Landscape = Callable[[Setting], float | None]


def follow(landscape: Landscape, default: Setting | None = None, space: Space = SPACE) -> Search:
    """The whole search."""
    search = Search(default or Setting(batch_size=8), space)
    trials = search.trials()
    rate: float | None = None
    try:
        setting = next(trials)
        while True:
            rate = landscape(setting)
            setting = trials.send(rate)
    except StopIteration:
        return search


def separable(setting: Setting) -> float:
    """Each choice multiplies: the summit is openvino, bf16, 32, jemalloc, 4 threads, pinned."""
    factors = (
        {"torch-eager": 1.0, "torch-compile": 1.5, "openvino": 2.0}[setting.backend],
        2.0 if setting.precision == "bf16" else 1.0,
        math.exp(-abs(math.log2(setting.batch_size / 32)) / 4),
        1.1 if setting.parameters.get("channels_last", True) else 1.0,
        1.2 if setting.threads == 4 else 1.0,
        1.3 if "LD_PRELOAD" in setting.environment else 1.0,
        1.1 if "OMP_PROC_BIND" in setting.environment else 1.0,
    )
    return 10 * math.prod(factors)


def test_choices_that_multiply_are_all_found() -> None:
    """The summit of 1,008 configurations in a fiftieth of the trials."""
    search = follow(separable)
    assert search.best == Setting(
        backend="openvino",
        precision="bf16",
        batch_size=32,
        threads=4,
        environment={**JEMALLOC, "OMP_PROC_BIND": "close"},
    )
    assert len(search.settings) <= GRID / 40


def test_nothing_is_tried_twice_and_the_default_first() -> None:
    """Each configuration once, however many rounds would lead to it."""
    asked: list[Setting] = []

    def landscape(setting: Setting) -> float:
        assert setting not in asked
        asked.append(setting)
        return separable(setting)

    follow(landscape)
    assert asked[0] == Setting(batch_size=8)


def test_a_backend_that_wins_only_in_bf16_is_found() -> None:
    """Slower by a tenth in fp32, it stays in the race and wins."""

    def landscape(setting: Setting) -> float:
        fp32, bf16 = {"torch-eager": (1.0, 1.1), "torch-compile": (0.9, 3.0)}.get(
            setting.backend, (0.5, 0.5)
        )
        return bf16 if setting.precision == "bf16" else fp32

    best = follow(landscape).best
    assert (best.backend, best.precision) == ("torch-compile", "bf16")


def test_noise_is_no_reason_for_a_change() -> None:
    """Where nothing differs by more than a percent, the default stays."""
    rates = iter([1.0, *(1.01, 0.99, 1.005, 1.015) * 10])
    assert follow(lambda _setting: next(rates)).best == Setting(batch_size=8)


def test_what_fails_is_passed_over() -> None:
    """Only eager in fp32 up to a batch of 16 runs at all; the rest of the search goes on."""

    def landscape(setting: Setting) -> float | None:
        runs = setting.backend == "torch-eager" and setting.precision == "fp32"
        return separable(setting) if runs and setting.batch_size <= 16 else None

    search = follow(landscape)
    assert (search.best.backend, search.best.batch_size, search.best.threads) == (
        "torch-eager",
        16,
        4,
    )
    assert None in search.rates.values()


def test_a_default_that_fails_loses_to_anything() -> None:
    """A batch too large for the memory: the search still ends with what runs."""
    best = follow(lambda s: None if s.backend == "torch-eager" else separable(s)).best
    assert best.backend == "openvino"


def test_nothing_that_runs_leaves_the_default() -> None:
    """And no batch is tried around a failure."""
    search = follow(lambda _setting: None)
    assert search.best == search.default
    assert {one.batch_size for one in search.settings.values()} == {8}


@pytest.mark.parametrize(
    ("summit", "tried"), [(2, {16, 4, 2, 1}), (8, {16, 4}), (32, {16, 32, 64})]
)
def test_the_batch_is_doubled_or_halved_while_that_gains(summit: int, tried: set[int]) -> None:
    """One step beyond the summit either way, and no further."""
    space = Space(grows=True)
    search = follow(lambda one: math.exp(-abs(math.log2(one.batch_size / summit)) / 4), space=space)
    assert search.best.batch_size == summit
    assert {one.batch_size for one in search.settings.values()} == tried | {8}


def test_what_the_user_chose_is_left_alone() -> None:
    """An empty space tries the default alone."""
    search = follow(separable, space=Space())
    assert list(search.settings.values()) == [search.default]
