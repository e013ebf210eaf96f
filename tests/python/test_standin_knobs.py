"""Behaviours from files and from the command line, and what is said of wrong ones."""

from pathlib import Path

import pytest

from fourwire.standin import (
    Behaviour,
    Failure,
    Fillers,
    FunctionCall,
    FunctionCalls,
    KnobError,
    OnClear,
    faults,
    read_behaviours,
)
from fourwire.standin.__main__ import main

FILE = """
think_ms = 50
on_clear = "refused"
fillers = "own response"
accepted_keys = ["a"]

[silence_ms]
low = 1
medium = 2
auto = 2
high = 3

[[connections]]
refuse_status = 503
retry_after = "2"

[[connections]]
think_ms = 900
faults = [
    { do = "close", after = "response.done", nth = 2, code = 4000, reason = "quota" },
    { do = "drop", event = "response.output_audio.delta", nth = 0, chance = 0.5 },
    { do = "odd", after_ms = 100, frame = "binary" },
    { do = "change", event = "conversation.item.added", without = ["previous_item_id"] },
]
failures = [{ response = 1, later = true, code = "insufficient_quota" }]

[connections.calls.0]
calls = [{ name = "get_weather", arguments = '{"city":"Paris"}' }]
speaks = true
"""


def written(tmp_path: Path, text: str) -> str:
    """A file with that text."""
    path = tmp_path / "agent.toml"
    path.write_text(text)
    return str(path)


def test_a_file_says_what_each_connection_meets(tmp_path: Path) -> None:
    first, second = read_behaviours(written(tmp_path, FILE), ["seed=7"])

    common = Behaviour(
        seed=7,
        think_ms=50,
        on_clear=OnClear.REFUSED,
        fillers=Fillers.OWN_RESPONSE,
        accepted_keys=frozenset({"a"}),
        silence_ms={"low": 1, "medium": 2, "auto": 2, "high": 3},
        refuse_status=503,
        retry_after="2",
    )
    assert first == common
    assert second.think_ms == 900
    assert second.refuse_status is None
    assert second.faults == (
        faults.Close(after="response.done", nth=2, code=4000, reason="quota"),
        faults.Drop(event="response.output_audio.delta", nth=0, chance=0.5),
        faults.Odd(after_ms=100, frame=faults.OddFrame.BINARY),
        faults.Change(event="conversation.item.added", without=("previous_item_id",)),
    )
    assert second.failures == (Failure(response=1, later=True, code="insufficient_quota"),)
    weather = FunctionCall("get_weather", '{"city":"Paris"}')
    assert second.calls == {0: FunctionCalls((weather,), speaks=True)}


def test_without_file_and_knobs_the_agent_is_healthy() -> None:
    assert read_behaviours(None) == [Behaviour()]


def test_a_value_need_not_be_quoted() -> None:
    (behaviour,) = read_behaviours(
        None, ["transcripts=incremental", "alias_names=true", "speed=0.5"]
    )
    assert behaviour == Behaviour(transcripts="incremental", alias_names=True, speed=0.5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("think = 1", "connection 1: there is no knob 'think'; is think_ms meant?"),
        ('think_ms = "long"', "connection 1: think_ms: Expected `int`, got `str`"),
        ("think_ms = -1", "connection 1: think_ms must not be negative, but is -1"),
        ("[[connections]]\n[[connections]]\nspeed = [1]", "connection 2: speed: "),
        ('answers = ["hello"]', "answers must be recordings"),
        ("refuse_status = 700", "HTTP status"),
        ('back_channel_format = "mp3"', "no format of the wire: mp3"),
        ('faults = [{ do = "explode" }]', "faults[0].do: Invalid value 'explode'"),
        ('faults = [{ do = "drop", event = "x" }]', "faults[0]: the stand-in says no event 'x'"),
        ('faults = [{ do = "wedge", later = 1 }]', "unknown field `later`"),
        ("connections = 1", "[[connections]]"),
        ("connections = [1]", "connection 1 must be a table"),
        ("think_ms = ", "not TOML"),
    ],
)
def test_a_wrong_file_is_told_with_the_place(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)

    with pytest.raises(KnobError) as error:
        read_behaviours(path)

    assert str(error.value).startswith(path)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["speed"], "'speed': a knob is set as knob=value"),
        (["sped=1"], "there is no knob 'sped'; is speed meant?"),
        (["think_ms=soon"], "think_ms: Expected `int`"),
        (["--behaviour", "nowhere.toml"], "nowhere.toml: No such file"),
    ],
)
def test_the_command_says_what_is_wrong_and_ends_with_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_the_docs_name_every_knob_and_every_fault() -> None:
    page = (Path(__file__).parents[2] / "docs" / "stand-in.md").read_text()

    knobs = [knob for knob in Behaviour.__struct_fields__ if f"`{knob}`" not in page]
    kinds = [kind for kind in faults.__all__ if f"`faults.{kind}(" not in page]

    assert knobs == []
    assert set(kinds) == {"SAID", "Fault", "OddFrame"}


def test_the_file_of_the_docs_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "stand-in.md").read_text()
    example = page.partition("```toml\n")[2].partition("```")[0]

    refused, broken, well = read_behaviours(written(tmp_path, example))

    assert (refused.refuse_status, len(broken.faults)) == (503, 1)
    assert well == Behaviour(think_ms=100)
