"""The first rule that a call is of wins, and no stranger's text makes that take long."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire._core import Pattern as CorePattern
from fourwire.checking import checked
from fourwire.hours import Days, Hours, Zone
from fourwire.problems import SettingsError
from fourwire.routes import Route, doubts_of
from fourwire.routing import Offered, Pattern, Router, Rule
from fourwire.toml_file import TomlFile

MONDAY_NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def offered(
    dialled: str = "voxi",
    caller: str = "+15551",
    trunk: str = "east",
    headers: Mapping[str, Sequence[str]] | None = None,
    at: datetime = MONDAY_NOON,
) -> Offered:
    """A call."""
    return Offered(dialled=dialled, caller=caller, trunk=trunk, headers=headers or {}, at=at)


def route(path: Path, toml: str) -> Route:
    """The route of a file."""
    path.write_text(toml)
    file = TomlFile.read(path)
    return checked(Route, file.table, file.at)


@pytest.mark.parametrize(
    ("rule", "of_it", "not_of_it"),
    [
        (Rule(dialled=Pattern("123")), offered("123"), offered("123456")),
        (Rule(dialled=Pattern("12|.*3")), offered("123"), offered("124")),
        (
            Rule(dialled=Pattern(r"\+1\d*"), exclude=Pattern(r"\+1900\d*")),
            offered("+1555"),
            offered("+1900123"),
        ),
        (Rule(caller=Pattern(r"\+1.*")), offered(caller="+1"), offered(caller="anonymous")),
        (Rule(trunk=Pattern("east|west")), offered(trunk="west"), offered(trunk="")),
        (Rule(trunk=Pattern("")), offered(trunk=""), offered(trunk="east")),
        (
            Rule(headers={"X-Tenant": Pattern("acme")}),
            offered(headers={"x-tenant": ["other", "acme"]}),
            offered(headers={"x-tenant": ["acme2"]}),
        ),
        (Rule(headers={"X-Tenant": Pattern(".*")}), offered(headers={"x-tenant": [""]}), offered()),
        (Rule(dialled=Pattern("(?i)voxi")), offered("VoXi"), offered("vox")),
        (Rule(dialled=Pattern("ä+")), offered("ää"), offered("\udcc3\udca4")),
    ],
)
def test_every_condition_is_for_the_whole_of_what_it_names(
    rule: Rule, of_it: Offered, not_of_it: Offered
) -> None:
    assert rule.objection(of_it) is None
    assert rule.objection(not_of_it) is not None


@pytest.mark.parametrize(
    ("days", "hours", "zone", "at", "open_"),
    [
        ("mon-fri", "09:00-17:30", "Europe/Berlin", "2026-01-05T08:00:00Z", True),
        ("mon-fri", "09:00-17:30", "Europe/Berlin", "2026-01-05T07:59:59Z", False),
        ("mon-fri", "09:00-17:30", "Europe/Berlin", "2026-07-06T07:00:00Z", True),
        ("mon-fri", "09:00-17:30", "Europe/Berlin", "2026-01-05T16:29:59Z", True),
        ("mon-fri", "09:00-17:30", "Europe/Berlin", "2026-01-05T16:30:00Z", False),
        ("mon-fri", "09:00-17:30", "Europe/Berlin", "2026-01-04T12:00:00Z", False),
        ("sat", "22:00-06:00", "UTC", "2026-01-03T23:00:00Z", True),
        ("sat", "22:00-06:00", "UTC", "2026-01-04T05:59:00Z", True),
        ("sat", "22:00-06:00", "UTC", "2026-01-03T05:00:00Z", False),
        ("sat", "22:00-06:00", "UTC", "2026-01-04T23:00:00Z", False),
        ("sat, mon", "00:00-24:00", "America/New_York", "2026-01-06T04:59:00Z", True),
        ("fri-mon", "00:00-24:00", "UTC", "2026-01-06T00:00:00Z", False),
    ],
)
def test_hours_are_those_of_the_zone_and_over_midnight_of_the_day_before(
    days: str, hours: str, zone: str, at: str, open_: bool
) -> None:
    rule = Rule(days=Days(days), hours=Hours(hours), zone=Zone(zone))
    objection = rule.objection(offered(at=datetime.fromisoformat(at)))
    assert (objection is None) == open_


@pytest.mark.parametrize(
    "text", ["9-17", "09:00-25:00", "09:60-10:00", "24:01-24:00", "x", "٠٩:00-10:00"]
)
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="09:00-17:30"):
        Hours(text)


@pytest.mark.parametrize("text", ["", "mo", "mon-", "mon-xyz", "mon;tue"])
def test_what_are_no_days_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="mon-fri"):
        Days(text)


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_hours_hold_from_their_first_minute_to_the_one_before_their_last(
    first: int, length: int, minute: int
) -> None:
    last = (first + 1 + length % 1439) % 1440
    clock = [f"{m // 60:02}:{m % 60:02}" for m in (first, last)]
    hours = Hours("-".join(clock))
    assert Hours(str(hours)) == hours
    inside = (minute - first) % 1440 < (last - first) % 1440
    at = MONDAY_NOON.replace(hour=minute // 60, minute=minute % 60)
    begun = hours.begun(at)
    assert (begun is not None) == inside
    if begun is not None:
        assert begun.weekday() == (0 if minute >= first else 6)


def test_the_first_rule_wins() -> None:
    router = Router([(Rule(dialled=Pattern("1.*")), "one"), (Rule(), "rest")])
    assert router.target(offered("12")) == "one"
    assert router.target(offered("2")) == "rest"
    assert Router(()).target(offered("2")) is None


@given(st.text() | st.text(st.characters(categories=["Cs"])), st.text())
def test_no_text_of_a_stranger_is_too_strange_to_be_matched(dialled: str, caller: str) -> None:
    rule = Rule(dialled=Pattern("(?s).*"), caller=Pattern("(?s).*"))
    assert rule.objection(offered(dialled, caller)) is None


def test_a_hostile_caller_cannot_make_a_careless_pattern_take_long() -> None:
    rule = Rule(caller=Pattern(r"(\d+)+(a|aa)*x"))
    began = time.thread_time()
    assert rule.objection(offered(caller="1" * 60_000 + "a" * 60_000)) is not None
    assert time.thread_time() - began < 5  # backtracking would not end within the age of the world


@pytest.mark.parametrize("text", ["(", "a)(b", "(?=a)", r"(a)\1", "[z-a]", "(?x) a # b"])
def test_what_is_no_pattern_or_could_take_long_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a regular expression: "):
        Pattern(text)


def test_a_pattern_shows_what_was_written() -> None:
    assert str(Pattern("a|b")) == CorePattern("a|b").expression == "a|b"
    assert eval(repr(Pattern("a|b"))) == Pattern("a|b")


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("dialled = 'x'", ": a route has one of agent, reject and redirect"),
        ("agent = 'a'\nreject = 486", ": a route has one of agent, reject and redirect"),
        ("reject = 200", ":1: reject = 200: Expected int >= 400"),
        ("redirect = 'desk'", ":1: redirect = 'desk': "),
        ("redirect = 'tel:+1'", ":1: redirect = 'tel:+1': must be a SIP URI"),
        ("redirect = 'sip:a@b?Subject=x'", ":1: redirect = "),
        ("reject = 486\nhours = '09:00-17:00'", ": zone: is needed with days and hours"),
        ("reject = 486\nhours = '9-17'", ":2: hours = '9-17': hours are written 09:00-17:30"),
        ("reject = 486\nzone = 'Mars/X'", ":2: zone = 'Mars/X': 'Mars/X' is no time zone"),
        ("reject = 486\nzone = '../etc/passwd'", ":2: zone = "),
        ("reject = 486\ncaller = '('", ":2: caller = '(': '(' is not a regular expression: "),
        ("reject = 486\nheaders = {'X Y' = 'a'}", ":2: headers.X Y = 'a': is no name of a header"),
        ("reject = 486\nheaders = {'X' = '('}", ":2: headers = "),
    ],
)
def test_a_route_that_cannot_be_is_refused_with_its_line(
    tmp_path: Path, toml: str, complaint: str
) -> None:
    path = tmp_path / "r.toml"
    with pytest.raises(SettingsError) as caught:
        route(path, toml)
    assert str(caught.value).startswith(f"{path}")
    assert complaint.rstrip("= ") in str(caught.value)


def test_a_route_behind_one_that_takes_everything_is_doubted() -> None:
    routes = [
        Route(dialled=Pattern("1.*"), reject=486),
        Route(dialled=Pattern("1.*"), reject=603),
        Route(reject=404, name="rest"),
        Route(dialled=Pattern("2"), redirect="sip:2@pbx.example"),
    ]
    assert doubts_of(routes) == [
        "route 2 (the route for 1.*) is never reached: route 1 (the route for 1.*) takes all of "
        "its calls",
        "route 4 (the route for 2) is never reached: route 3 (route rest) takes all of its calls",
    ]
    timed = Route(hours=Hours("09:00-10:00"), zone=Zone("UTC"), reject=486)
    assert doubts_of([timed, Route(reject=404)]) == []


def test_a_route_says_what_its_callers_are_told() -> None:
    busy = Route(reject=486).refusal()
    assert busy is not None
    assert busy.status == 486
    on = Route(redirect="sip:desk@pbx.example").refusal()
    assert on is not None
    assert (on.status, on.headers) == (302, {"Contact": "<sip:desk@pbx.example>"})
    assert Route(agent="a.toml").refusal() is None
