"""Real worker processes that succeed, crash, hang and are killed; none is ever left behind."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchbench.measure.message import Progress, WorkloadResult
from benchbench.measure.process import Ended, run_worker
from tests.measure.fakes_workload import asking, dies, lives, noted, write_workload

NOTE_PID = "(HERE / 'pid').write_text(f'{os.getpid()}\\n')"
NOTE_CHILD = (
    "child = subprocess.Popen(['sleep', '600']); (HERE / 'child').write_text(f'{child.pid}\\n')"
)
RUNNER = """
import sys
from pathlib import Path
from benchbench.measure.process import run_worker
from tests.measure.fakes_workload import asking
run_worker(asking(Path(sys.argv[1])), timeout_s=600, on_progress=print)
"""


def ignore(_progress: Progress) -> None:
    """Nobody watches."""


def ended(file: Path, *, timeout_s: float = 60.0) -> Ended:
    """How a worker on this file ends."""
    return run_worker(asking(file), timeout_s=timeout_s, on_progress=ignore, grace_s=0.2)


def test_a_worker_measures_and_tells_how_it_goes(tmp_path: Path) -> None:
    """Phases in order, a result with its work and doubts; no trace of the process afterwards."""
    phases: list[str] = []
    file = write_workload(tmp_path, load=NOTE_PID)
    done = run_worker(
        asking(file), timeout_s=60, on_progress=lambda progress: phases.append(progress.phase)
    )
    assert done.failure is None
    assert isinstance(done.result, WorkloadResult)
    measured = done.result.measurement
    assert measured.units_completed == 4.0 * len(measured.step_s)
    assert min(measured.step_s) >= 0.002
    assert sum(measured.step_s) == pytest.approx(measured.elapsed_s, rel=0.05)
    assert measured.peak_memory_bytes is not None
    assert done.result.work.flops_per_unit == 1e6
    assert "indicative" in {caveat.code for caveat in done.result.caveats}
    assert list(dict.fromkeys(phases)) == ["load", "warm-up", "measure", "check"]
    assert dies(noted(tmp_path / "pid"))


def test_a_worker_is_alone_with_its_workload(tmp_path: Path) -> None:
    """Its own group, prints on stderr, an empty stdin; nothing of ours imports torch."""
    load = (
        "print('{\"result\": null}'); os.write(1, b'from C'); "
        "parameters.update(stdin=os.read(0, 9).decode(), torch='torch' in sys.modules, "
        "here='' in sys.path, group=os.getpgid(0) == os.getpid(), "
        "omp=os.environ['OMP_NUM_THREADS'], path='PATH' in os.environ)"
    )
    done = run_worker(
        asking(write_workload(tmp_path, load=load), threads=3),
        timeout_s=60,
        on_progress=ignore,
        environment={"OMP_NUM_THREADS": "3", "PATH": None},
    )
    assert isinstance(done.result, WorkloadResult)
    assert done.result.parameters == {
        "stdin": "",
        "torch": False,
        "here": False,
        "group": True,
        "omp": "3",
        "path": False,
        "threads": 3,
    }
    assert "from C" in "".join(done.stderr)
    assert '{"result": null}' in "\n".join(done.stderr)


@pytest.mark.parametrize(
    ("step", "kind", "name", "word"),
    [
        ("ctypes.string_at(0)", "crashed", "SIGSEGV", "Segmentation fault"),
        ("os.abort()", "crashed", "SIGABRT", "Aborted"),
        ("os.kill(os.getpid(), signal.SIGILL)", "crashed", "SIGILL", "Illegal instruction"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed", "SIGKILL", ""),
    ],
)
@pytest.mark.fault("death")
def test_a_death_by_signal_is_named(
    tmp_path: Path, step: str, kind: str, name: str, word: str
) -> None:
    """The failure carries kind and signal; the last lines of stderr show where."""
    done = ended(write_workload(tmp_path, step=step))
    assert done.result is None
    assert done.failure is not None
    assert (done.failure.kind, done.failure.signal) == (kind, name)
    assert word in "\n".join(done.stderr)


@pytest.mark.parametrize(
    ("load", "step", "kind", "message"),
    [
        (
            "resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))",
            "bytearray(2**32)",
            "out_of_memory",
            "MemoryError",
        ),
        ("raise UsageError('use --batch 2')", "pass", "error", "use --batch 2"),
        ("pass", "raise RuntimeError('CUDA out of memory.')", "out_of_memory", "CUDA"),
        ("pass", "raise RuntimeError('CUBLAS_STATUS_ALLOC_FAILED')", "out_of_memory", "CUBLAS"),
        ("pass", "raise RuntimeError('mismatch')", "error", "RuntimeError: mismatch"),
        ("pass", "sys.exit(3)", "error", "SystemExit: something called sys.exit(3)"),
        ("pass", "sys.exit(0)", "error", "SystemExit: something called sys.exit(0)"),
        ("pass", "os._exit(0)", "error", "no result"),
    ],
)
@pytest.mark.fault("death")
def test_an_end_from_within_is_a_failure(
    tmp_path: Path, load: str, step: str, kind: str, message: str
) -> None:
    """Exceptions tell their own story; an exit without a result is an error whatever its code."""
    done = ended(write_workload(tmp_path, load=load, step=step))
    assert done.result is None
    assert done.failure is not None
    assert done.failure.kind == kind
    assert message in done.failure.message


@pytest.mark.fault("lie")
def test_a_loss_that_is_no_number_withholds_the_number(tmp_path: Path) -> None:
    """NaN in a training step: not_finite, and no measurement."""
    file = write_workload(tmp_path, step="return 1.0 if batch < 1 else math.nan", scenario="train")
    done = ended(file)
    assert done.result is None
    assert done.failure is not None
    assert done.failure.kind == "not_finite"


@pytest.mark.parametrize(("scenario", "doubted"), [("train", True), ("offline", False)])
def test_a_training_step_without_loss_is_doubted(
    tmp_path: Path, scenario: str, *, doubted: bool
) -> None:
    """The worker knows the scenario; a step that returns None trains unseen."""
    done = ended(write_workload(tmp_path, scenario=scenario))
    assert isinstance(done.result, WorkloadResult)
    assert ("loss_unchecked" in {one.code for one in done.result.caveats}) is doubted


@pytest.mark.fault("hang or kill")
def test_a_hang_ends_at_its_timeout(tmp_path: Path) -> None:
    """Even one that ignores SIGTERM, with a child that would hang on."""
    file = write_workload(
        tmp_path,
        load=f"signal.signal(signal.SIGTERM, signal.SIG_IGN); {NOTE_CHILD}; {NOTE_PID}",
        step="time.sleep(600)",
    )
    began = time.monotonic()
    done = ended(file, timeout_s=6.0)
    assert time.monotonic() - began < 30
    assert done.failure is not None
    assert done.failure.kind == "timeout"
    assert "6.00 s" in done.failure.message
    assert dies(noted(tmp_path / "pid"))
    assert dies(noted(tmp_path / "child"))


@pytest.mark.fault("hang or kill")
def test_a_child_that_outlives_its_worker_is_ended(tmp_path: Path) -> None:
    """A worker that finished leaves nobody to disturb the next."""
    done = ended(write_workload(tmp_path, load=NOTE_CHILD))
    assert isinstance(done.result, WorkloadResult)
    assert dies(noted(tmp_path / "child"))


def test_a_garbled_word_is_no_result(tmp_path: Path) -> None:
    """Something else on the worker's line to us: the result behind it is not believed."""
    load = "os.write(int(sys.argv[1]), b'garbage\\n')"
    done = ended(write_workload(tmp_path, load=load))
    assert done.result is None
    assert done.failure is not None
    assert done.failure.kind == "error"


@pytest.mark.fault("hang or kill")
def test_an_interrupt_of_the_runner_ends_the_worker(tmp_path: Path) -> None:
    """Ctrl-C while the worker works: it is dead before the interrupt goes on."""
    file = write_workload(tmp_path, load=NOTE_PID, step="time.sleep(600)")

    def interrupt(_progress: Progress) -> None:
        noted(tmp_path / "pid")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_worker(asking(file), timeout_s=60, on_progress=interrupt)
    assert not lives(noted(tmp_path / "pid"))


@pytest.mark.fault("hang or kill")
def test_a_killed_runner_leaves_no_worker(tmp_path: Path) -> None:
    """Kill -9 of the runner takes the worker and the worker's children with it."""
    file = write_workload(tmp_path, load=f"{NOTE_CHILD}; {NOTE_PID}", step="time.sleep(600)")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(file)], env=environment)
    try:
        worker, child = noted(tmp_path / "pid"), noted(tmp_path / "child")
        assert lives(worker)
        assert lives(child)
    finally:
        runner.send_signal(signal.SIGKILL)
        runner.wait()
    assert dies(worker)
    assert dies(child)


STRAY = (
    "stray = subprocess.Popen(['sleep', '600'], start_new_session=True); "
    "(HERE / 'stray').write_text(f'{stray.pid}\\n')"
)


@pytest.mark.fault("hang or kill")
def test_a_child_in_a_session_of_its_own_is_ended(tmp_path: Path) -> None:
    """A launcher's ranks leave the worker's group; whatever ends the worker ends them."""
    done = ended(write_workload(tmp_path, load=STRAY))
    assert isinstance(done.result, WorkloadResult)
    assert not lives(noted(tmp_path / "stray"))
    (tmp_path / "stray").unlink()
    assert ended(write_workload(tmp_path, load=f"{STRAY}; os.abort()")).failure is not None
    assert not lives(noted(tmp_path / "stray"))


@pytest.mark.fault("hang or kill")
def test_a_second_interrupt_leaves_no_worker_either(tmp_path: Path) -> None:
    """An impatient Ctrl-C while the first is still clearing up."""
    file = write_workload(tmp_path, load=f"{NOTE_CHILD}; {NOTE_PID}", step="time.sleep(600)")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(file)], env=environment)
    worker, child = noted(tmp_path / "pid"), noted(tmp_path / "child")
    while runner.poll() is None:
        runner.send_signal(signal.SIGINT)
    assert runner.returncode in {1, -signal.SIGINT}
    assert dies(worker)
    assert dies(child)


WITHOUT_GUARD = (
    "mine = Path(f'/proc/self/task/{os.getpid()}/children').read_text().split(); "
    "guard = int(mine[0]); os.kill(guard, signal.SIGKILL); os.waitpid(guard, 0)"
)


@pytest.mark.fault("hang or kill")
@pytest.mark.parametrize(
    ("load", "note"),
    [(f"{WITHOUT_GUARD}; {NOTE_PID}", "pid"), (f"{STRAY}; {NOTE_PID}", "stray")],
    ids=["the kernel ends the worker", "the guard ends who left its group"],
)
def test_a_killed_runner_is_noticed_twice(tmp_path: Path, load: str, note: str) -> None:
    """By the kernel, even without our guard; and by the guard, which knows the worker's strays."""
    file = write_workload(tmp_path, load=load, step="time.sleep(600)")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(file)], env=environment)
    try:
        noted(tmp_path / "pid")
    finally:
        runner.send_signal(signal.SIGKILL)
        runner.wait()
    assert dies(noted(tmp_path / note))


def test_words_without_end_do_not_fill_the_memory(tmp_path: Path) -> None:
    """200 MB on stderr in one line: its last 2000 bytes are shown, and the rest is gone."""
    flood = "[os.write(2, b'x' * 1_000_000) for _ in range(200)]"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = ended(write_workload(tmp_path, load=f"{flood}; os.write(2, b'end'); os._exit(3)"))
    assert done.stderr[-1].endswith("xend")
    assert len(done.stderr[-1]) == 2000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.fault("left behind")
def test_nothing_is_left_open(tmp_path: Path) -> None:
    """As many descriptors after a measurement as before, whether it ends well or not."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    ended(write_workload(tmp_path))
    ended(write_workload(tmp_path, step="os.abort()"))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.fault("hang or kill")
def test_a_hang_is_asked_to_end_before_it_is_made_to(tmp_path: Path) -> None:
    """SIGTERM comes first, and a worker that listens has time to put its things away."""
    tidy = "signal.signal(signal.SIGTERM, lambda *_: ((HERE / 'tidy').touch(), os._exit(0)))"
    done = ended(write_workload(tmp_path, load=tidy, step="time.sleep(600)"), timeout_s=6.0)
    assert done.failure is not None
    assert done.failure.kind == "timeout"
    assert (tmp_path / "tidy").exists()
