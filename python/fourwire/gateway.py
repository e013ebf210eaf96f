"""A running gateway: its sockets, the calls that live on it, and how it comes to rest."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus

from fourwire import _core, sdp, sip
from fourwire.announcement import announcement_of
from fourwire.call import Call, Scenario
from fourwire.call_options import CallOptions
from fourwire.dialling import Dialling, wish_of
from fourwire.goodbye import say_goodbye
from fourwire.inworld.transport import DIAL, Target, Transport
from fourwire.inworld.websocket import dial as dial_websocket
from fourwire.journal import Journal
from fourwire.life import Cause, Ended
from fourwire.line import Headers
from fourwire.media import Media
from fourwire.operating import operated
from fourwire.publishing import Desk
from fourwire.recording_folder import make_room, recording_of, unfinished
from fourwire.registrations import Registrations
from fourwire.routes import Refusal
from fourwire.routing import Offered
from fourwire.settings import Settings, SettingsError
from fourwire.sip.tls import Contexts
from fourwire.sip.uri import bracketed
from fourwire.sip_line import Refused, SipLine
from fourwire.spans import tracer_of
from fourwire.trunks import access_of
from fourwire.wire_trace import Wire

__all__ = ["Gateway", "open_gateway", "refuse_unusable"]

Route = Callable[[Offered], Scenario | Refusal | None]
AfterCall = Callable[[Call, Ended], Awaitable[None]]

CODECS = {codec.name: codec for codec in sdp.ALL_CODECS}
"""Codecs by the names that the settings have for them."""

LONGEST_TOLD = 256
"""Characters of what a refused caller says that are written down: it may say 16 kB each time, and
there is no end of such callers."""

NO_GRACE_SECONDS = 5.0
"""How long calls that were told to end may take over it before they are cut off."""


class Gateway:
    """Takes calls as they come and runs a scenario for each.

    Calls cannot harm each other: whatever goes wrong in one ends that one.
    """

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        media: Media,
        endpoint: sip.Endpoint,
        route: Route,
        after_call: AfterCall,
        desk: Desk,
    ) -> None:
        self.settings = settings
        self.journal = journal
        self.media = media
        self.endpoint = endpoint
        self.registrations = Registrations(settings, journal, endpoint)
        """How we stand with registrars."""
        self.calls: dict[str, Call] = {}
        """The calls that live now, by id."""
        self.draining = False
        """Whether new calls are refused because the gateway is to stop, or was told to."""
        self.overloaded: str | None = None
        """Why new calls are refused because of the load, where they are."""
        self.when_draining: list[Callable[[], None]] = []
        """Called when the gateway begins to come to rest."""
        self._goodbye = announcement_of("goodbye", settings.goodbye)
        self.wire = Wire(settings.trace, journal.clock)
        """What passes over the wire, for those who trace it."""
        endpoint.on_message = self.wire.sip
        self._route = route
        self._after_call = after_call
        self._options = CallOptions(
            append_ms=settings.append_ms,
            rtp_lost_s=settings.rtp_lost_s,
            ring_s=settings.ring_s or None,
            most_s=settings.max_call_s or None,
            recording=(recording := recording_of(settings)),
            desk=desk,
            announcement=announcement_of("recording.announcement", recording.announcement),
            early_barge_in=settings.early_barge_in,
            wire=self.wire,
        )
        self._tasks: TaskGroup | None = None
        self._idle = anyio.Event()
        self._stuck = False

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """Transport, host and port of every SIP listener, as bound."""
        return list(self.endpoint.addresses)

    async def take_calls(
        self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Take calls until cancelled, and have calls out live beside them."""
        async with anyio.create_task_group() as calls:
            self._tasks = calls
            task_status.started()
            async for incoming in self.endpoint.calls():
                calls.start_soon(self._take, incoming)
                del incoming  # else it would outlive its call, until another comes

    async def dial(
        self,
        target: str,
        *,
        trunk: str = "",
        caller: str = "",
        display_name: str = "",
        headers: Headers | None = None,
        timeout_s: float = 60.0,
        early: Scenario | None = None,
    ) -> Call:
        """Call `target`, a number or a SIP URI, and return the call once it is answered.

        What the other side sends before it answers (early media) is recorded, where calls are, and
        `early` is run with the call from then on, to let an agent hear it, or to press keys.

        It goes by the trunk of that name, or where the URI says. It lives until either side hangs
        up. Raises `CallFailed` where it is refused (its status), is not answered within
        `timeout_s` (408), or there is no room (503).
        """
        named = next((each for each in self.settings.trunk if each.name == trunk), None)
        if trunk and named is None:
            raise ValueError(f"there is no trunk {trunk}")
        limit = None if named is None else named.max_calls
        # Asked once more when it is placed: names are looked up first, and others may be faster.
        if self._tasks is None or not self.endpoint.has_room(trunk, limit):
            raise sip.CallFailed(503, f"no room for another call {trunk}".strip())
        wish = await wish_of(
            self.endpoint,
            named,
            target,
            caller=caller,
            display_name=display_name,
            headers=headers,
        )
        codecs = [CODECS[name] for name in self.settings.codecs]
        dialling = Dialling(
            self.endpoint,
            self.media,
            self.settings,
            codecs,
            self.journal,
            self._options,
            wish,
            timeout_s,
            early,
        )
        self._tasks.start_soon(self._live, dialling.call, dialling.scenario)
        return await dialling.answered()

    async def _take(self, incoming: sip.IncomingCall) -> None:
        try:
            await self._receive(incoming)
        except Refused as refused:
            await self._refuse(incoming, refused.status, str(refused), refused.headers)
        except (Exception, SystemExit) as error:
            what = f"{type(error).__name__}: {error}"
            self.journal.write("gateway.error", error=what, sip_call_id=incoming.call_id)
            await self._abandon(incoming, what)

    async def _receive(self, incoming: sip.IncomingCall) -> None:
        scenario = self._route(_offered(incoming))
        if scenario is None:
            raise Refused(404, f"no rule matches {incoming.user!r}")
        if isinstance(scenario, Refusal):
            raise Refused(scenario.status, scenario.why, scenario.headers)
        codecs = [CODECS[name] for name in self.settings.codecs]
        settings = self.settings
        srtp = settings.srtp.of_call
        line = SipLine(incoming, self.media, settings.address, codecs, settings.idle, srtp)
        call_id = uuid.uuid4().hex
        call = Call(call_id, line, self.journal.call(call_id), self._options)
        await self._live(call, scenario)

    async def _live(self, call: Call, scenario: Scenario) -> None:
        self.calls[call.id] = call
        DIAL.set(partial(self._open_websocket, call.id))  # for the tasks of this call
        try:
            ended = await call.live(scenario)
        finally:
            del self.calls[call.id]
            if not self.calls:
                self._idle.set()
        await self._conclude(call, ended)

    async def _open_websocket(self, call: str, target: Target) -> Transport:
        """Open a WebSocket for a call; a trace sees nothing of what passes Python by."""
        past_python = self.settings.websocket == "engine" and not self.wire.is_traced(call)
        return await (self.media.dial if past_python else dial_websocket)(target)

    async def _conclude(self, call: Call, ended: Ended) -> None:
        try:
            await self._after_call(call, ended)
        except (Exception, SystemExit) as error:  # what wants to exit ends no other call
            call.log("gateway.error", error=f"after the call: {type(error).__name__}: {error}")

    async def _refuse(
        self, incoming: sip.IncomingCall, status: int, why: str, headers: Headers | None = None
    ) -> None:
        self.journal.write(
            "gateway.refused",
            status=status,
            why=_short(why),
            caller=_short(incoming.caller),
            dialled=_short(incoming.user),
            sip_call_id=_short(incoming.call_id),
        )
        await incoming.reject(status, headers=headers)

    async def _abandon(self, incoming: sip.IncomingCall, why: str) -> None:
        """Part from a caller after a fault of ours, answered or not."""
        try:
            await self._refuse(incoming, 500, why)
        except sip.LocalError:
            await incoming.hang_up()

    def take_new_calls(self, on: bool) -> None:
        """Refuse new calls with 503, or take them again; those that run go on."""
        self.draining = not on
        self._admit()
        self.journal.write("gateway.resumed" if on else "gateway.paused", calls=len(self.calls))

    def refuse_for_load(self, why: str | None) -> None:
        """Refuse new calls with 503 because of the load, or no longer."""
        self.overloaded = why
        self._admit()
        if why is None:
            self.journal.write("gateway.relieved", calls=len(self.calls))
        else:
            self.journal.write("gateway.overloaded", why=why, calls=len(self.calls))

    def _admit(self) -> None:
        self.endpoint.drain = self.draining or self.overloaded is not None

    async def drain(self, grace_s: float | None = None) -> None:
        """Take no new calls, let those that run finish within `grace_s`, then end them.

        Callers who had that time and are still there hear the goodbye of the settings first.
        """
        grace_s = self.settings.grace_s if grace_s is None else grace_s
        self.draining = True
        self._admit()
        while self.when_draining:
            self.when_draining.pop()()
        await self.registrations.end()
        if not self.calls or self._stuck:
            return
        self.journal.write("gateway.draining", calls=len(self.calls), grace_s=grace_s)
        await self.wait_idle(grace_s)
        if self._goodbye is not None and grace_s > 0:
            await say_goodbye(list(self.calls.values()), self._goodbye)
        for call in list(self.calls.values()):
            call.end(Cause.SHUTDOWN)
        await self.wait_idle(NO_GRACE_SECONDS)
        self._stuck = bool(self.calls)
        if self._stuck:
            self.journal.write("gateway.stuck", calls=len(self.calls), ids=[*self.calls])

    async def wait_idle(self, seconds: float) -> None:
        """Wait until no call lives, but no longer than `seconds`."""
        with anyio.move_on_after(seconds):
            while self.calls:
                self._idle = anyio.Event()
                await self._idle.wait()


@asynccontextmanager
async def open_gateway(
    settings: Settings, journal: Journal, route: Route, after_call: AfterCall
) -> AsyncIterator[Gateway]:
    """A gateway that takes calls while the block runs, and ends those that are left after it."""
    refuse_unusable(settings)
    make_room(recording_of(settings).dir)
    told = await anyio.to_thread.run_sync(_sip_settings, settings)
    try:
        async with (
            Desk() as desk,
            Media(
                address=_media_address(settings),
                ports=settings.rtp_ports.pair,
                workers=settings.workers,
            ) as media,
            sip.listen(told) as endpoint,
            anyio.create_task_group() as tasks,
        ):
            gateway = Gateway(settings, journal, media, endpoint, route, after_call, desk)
            await tasks.start(gateway.take_calls)
            tasks.start_soon(gateway.registrations.follow)
            journal.write("gateway.listening", addresses=gateway.addresses)
            await gateway.registrations.begin()
            async with operated(gateway):
                left = await anyio.to_thread.run_sync(unfinished, recording_of(settings).dir)
                if left is not None:
                    journal.write("gateway.recordings_unfinished", **left)
                try:
                    yield gateway
                finally:
                    with anyio.CancelScope(shield=True):
                        await gateway.drain(0.0)
            tasks.cancel_scope.cancel()
            gateway.wire.close()
            journal.write("gateway.stopped", sip=endpoint.counters(), media=media.counters())
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from None  # what the block raised, as it raised it


def refuse_unusable(settings: Settings) -> None:
    """Raise `SettingsError` for what this machine or this build cannot do."""
    _require_opus(settings)
    _require_certificate(settings)
    announcement_of("goodbye", settings.goodbye)
    announcement_of("recording.announcement", settings.recording.announcement)
    tracer_of(settings.otel)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TOLD else f"{text[:LONGEST_TOLD]}…"


def _offered(incoming: sip.IncomingCall) -> Offered:
    """The call as rules see it."""
    headers: dict[str, list[str]] = {}
    for name, value in incoming.headers.fields():
        headers.setdefault(name.lower(), []).append(value)
    return Offered(
        dialled=incoming.user,
        caller=incoming.caller,
        trunk=incoming.trunk,
        headers=headers,
        at=datetime.now(UTC),
    )


def _media_address(settings: Settings) -> str:
    """All of the machine's addresses: those of IPv6 (and IPv4 too) where callers come by it."""
    hosts = [settings.address, *(to.host for to in settings.listen)]
    return "::" if any(":" in host for host in hosts) else "0.0.0.0"  # noqa: S104 as above


def _require_opus(settings: Settings) -> None:
    """Refuse Opus now where it was not built, so that no call fails of it later."""
    if "opus" in settings.codecs and not hasattr(_core, "Opus"):
        raise SettingsError("codecs: opus is not in this build of fourwire (docs/codecs.md)")


def _require_certificate(settings: Settings) -> None:
    """Refuse TLS without certificates that can be used, in the words of the settings file."""
    secure = [listen for listen in settings.listen if listen.transport == "tls"]
    if secure and (settings.tls is None or not settings.tls.certificate):
        raise SettingsError(f"listen = {secure[0]}: needs certificate and key in [tls]")
    try:
        if settings.tls is not None:
            Contexts(settings.tls)
    except OSError as error:
        raise SettingsError(f"tls: {error}") from None


def _sip_settings(settings: Settings) -> sip.Settings:
    """What the endpoint is told; commands that say passwords of trunks may take a while."""
    return sip.Settings(
        listeners=[
            sip.Listener(to.transport, to.host, to.port, to.external or None)
            for to in settings.listen
        ],
        takes_referrals=True,  # each call decides
        access=access_of(settings.trunk, settings.access, registers=bool(settings.register)),
        tls=settings.tls,
        keep_alive_s=settings.keep_alive_s,
        max_calls=settings.max_calls,
        external=bracketed(settings.address) or None,
        **settings.sip.told(),
    )
