"""Records as a report carries them: what many of them share stands once.

Every record holds the ceilings of its session with all their samples; forty of one machine would
repeat them forty times, farther apart than gzip looks back.
"""

import json
from collections.abc import Sequence
from typing import Any

from benchbench.record import Record

Document = dict[str, Any]


def shared(records: Sequence[Record]) -> Document:
    """`ceilings`, each once, and `records`, whose `ceilings` are their places in that list."""
    places: dict[str, int] = {}
    written = [record.model_dump(mode="json", by_alias=True) for record in records]
    for record in written:
        texts = [json.dumps(one, allow_nan=False) for one in record["ceilings"]]
        record["ceilings"] = [places.setdefault(text, len(places)) for text in texts]
    return {"ceilings": [json.loads(text) for text in places], "records": written}


def whole(document: Document) -> list[Document]:
    """The records with their ceilings inside, as they were stored; older reports have them there.

    Raises ValueError if a place is none of the list's.
    """
    ceilings = document.get("ceilings", [])
    return [_with_ceilings(record, ceilings) for record in document["records"]]


def _with_ceilings(record: Document, ceilings: object) -> Document:
    named = record.get("ceilings")
    if not isinstance(named, list):
        return record
    return {**record, "ceilings": [_at(one, ceilings) for one in named]}


def _at(one: object, ceilings: object) -> object:
    if not isinstance(one, int):
        return one
    if not isinstance(ceilings, list) or not 0 <= one < len(ceilings):
        raise ValueError(f"there is no ceiling {one}")
    return ceilings[one]
