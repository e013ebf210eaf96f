"""All that is wrong in a file is told at once, each with file, line, key and value."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.agent_file import AgentFile
from fourwire.checking import checked
from fourwire.problems import IllegalSetting, SettingsError
from fourwire.settings import Settings
from fourwire.toml_file import TomlFile


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A group within a group."""

    days: list[Literal["mon", "tue"]] = []
    from_hour: Annotated[int, msgspec.Meta(ge=0, le=24)] = 0
    to_hour: Annotated[int, msgspec.Meta(ge=0, le=24)] = 24

    def __post_init__(self) -> None:
        if self.from_hour >= self.to_hour:
            raise IllegalSetting("to_hour", "must be after from_hour")


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """An element of an array of tables."""

    to: str
    window: Window | None = None
    password: int = 0


class Ring(msgspec.Struct, frozen=True, kw_only=True, tag="ring", tag_field="do"):
    """One of two."""

    seconds: int = 1


class Play(msgspec.Struct, frozen=True, kw_only=True, tag="play", tag_field="do"):
    """The other of two."""

    file: str


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """A group as a gateway has it."""

    max_calls: int = 1
    url: str | int = ""
    route: tuple[Rule, ...] = ()
    trunk: dict[str, Rule] = {}
    window: Literal["always"] | Window = "always"
    first: Ring | Play = Ring()


Read = Callable[[str], list[str]]


def load(path: Path) -> Gateway:
    """The gateway in the file at `path`."""
    file = TomlFile.read(path)
    return checked(Gateway, file.table, file.at)


@pytest.fixture
def problems(tmp_path: Path) -> Read:
    """What is told of a gateway's file with this text."""

    def read(text: str) -> list[str]:
        path = tmp_path / "g.toml"
        path.write_text(text)
        with pytest.raises(SettingsError) as caught:
            load(path)
        assert str(caught.value) == "\n".join(caught.value.problems)
        return [problem.replace(f"{tmp_path}/", "") for problem in caught.value.problems]

    return read


def test_several_mistakes_are_told_together_each_with_its_line(problems: Read) -> None:
    assert problems(
        """\
max_calls = true
max_cals = 5

[[route]]
to = "a"
[route.window]
days = ["mon",
        "sunday"]
from_hour = 25
[[route]]
too = "b"
[trunk.east]
to = 4.5
"""
    ) == [
        "g.toml:1: max_calls = true: Expected int, got bool",
        "g.toml:2: there is no setting max_cals; did you mean max_calls?",
        "g.toml:8: route.window.days = 'sunday': Invalid enum value 'sunday'; there are mon, tue",
        "g.toml:9: route.window.from_hour = 25: Expected int <= 24",
        "g.toml:11: there is no setting too in route; did you mean to?",
        "g.toml:10: route.to: is missing",
        "g.toml:13: trunk.east.to = 4.5: Expected str, got float",
    ]


def test_what_only_the_group_itself_knows_is_told_at_the_line_of_its_field(problems: Read) -> None:
    assert problems("[[route]]\nto = 'a'\n[route.window]\nto_hour = 3\nfrom_hour = 4") == [
        "g.toml:4: route.window.to_hour = 3: must be after from_hour"
    ]
    assert problems("[window]\nfrom_hour = 24") == [
        "g.toml:1: window.to_hour: must be after from_hour"
    ]


def test_a_word_in_the_place_of_a_group_is_told_with_what_may_stand_there(problems: Read) -> None:
    (problem,) = problems("window = 'never'")
    assert problem == "g.toml:1: window = 'never': Invalid enum value 'never'; there are always"
    (problem,) = problems("route = 5")
    assert problem == "g.toml:1: route = 5: Expected a list, got int"


def test_of_several_groups_the_tag_decides(problems: Read) -> None:
    assert problems("[first]\ndo = 'play'") == ["g.toml:1: first.file: is missing"]
    assert problems("[first]\ndo = 'ring'\nfile = 'x'") == [
        "g.toml:3: there is no setting file in first; there are seconds"
    ]
    (problem,) = problems("[first]\ndo = 'sing'")
    assert problem.startswith("g.toml:1: first: Invalid value 'sing'")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("max_calls =", "g.toml:1: is not TOML at max_calls: invalid value"),
        ("\n\nmax_calls = 1\nmax_calls = 2", "g.toml:4: is not TOML at max_calls: "),
        ('password = "s3cret', "g.toml:1: is not TOML at password: "),
        ("[route", "g.toml:1: is not TOML: "),
        ("max_calls = 1" + "0" * 5000, "g.toml is not TOML that anybody would write"),
        ("url = [" + "[" * 5000 + "]" * 5001, "g.toml is not TOML that anybody would write"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line_but_not_shown(
    problems: Read, text: str, problem: str
) -> None:
    (found,) = problems(text)
    assert found.startswith(problem)
    assert "s3cret" not in found


def test_no_value_is_shown_where_a_secret_may_stand(problems: Read) -> None:
    text = "[[route]]\nto = 'x'\npassword = 's3cret'\n[[route]]\npasswort = 's3cret'"
    assert "s3cret" not in "".join(problems(text))
    assert "s3cret" not in "".join(problems("url = [{password = 's3cret'}]"))
    assert "s3cret" not in "".join(problems("max_calls = {password = 's3cret'}"))
    assert "s3cret" not in "".join(problems("max_calls = 'wss://me:s3cret@host/'"))


def test_long_values_are_shown_shortened(problems: Read) -> None:
    (problem,) = problems(f"max_calls = '{'x' * 5000}'")
    assert len(problem) < 200


@pytest.mark.parametrize("group", [Gateway, Settings, AgentFile])
@given(
    table=st.dictionaries(
        st.sampled_from(["max_calls", "url", "route", "trunk", "window", "first", "session"])
        | st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["to", "window", "do", "x"]), inner, max_size=3)
            ),
            max_leaves=8,
        ),
    )
)
def test_whatever_a_table_holds_it_becomes_the_group_or_a_settings_error(
    group: type[msgspec.Struct], table: dict[str, object]
) -> None:
    try:
        found: object = checked(group, table, lambda place: "f")
    except SettingsError as error:
        found = error.problems
    assert found
