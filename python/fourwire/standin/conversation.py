"""One session of the stand-in, without sockets or clocks.

Feed it what the client sends with `receive`, take what to send with `poll` until that is `None`,
and come back at `deadline`. Times are nanoseconds of one monotonic clock.
"""

import binascii
from collections.abc import Callable, Mapping, ValuesView

import msgspec

from fourwire.standin.behaviour import Behaviour
from fourwire.standin.floor import Floor
from fourwire.standin.ids import Ids
from fourwire.standin.items import Item, Items
from fourwire.standin.outbox import Outbox, Output
from fourwire.standin.quota import Quota
from fourwire.standin.record import SessionRecord
from fourwire.standin.refusal import Refused
from fourwire.standin.response import Event
from fourwire.standin.session import Session

__all__ = ["Conversation"]


class Conversation:
    """The protocol from the server's side; never raises on what a client sends."""

    def __init__(
        self,
        now: int,
        *,
        behaviour: Behaviour,
        record: SessionRecord,
        number: int = 0,
        unix_time: int = 0,
        model: str | None = None,
    ) -> None:
        """Opens session `number` of a server; `unix_time` (s) only dates `expires_at`."""
        self._behaviour = behaviour
        self._record = record
        self._ids = Ids(behaviour.seed, number)
        self._session = Session(
            self._ids.new("sess"), expires_at=unix_time + SESSION_SECONDS, model=model
        )
        self._items = Items()
        self._outbox = Outbox(now, behaviour, self._ids, record, number)
        self._appends = Quota(behaviour.appends_per_s, SECOND_NS)
        self._floor = Floor(self._session, self._items, self._outbox, record, behaviour, self._ids)
        self._outbox.say(now, {"type": "session.created", "session": self._session.fields})

    def receive(self, now: int, message: str | bytes) -> None:
        """A frame of the client: text as `str`, binary as `bytes`."""
        event: Event = {}
        try:
            audio = _appended(message)
            if audio is not None:
                self._record.note_append(now, len(audio))
                self._hear(now, audio)
                return
            event = _parsed(message)
            self._obey(now, event)
        except Refused as refusal:
            event_id = event.get("event_id")
            named = event_id if isinstance(event_id, str) else None
            self._outbox.say(now, refusal.event(named))

    def poll(self, now: int) -> Output | None:
        """The next thing to do; call until `None`, after every `receive` and at `deadline`."""
        self._floor.poll(now)
        return self._outbox.poll(now)

    @property
    def reading(self) -> bool:
        """Whether frames of the client are still wanted."""
        return self._outbox.reading

    def deadline(self) -> int | None:
        """When `poll` has something next, if no frame comes before."""
        times = (self._floor.deadline(), self._outbox.deadline())
        return min((time for time in times if time is not None), default=None)

    def _obey(self, now: int, event: Event) -> None:
        self._record.note(now, "in", event)
        kind = event.get("type")
        command = COMMANDS.get(kind) if isinstance(kind, str) else None
        if command is None:
            raise Refused(f"unknown event type: {kind!r}", "type")
        command(self, now, event)

    def _hear(self, now: int, audio: bytes) -> None:
        if not self._appends.take(now):
            limit = self._behaviour.appends_per_s
            raise Refused(f"more than {limit} appends a second", code="rate_limit_exceeded")
        self._floor.hear(now, audio)

    def _session_update(self, now: int, event: Event) -> None:
        self._session.update(event.get("session"))
        self._floor.obey_session()
        due = now + self._behaviour.update_delay_ms * NS_PER_MS
        self._outbox.say(due, {"type": "session.updated", "session": self._session.fields})

    def _append(self, now: int, event: Event) -> None:
        audio = event.get("audio")
        decoded = _decoded(audio) if isinstance(audio, str) else None
        if decoded is None:
            raise Refused("audio must be base64", "audio")
        self._hear(now, decoded)

    def _commit(self, now: int, event: Event) -> None:
        self._floor.commit(now)

    def _clear_input(self, now: int, event: Event) -> None:
        self._floor.clear_input(now)

    def _clear_output(self, now: int, event: Event) -> None:
        self._floor.clear_output(now)

    def _create_item(self, now: int, event: Event) -> None:
        item = Item(_item(event.get("item"), self._ids))
        after = event.get("previous_item_id")
        previous = self._items.add(item, after if isinstance(after, str) else None)
        about: Event = {"previous_item_id": previous, "item": item.wire}
        self._outbox.say(now, {"type": "conversation.item.added", **about})
        self._outbox.say(now, {"type": "conversation.item.done", **about})
        if item.wire["type"] == "function_call_output":
            self._floor.answered(now, item.wire["call_id"])

    def _delete_item(self, now: int, event: Event) -> None:
        self._items.delete(event.get("item_id"))
        deleted = {"type": "conversation.item.deleted", "item_id": event["item_id"]}
        self._outbox.say(now, deleted)

    def _retrieve_item(self, now: int, event: Event) -> None:
        item = self._items.find(event.get("item_id"))
        self._outbox.say(now, {"type": "conversation.item.retrieved", "item": item.wire})

    def _truncate_item(self, now: int, event: Event) -> None:
        item = self._items.find(event.get("item_id"))
        end_ms = event.get("audio_end_ms")
        if not isinstance(end_ms, int) or isinstance(end_ms, bool) or end_ms < 0:
            raise Refused("audio_end_ms must be a whole number of milliseconds", "audio_end_ms")
        if event.get("content_index", 0) != 0:
            raise Refused("content_index must be 0", "content_index")
        length_ms = self._length_ms(item)
        if end_ms > length_ms:
            message = f"Audio content of {length_ms}ms is already shorter than {end_ms}ms"
            raise Refused(message, "audio_end_ms")
        # As OpenAI documents it: words nobody heard must not stay in the model's context.
        item.wire = item.wire | {"content": [{"type": "audio", "transcript": ""}]}
        truncated = {"item_id": item.id, "content_index": 0, "audio_end_ms": end_ms}
        self._outbox.say(now, {"type": "conversation.item.truncated", **truncated})

    def _length_ms(self, item: Item) -> int:
        if item.spoken is None:
            raise Refused("only audio of the assistant can be truncated", "item_id")
        audio_format = item.spoken.format
        if self._behaviour.pcmu_timebase_bug and audio_format.sample_bytes == 1:
            return item.sent_bytes // FAULTY_BYTES_PER_MS
        return int(audio_format.ms(item.sent_bytes))

    def _create_response(self, now: int, event: Event) -> None:
        wanted = event.get("response")
        if wanted is not None and not isinstance(wanted, dict):
            raise Refused("response must be an object", "response")
        self._floor.respond(now, wanted or {})

    def _cancel_response(self, now: int, event: Event) -> None:
        self._floor.cancel(now, event.get("response_id"))


def _appended(message: str | bytes) -> bytes | None:
    """The audio of an append in its usual shape, without a JSON parser; `None`: look closer."""
    if not isinstance(message, str):
        return None
    if not (message.startswith(APPEND_HEAD) and message.endswith(APPEND_TAIL)):
        return None
    return _decoded(message[len(APPEND_HEAD) : -len(APPEND_TAIL)])


def _decoded(audio: str) -> bytes | None:
    """Bytes of standard base64 with its padding; `None` where it is anything else."""
    try:
        return binascii.a2b_base64(audio, strict_mode=True)
    except ValueError:
        return None


def _parsed(message: str | bytes) -> Event:
    if isinstance(message, bytes):
        raise Refused("binary frames are not part of the protocol", code="invalid_frame")
    try:
        event = msgspec.json.decode(message)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(f"not JSON: {error}", code="invalid_json") from None
    if not isinstance(event, dict):
        raise Refused("an event is a JSON object", code="invalid_json")
    if _is_deeper(event, MAX_DEPTH):
        raise Refused(f"an event is no more than {MAX_DEPTH} levels deep", code="invalid_json")
    return event


def _is_deeper(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(inner, list | ValuesView):
        return False
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)


def _item(wire: object, ids: Ids) -> Event:
    """The item a client creates, with an id."""
    if not isinstance(wire, dict):
        raise Refused("item must be an object", "item")
    kind = wire.get("type")
    if not isinstance(kind, str) or kind not in ITEM_FIELDS:
        raise Refused(f"item.type must be one of {', '.join(sorted(ITEM_FIELDS))}", "item.type")
    for field, wanted in ITEM_FIELDS[kind].items():
        if not isinstance(wire.get(field), wanted):
            raise Refused(f"item.{field} must be a {wanted.__name__}", f"item.{field}")
    if kind == "message" and wire["role"] not in ROLES:
        raise Refused(f"item.role must be one of {', '.join(sorted(ROLES))}", "item.role")
    item_id = wire.get("id")
    named = item_id if isinstance(item_id, str) and item_id else ids.new("item")
    return {**wire, "id": named, "object": "realtime.item", "status": "completed"}


ITEM_FIELDS: Mapping[str, Mapping[str, type]] = {
    "message": {"role": str, "content": list},
    "function_call": {"name": str, "arguments": str},
    "function_call_output": {"call_id": str, "output": str},
}
"""What a client may create, and the fields each needs."""

ROLES = frozenset({"user", "assistant", "system", "tool"})

APPEND_HEAD = '{"type":"input_audio_buffer.append","audio":"'

APPEND_TAIL = '"}'

FAULTY_BYTES_PER_MS = 24
"""The divisor of the time-base fault: seen live as milliseconds = bytes / 24 under µ-law."""

MAX_DEPTH = 64
"""Levels of an event; it is told again in the session's echo, which has to stay readable."""

SESSION_SECONDS = 3600

SECOND_NS = 1_000_000_000

NS_PER_MS = 1_000_000

COMMANDS: Mapping[str, Callable[[Conversation, int, Event], None]] = {
    "session.update": Conversation._session_update,
    "input_audio_buffer.append": Conversation._append,
    "input_audio_buffer.commit": Conversation._commit,
    "input_audio_buffer.clear": Conversation._clear_input,
    "output_audio_buffer.clear": Conversation._clear_output,
    "conversation.item.create": Conversation._create_item,
    "conversation.item.delete": Conversation._delete_item,
    "conversation.item.retrieve": Conversation._retrieve_item,
    "conversation.item.truncate": Conversation._truncate_item,
    "response.create": Conversation._create_response,
    "response.cancel": Conversation._cancel_response,
}
"""The eleven client events of the protocol."""
