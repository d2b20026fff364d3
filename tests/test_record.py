"""The record refuses what cannot be true."""

import pytest
from pydantic import ValidationError

from benchbench.record import Record, validity_of
from tests import factories as make


def test_a_record_holds_a_measurement_or_a_failure() -> None:
    """Never both, never neither."""
    with pytest.raises(ValidationError, match="either a measurement or a failure"):
        make.record(measurement=None)
    with pytest.raises(ValidationError, match="either a measurement or a failure"):
        make.record(failure=make.out_of_memory(), measurement=make.measurement())


def test_validity_follows_from_the_caveats() -> None:
    """The worst one decides; a note changes nothing."""
    assert validity_of(()) == "valid"
    assert validity_of((make.caveat("note"),)) == "valid"
    assert validity_of((make.caveat("note"), make.caveat("warning"))) == "valid_with_warnings"
    assert validity_of((make.caveat("warning"), make.caveat("invalid"))) == "invalid"
    assert validity_of((), failed=True) == "invalid"


def test_a_verdict_cannot_contradict_its_caveats() -> None:
    """Nobody stores a doubtful number as valid."""
    with pytest.raises(ValidationError, match="contradicts"):
        make.record(caveats=(make.caveat("invalid"),), validity="valid")


@pytest.mark.known_error("NaN in JSON; metric keys overwriting each other")
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_never_reaches_a_document(value: float) -> None:
    """Not in a loss, where any number is possible, and not in a parameter."""
    with pytest.raises(ValidationError):
        make.measurement(losses=(1.0, value))
    with pytest.raises(ValidationError):
        make.record(parameters={"dropout": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0])
def test_impossible_durations_are_refused(value: float) -> None:
    """An elapsed time is positive and finite."""
    with pytest.raises(ValidationError):
        make.measurement(elapsed_s=value)


def test_unknown_fields_are_refused() -> None:
    """A misspelt field is an error, not a silent loss."""
    with pytest.raises(ValidationError):
        make.record(througput=1.0)


def test_the_format_is_named_schema_in_json() -> None:
    """The integer every reader looks at first."""
    assert '"schema": 2' in make.record().to_json()


def test_a_record_keeps_nothing_derived() -> None:
    """A better formula must not need a new measurement."""
    derived = {"throughput", "mfu", "mean", "median", "usd", "achieved_flops"}
    assert derived.isdisjoint(Record.model_fields)
    assert derived.isdisjoint(type(make.measurement()).model_fields)
