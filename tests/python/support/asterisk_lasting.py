"""Calls that last while other tests run, so that what has to be refreshed comes to be."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from fourwire import sip
from fourwire.demo.caller import Caller, Telephone
from fourwire.media import Media
from fourwire.settings import PortRange
from fourwire.trunks import Register
from support.asterisk import Asterisk
from support.asterisk_scene import QUESTION
from support.capture_speech import SECOND
from support.scene import SETTINGS, Scene, scene

SHORTEST_S = 90
"""No session need be refreshed more often (RFC 4028 §4), and half of that is when it is."""

SPEAKS_AFTER_S = SHORTEST_S // 2 + 1


@dataclass(frozen=True)
class Lasting:
    """A call of Asterisk to an extension that registered, and one of ours to its echo."""

    stage: Scene
    caller: Caller
    began: float
    portal: BlockingPortal

    def until_refreshed(self) -> None:
        """Wait until all was to be refreshed once, and both sides of both calls have spoken."""
        time.sleep(max(0.0, self.began + SPEAKS_AFTER_S - time.monotonic()))
        self.portal.call(self.caller.say, QUESTION)
        time.sleep(len(QUESTION) / len(SECOND) + 0.5)


@contextmanager
def lasting_calls(pbx: Asterisk, folder: Path) -> Iterator[Lasting]:
    """Both calls, in a thread of their own."""
    with (
        pytest.MonkeyPatch.context() as environment,
        start_blocking_portal() as portal,
    ):
        environment.setenv("LASTING_PASSWORD", "jabberwocky")
        with portal.wrap_async_context_manager(_lasting(pbx, folder)) as (stage, caller):
            yield Lasting(stage, caller, time.monotonic(), portal)


@asynccontextmanager
async def _lasting(pbx: Asterisk, folder: Path) -> AsyncIterator[tuple[Scene, Caller]]:
    register = Register(
        name="lasting",
        server=f"sip:127.0.0.1:{pbx.sip}",
        user="lasting",
        password="LASTING_PASSWORD",  # noqa: S106 - where it stands
        expires_s=30,
    )
    settings = msgspec.structs.replace(
        SETTINGS, register=(register,), rtp_ports=PortRange("26500-26600"), codecs=("PCMU",)
    )
    shortest = sip.Settings(
        listeners=[sip.Listener("udp", "127.0.0.1", 0)], session_expires_s=SHORTEST_S
    )
    async with (
        scene(settings=settings) as stage,
        Media(address="127.0.0.1", ports=(26700, 26800)) as media,
        sip.listen(shortest) as endpoint,
        pbx.manager() as manager,
    ):
        await stage.notes.until("registration.registered")
        says = SPEAKS_AFTER_S * SECOND + QUESTION
        await manager.person("lasting@test", says, folder / "heard.wav", stays_s=30)
        await stage.notes.until("call.answered")
        phone = Telephone(endpoint, media, "127.0.0.1")
        async with phone.call(f"sip:600@127.0.0.1:{pbx.sip}", from_user="phone") as caller:
            yield stage, caller
