"""A line, a leg and an agent that do what a test says, and remember what they were told."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal, Self

import anyio

from fourwire._core import Unbridged
from fourwire.inworld import AudioFormats
from fourwire.inworld.events import Event, WebSocketClosed
from fourwire.inworld.feed import Feed, Listener
from fourwire.journal import Entry, Journal
from fourwire.life import Cause
from fourwire.line import LineClosed, LineEnded, LineEvent, MediaChanged
from fourwire.quality import Quality


class Queue:
    """Items that a test puts in, for one who iterates."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, item: object) -> None:
        """Let the listener have `item`."""
        self._items.put_nowait(item)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        return await self._items.get()


class Notes(list[Entry]):
    """A sink of the journal that a test looks into."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def __call__(self, entry: Entry) -> None:
        self.append(entry)
        self._news.set()

    async def until(self, event: str, count: int = 1) -> list[Mapping[str, Any]]:
        """What was noted under `event`, once there are `count`; TimeoutError after a while."""
        with anyio.fail_after(15):
            while len(self.named(event)) < count:
                self._news.clear()
                await self._news.wait()
        return self.named(event)

    def named(self, event: str) -> list[Mapping[str, Any]]:
        """What was noted under `event`, in order."""
        return [entry.fields for entry in self if entry.event == event]


class FakeLeg:
    """A media leg without sound."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.news = Queue()
        self.on_append: Any = None
        self.played: asyncio.Future[bool] = asyncio.Future()

    def __getattr__(self, verb: str) -> Any:
        def tell(*arguments: Any, **named: Any) -> None:
            self.told.append((verb, *arguments, *named.items()))

        return tell

    def unbridge(self) -> None:
        self.told.append(("unbridge",))
        self.news.put(Unbridged())

    async def play(self, audio: bytes, **named: Any) -> bool:
        """Sounds until a test sets `played`."""
        self.told.append(("play", audio, *named.items()))
        try:
            return await asyncio.shield(self.played)
        finally:
            self.told.append(("stop_playing",))

    def receive_message(self, message: bytes) -> bool:
        self.told.append(("receive_message", message))
        return b"audio.delta" in message

    def events(self) -> AsyncIterator[Any]:
        return aiter(self.news)

    def counters(self) -> dict[str, int]:
        return {"rtp_received": 3}

    def quality(self) -> Quality:
        return Quality(None, None)

    def verbs(self) -> list[str]:
        """What the leg was told to do, without particulars."""
        return [told[0] for told in self.told]


class FakeLine:
    """A line whose far side a test plays."""

    trunk = ""
    caller = "1001"
    display_name = "Ada"
    dialled = "voxi"
    headers: Mapping[str, str] = {"x-tenant": "blue"}
    codec = "PCMU"
    srtp = None
    about: Mapping[str, object] = {"sip_call_id": "abc"}
    takes_keys: str | None = "rtp"

    def __init__(self) -> None:
        self.leg = FakeLeg()
        self.told: list[tuple[Any, ...]] = []
        self.news = Queue()
        self.answering: anyio.Event | None = None
        """Set by a test that wants the answer to take its time."""
        self.holding: asyncio.Future[Exception | None] | None = None
        """Set by a test that wants to say itself what becomes of a hold, and when."""
        self.gone: LineEnded | None = None
        self.farewell: Literal["taken", "refused", "unanswered"] = "taken"
        """What the far side makes of a farewell."""
        self.outcome: asyncio.Future[Exception | None] = asyncio.Future()
        """What becomes of a transfer: a test sets it."""

    def happen(self, event: LineEvent) -> None:
        """Let the far side do something."""
        self.gone = event if isinstance(event, LineEnded) else self.gone
        self.news.put(event)

    async def send_key(self, digit: str, duration_ms: float) -> None:
        self.told.append(("send_key", digit, duration_ms))

    async def ring(self, headers: Mapping[str, str] | None) -> None:
        self.told.append(("ring", headers))

    async def progress(self, headers: Mapping[str, str] | None) -> FakeLeg:
        self.told.append(("progress", headers))
        return self.leg

    async def answer(self, headers: Mapping[str, str] | None) -> FakeLeg:
        self.told.append(("answer", headers))
        if self.answering is not None:
            await self.answering.wait()
        if self.gone is not None:
            raise LineClosed(self.gone.cause, self.gone.detail)
        return self.leg

    async def reject(
        self, status: int, reason: str | None, headers: Mapping[str, str] | None
    ) -> None:
        self.told.append(("reject", status, reason, headers))
        await self._part()

    async def hang_up(self, headers: Mapping[str, str] | None) -> None:
        self.told.append(("hang_up", headers))
        await self._part()

    async def _part(self) -> None:
        """What becomes of a farewell."""
        if self.farewell == "refused":
            raise LineClosed(Cause.CALLER_HUNG_UP)
        if self.farewell == "unanswered":
            await anyio.sleep_forever()

    async def hold(self, on: bool) -> MediaChanged:
        self.told.append(("hold", on))
        if self.holding is not None and (refusal := await asyncio.shield(self.holding)):
            raise refusal
        return MediaChanged("sendonly" if on else "sendrecv", ("192.0.2.1", 4000), "PCMU")

    async def transfer(self, target: Any, headers: Mapping[str, str] | None) -> None:
        self.told.append(("transfer", target, headers))
        failure = await asyncio.shield(self.outcome)
        if failure is not None:
            raise failure

    def events(self) -> AsyncIterator[Any]:
        return aiter(self.news)

    async def close(self) -> None:
        self.told.append(("close",))

    def verbs(self) -> list[str]:
        """What the line was told to do, without particulars."""
        return [told[0] for told in self.told]


class FakeAgent:
    """An agent without a connection."""

    shortcut = None

    def __init__(self, audio: AudioFormats | None = None) -> None:
        self.audio = audio or AudioFormats()
        self.told: list[str] = []
        self.frames: list[bytes] = []
        self.on_message: Any = None
        self.closed: WebSocketClosed | None = None
        self.closed_by_us = False
        self.active_response: str | None = None
        self.responding = False
        self._feed = Feed()
        self._first: Listener[Event] = self._feed.listen()

    def __aiter__(self) -> Listener[Event]:
        return self._first

    def events(self, *kinds: type[Event]) -> Listener[Event]:
        return self._feed.listen(*kinds)

    def publish(self, event: Event) -> None:
        self._feed.publish(event)

    def close(self, closed: WebSocketClosed, *, by_us: bool = False) -> None:
        """End the connection."""
        self.closed, self.closed_by_us = closed, by_us
        self._feed.publish(closed)
        self._feed.finish()

    def send_frame(self, frame: bytes) -> None:
        self.frames.append(frame)

    def response_cancel(self) -> bool:
        if self.active_response is not None:
            self.told.append("response.cancel")
        return self.active_response is not None

    def output_audio_buffer_clear(self) -> bool:
        self.told.append("output_audio_buffer.clear")
        return True

    def conversation_item_truncate(self, item_id: str, *, audio_end_ms: int) -> bool:
        self.told.append(f"conversation.item.truncate {item_id} {audio_end_ms}")
        return True

    def counters(self) -> dict[str, int]:
        return {"frames_sent": len(self.frames)}


class Addressed(FakeAgent):
    """An agent that notes what it is told."""

    def conversation_item_create(self, item: dict[str, Any]) -> bool:
        self.told.append(f"{item['role']}: {item['content'][0]['text']}")
        return True

    def response_create(self) -> bool:
        self.told.append("response.create")
        return True


def journal() -> tuple[Journal, Notes]:
    """A journal, and what it was told."""
    notes = Notes()
    return Journal(notes), notes


async def settled() -> None:
    """Let every task run until all wait for something."""
    await anyio.wait_all_tasks_blocked()
