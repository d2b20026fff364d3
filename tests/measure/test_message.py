"""What crosses the pipe arrives as it was sent."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from benchbench.measure.message import CeilingsResult, Message, Progress, Request, WorkloadResult
from benchbench.record import Scalar, Work
from benchbench.workload import Setting
from tests import factories as make
from tests.measure.fakes_workload import asking


def test_a_request_arrives_whole() -> None:
    """Paths, nested parameters and the whole budget survive the line."""
    request = asking(Path("/x/w.py"))
    parameters: dict[str, Scalar] = {
        "depth": 3,
        "wide": True,
        "rate": 0.5,
        "name": "a",
        "none": None,
    }
    setting = Setting(data=Path("/d"), precision="bf16", batch_size=8, parameters=parameters)
    body = request.body.model_copy(update={"setting": setting})
    sent = Request(body=body).model_dump_json()
    assert "\n" not in sent
    assert Request.model_validate_json(sent).body == body


@pytest.mark.parametrize(
    "message",
    [
        Message(progress=Progress(phase="measure", elapsed_s=1.5, units_per_s=3.0)),
        Message(failure=make.out_of_memory()),
        Message(result=CeilingsResult(ceilings=(make.ceiling(5.0, setting={"blas": None}),))),
        Message(
            result=WorkloadResult(
                work=Work(unit="image"),
                measurement=make.measurement(),
                caveats=(make.caveat(),),
                parameters={"data": None, "threads": 2},
            )
        ),
    ],
    ids=["progress", "failure", "ceilings", "workload"],
)
def test_a_message_arrives_whole(message: Message) -> None:
    """Each kind keeps its type, and a None inside a dictionary stays there."""
    assert Message.model_validate_json(message.model_dump_json()) == message


def test_an_unknown_field_is_refused() -> None:
    """Half a protocol is none."""
    with pytest.raises(ValidationError):
        Message.model_validate_json('{"progres": null}')
