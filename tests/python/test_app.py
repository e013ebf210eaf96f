"""Rules choose the scenario, and what a person can put right is told without a traceback."""

import asyncio
import errno
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

import pytest
from support.scene import scene

from fourwire.app import App
from fourwire.call import Call
from fourwire.mistakes import mistake_in
from fourwire.routing import Offered
from fourwire.settings import Listen, Settings, SettingsError
from fourwire.sip.message import Request, parse
from fourwire.sip.responding import response_to
from fourwire.trunks import Register


def offered(dialled: str) -> Offered:
    """A call."""
    return Offered(dialled=dialled, at=datetime(2026, 1, 5, 12, tzinfo=UTC))


async def first(call: Call) -> None:
    """A scenario."""


async def second(call: Call) -> None:
    """Another."""


def test_the_first_rule_that_matches_the_whole_of_what_was_dialled_wins() -> None:
    app = App()
    app.call(r"\+?1555\d+")(first)
    app.call("voxi|.*2")(second)
    assert app.target(offered("+15551")) is first
    assert app.target(offered("15552")) is first
    assert app.target(offered("voxi")) is second
    assert app.target(offered("2")) is second
    assert app.target(offered("voxi1")) is None
    assert app.target(offered("a voxi")) is None


def test_a_rule_without_a_number_matches_every_number() -> None:
    app = App()
    app.call()(first)
    assert app.target(offered("")) is first
    assert app.target(offered("anything")) is first


def test_a_rule_may_ask_for_more_than_the_number() -> None:
    app = App()
    app.call("1.*", exclude="13", caller="a", days="mon", hours="12:00-13:00", zone="UTC")(first)
    app.call(trunk="east", headers={"X-A": "b"})(second)
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert app.target(Offered(dialled="12", caller="a", at=noon)) is first
    assert app.target(Offered(dialled="13", caller="a", at=noon)) is None
    assert app.target(Offered(dialled="12", caller="a", at=noon.replace(hour=13))) is None
    asked = Offered(dialled="13", trunk="east", headers={"x-a": ["b"]}, at=noon)
    assert app.target(asked) is second


def test_an_app_without_rules_answers_nobody() -> None:
    assert App().target(offered("voxi")) is None


def test_a_decorated_scenario_stays_a_function_of_its_own() -> None:
    assert App().call("voxi")(first) is first


def test_what_is_no_regular_expression_is_refused_where_it_stands() -> None:
    with pytest.raises(ValueError, match=r"'\(' is not a regular expression"):
        App().call("(")


def test_a_mistake_is_told_in_one_line_and_a_fault_of_ours_is_not_hidden() -> None:
    busy = OSError(errno.EADDRINUSE, "Address already in use")
    assert "choose another with --listen" in str(mistake_in(busy))
    assert mistake_in(ExceptionGroup("", [SettingsError("bad key")])) == "bad key"
    assert mistake_in(ExceptionGroup("", [SettingsError("bad key"), KeyError("x")])) is None
    assert mistake_in(ZeroDivisionError()) is None


def test_running_with_a_listener_that_cannot_be_ends_with_status_2_and_advice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings(listen=(Listen("udp:192.0.2.1:5060"),))
    with pytest.raises(SystemExit) as stopped:
        App().run(settings)
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("fourwire: ")
    assert "192.0.2.1" in told
    assert "Traceback" not in told


class Office(asyncio.DatagramProtocol):
    """A registrar that knows one user."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.on_request: Callable[[], None] = lambda: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = parse(data)
        assert isinstance(request, Request)
        self.told.append(request.headers["Contact"])
        self.on_request()
        known = request.from_.uri.user == "1001"
        kept = (("Contact", request.headers["Contact"]),)
        response = response_to(request, 200 if known else 404, to_tag="r", headers=kept)
        self.transport.sendto(bytes(response), addr)


@pytest.mark.anyio
async def test_a_gateway_that_had_no_network_when_it_began_tells_its_address_once_it_has_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = ["192.0.2.50"]
    monkeypatch.setattr("fourwire.sip.transport.facing", lambda peer: ours[0])
    loop = asyncio.get_running_loop()
    office, registrar = await loop.create_datagram_endpoint(Office, local_addr=("127.0.0.1", 0))
    host, port = office.get_extra_info("sockname")
    register = (Register(name="known", server=f"sip:{host}:{port}", user="1001"),)
    settings = Settings(listen=(Listen("udp:0.0.0.0:0"),), register=register)
    registrar.on_request = lambda: ours.__setitem__(0, "127.0.0.1")
    async with scene(App(), settings=settings) as stage:
        await stage.notes.until("registration.registered", count=2)
    office.close()
    await asyncio.sleep(0)  # lets asyncio close it
    first, second = (contact.partition("@")[2].partition(":")[0] for contact in registrar.told[:2])
    assert (first, second) == ("192.0.2.50", "127.0.0.1")


@pytest.mark.anyio
async def test_an_app_says_how_it_stands_with_its_registrars() -> None:
    loop, app = asyncio.get_running_loop(), App()
    office, _ = await loop.create_datagram_endpoint(Office, local_addr=("127.0.0.1", 0))
    host, port = office.get_extra_info("sockname")
    names = {"known": "1001", "strange": "1002"}
    register = tuple(
        Register(name=name, server=f"sip:{host}:{port}", user=user, expires_s=300)
        for name, user in names.items()
    )
    assert app.registrations == {}
    settings = Settings(listen=(Listen("udp:127.0.0.1:0"),), register=register)
    async with scene(app, settings=settings) as stage:
        await stage.notes.until("registration.registered")
        await stage.notes.until("registration.failed")
        known, strange = app.registrations["known"], app.registrations["strange"]
        assert (known.registered, known.detail) == (True, "for 300 s")
        assert (strange.registered, strange.detail) == (False, "404 Not Found")
    office.close()
    await asyncio.sleep(0)  # lets asyncio close it
    assert app.registrations == {}


def test_an_app_whose_secrets_are_missing_does_not_start_and_names_all_of_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THERE_KEY", "a-key")
    monkeypatch.delenv("ONE_KEY", raising=False)
    monkeypatch.setenv("OTHER_KEY", "pasted badly")
    settings = Settings(listen=(Listen("udp:127.0.0.1:0"),))
    with pytest.raises(SystemExit) as stopped:
        App(secrets=["THERE_KEY", "ONE_KEY", "OTHER_KEY"]).run(settings)
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert "ONE_KEY is not set: put the key into the environment variable ONE_KEY" in told
    assert "OTHER_KEY has a space" in told
    assert "THERE_KEY" not in told
    assert "Traceback" not in told
