"""A number in the settings is sent as it is, or refused with words; never as something else."""

import inspect
import json
import math
from typing import Any

import msgspec
import pytest

from fourwire.inworld import AudioFormats, fields
from fourwire.inworld.commands import SessionUpdate
from fourwire.inworld.session import Send, Session
from fourwire.inworld.session_settings import session_settings

GROUPS = [
    group
    for name in fields.__all__
    if inspect.isclass(group := getattr(fields, name))
    and issubclass(group, fields.Fields)
    and group is not fields.Fields
]

PLACES = [(group, name, wire) for group in GROUPS for name, wire, _ in group.known()]

WHOLE = [0, 1, -1, 2**63, 2**64, -(2**63) - 1, 2**127, 10**400, -(10**400)]
NUMBERS = [*WHOLE, 0.5, 1e300, math.inf, -math.inf, math.nan]


def needed(group: type[fields.Fields]) -> dict[str, Any]:
    """What `group` cannot be without."""
    return {name: "any" for name, _ in group.missing({})}


def is_finite(number: float) -> bool:
    return isinstance(number, int) or math.isfinite(number)


def refusal(group: type[fields.Fields], name: str, number: float) -> str:
    """Why a field cannot be `number`, in words; empty where it can, and is sent so."""
    try:
        made = group(**needed(group) | {name: number})
    except fields.IllegalField as refused:
        return str(refused)
    return "" if number in json.loads(msgspec.json.encode(made.wire())).values() else "altered"


@pytest.mark.parametrize(("group", "name", "wire"), PLACES)
def test_a_field_takes_a_number_as_it_is_or_says_what_it_takes(
    group: type[fields.Fields], name: str, wire: str
) -> None:
    for number in NUMBERS:
        words = refusal(group, name, number)
        assert (not words and is_finite(number)) or f"{wire} is " in words


@pytest.mark.parametrize("number", NUMBERS, ids=range(len(NUMBERS)))
def test_a_dictionary_takes_numbers_of_any_length_and_doubts_what_is_out_of_range(
    number: float,
) -> None:
    session = {"audio": {"input": {"turn_detection": {"silence_duration_ms": number}}}}
    machine = Session()
    machine.send(SessionUpdate(session=session_settings(session, AudioFormats())))
    sent = machine.poll()
    assert isinstance(sent, Send)
    detection = json.loads(sent.frame)["session"]["audio"]["input"]["turn_detection"]
    assert detection["silence_duration_ms"] == (number if is_finite(number) else None)
    odd = fields.doubts({"temperature": number})
    assert bool(odd) is not (0 <= number <= 2)
