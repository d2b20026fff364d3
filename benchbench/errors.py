"""What a user can do wrong, or a machine cannot do: one sentence each, naming the next step."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells the shell; documented in the README, one test each."""

    OK = 0
    GATE_FAILED = 1
    USAGE = 2
    INVALID = 3
    PARTIAL = 4
    CANNOT_MEASURE = 5


class BenchbenchError(Exception):
    """What is wrong and what to do next, for the user; shown without a traceback."""

    exit_code = ExitCode.USAGE


class UsageError(BenchbenchError):
    """A flag, a name or a file that cannot be used as given."""


class DataError(BenchbenchError):
    """A file that does not hold what it should: catalogue, scenario or result."""


class InvalidMeasurementError(BenchbenchError):
    """Everything was measured and nothing can be believed."""

    exit_code = ExitCode.INVALID


class CannotMeasureError(BenchbenchError):
    """This machine lacks what the measurement needs (a device, a package, memory)."""

    exit_code = ExitCode.CANNOT_MEASURE


class StorageError(BenchbenchError):
    """A result that could not be stored; those before it are, and the run can be resumed."""

    exit_code = ExitCode.PARTIAL
