"""One response: the events that carry it, in their order and at their time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

from fourwire.standin.behaviour import Behaviour
from fourwire.standin.calling import Calling
from fourwire.standin.failure import Failure
from fourwire.standin.filling import Filler
from fourwire.standin.formats import AudioFormat
from fourwire.standin.items import Item, Items
from fourwire.standin.recordings import Utterance

__all__ = ["Event", "Pace", "Response", "Wish"]

Event = dict[str, object]


class Phase(Enum):
    """How far a response is."""

    THINKING = auto()
    SPEAKING = auto()
    STUCK = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class Pace:
    """When the parts of a response leave."""

    first_ns: int
    gap_ns: int
    delta_ms: int

    @classmethod
    def of(cls, behaviour: Behaviour, utterance: Utterance, *, full_turn: bool) -> "Pace":
        """The pace of an utterance; `full_turn` makes all of it before the first part leaves."""
        speed = behaviour.speed
        made_in = utterance.duration_ms / speed if full_turn and speed else 0.0
        gap = 0.0 if full_turn or not speed else behaviour.delta_ms / speed
        first = behaviour.think_ms + made_in
        return cls(int(first * NS_PER_MS), int(gap * NS_PER_MS), behaviour.delta_ms)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a response shall be: ids, session fields it echoes, and how it is made."""

    response_id: str
    item_id: str
    conversation_id: str
    modalities: list[str]
    voice: object
    model: object
    metadata: dict[str, object]
    max_output_tokens: object
    calling: Calling
    failure: Failure | None = None
    filler: Filler | None = None
    first_delta_bytes: int = 0

    @property
    def speaks(self) -> bool:
        """Whether it has audio."""
        return "audio" in self.modalities and self.calling.speaks


class Response:
    """Tells what to send when; `poll` until it is empty, wake at `deadline`."""

    def __init__(
        self, now: int, wish: Wish, utterance: Utterance, pace: Pace, items: Items
    ) -> None:
        self.id = wish.response_id
        self.item = Item(_item(wish), spoken=utterance if wish.speaks else None)
        self._wish = wish
        self._utterance = utterance
        self._items = items
        filler = _filler_parts(wish, pace.delta_ms)
        self._parts = filler + _parts(utterance, pace.delta_ms, wish)
        self._fill_until = len(filler)
        self._made = now + pace.first_ns
        self._opened = False
        self._sent = 0
        self._words = ""
        self._status = "in_progress"
        self._reason: str | None = None
        self._phase = Phase.THINKING
        self._due = now + wish.filler.wait_ns if filler and wish.filler else self._made
        self._gap_ns = pace.gap_ns

    @property
    def format(self) -> AudioFormat:
        """The format of its audio."""
        return self._utterance.format

    @property
    def unanswered(self) -> set[str]:
        """The calls that wait for an answer, once it has ended."""
        return self._wish.calling.call_ids if self._status == "completed" else set()

    @property
    def ended(self) -> bool:
        """Whether its `response.done` was told."""
        return self._phase is Phase.ENDED

    def deadline(self) -> int | None:
        """When `poll` has something next."""
        return None if self._phase in (Phase.ENDED, Phase.STUCK) else self._due

    def created(self) -> Event:
        """Its first event, sent at once."""
        return {"type": "response.created", "response": self._wire()}

    def poll(self, now: int) -> list[Event]:
        """The next events that are due, or none."""
        due = self.deadline()
        if due is None or now < due:
            return []
        if self._fails_now():
            return list(self._failing())
        if self._phase is Phase.THINKING and not self._wish.calling.speaks:
            return list(self._closing("completed"))
        if self._phase is Phase.THINKING:
            self._phase = Phase.SPEAKING
            return list(self._opening())
        if self._sent < len(self._parts):
            events = list(self._next_part())
            self._due += self._gap_ns
            if self._sent == self._fill_until:
                self._due = max(self._due, self._made)
            return events
        return list(self._closing("completed"))

    def cancel(self, reason: str, *, stray: int, late: int) -> list[Event]:
        """Ends it now; of the deltas under way, some come before its end and some after."""
        if not self._opened:
            return list(self._closing("cancelled", reason))
        strays = self._next_parts(stray)
        closing = list(self._closing("cancelled", reason))
        return [*strays, *closing, *self._next_parts(late)]

    def _fails_now(self) -> bool:
        failure = self._wish.failure
        return failure is not None and self._sent >= min(failure.after_deltas, len(self._parts))

    def _failing(self) -> Iterator[Event]:
        failure = self._wish.failure
        assert failure is not None, "asked for where there is one"
        if failure.error_event:
            yield {"type": "error", "error": failure.error | {"event_id": None}}
        if failure.response_done:
            yield from self._closing("failed", "server_error")
        else:
            self._phase = Phase.STUCK

    def _next_parts(self, count: int) -> list[Event]:
        left = min(count, len(self._parts) - self._sent)
        return [event for _ in range(left) for event in self._next_part()]

    def _opening(self) -> Iterator[Event]:
        item, self._opened = self.item, True
        yield self._about_item("response.output_item.added")
        previous = self._items.add(item)
        yield {
            "type": "conversation.item.added",
            "previous_item_id": previous,
            "item": dict(item.wire),
        }
        yield self._about_part("response.content_part.added")
        if self._wish.speaks:
            yield {"type": "output_audio_buffer.started"}

    def _next_part(self) -> Iterator[Event]:
        words, audio = self._parts[self._sent]
        self._sent += 1
        self._words += words
        self.item.sent_bytes += len(audio)
        kind = "output_audio_transcript" if self._wish.speaks else "output_text"
        if words:
            yield self._place(f"response.{kind}.delta", delta=words)
        if audio:
            yield self._place("response.output_audio.delta", delta=audio)

    def _closing(self, status: str, reason: str | None = None) -> Iterator[Event]:
        opened = self._opened
        self._phase = Phase.ENDED
        self._status, self._reason = status, reason
        if opened:
            yield from self._item_closing()
        if status == "completed":
            yield from self._wish.calling.events(self.id, int(opened))
        yield {"type": "response.done", "response": self._wire(with_item=opened)}
        if opened and self._wish.speaks:
            yield {"type": "output_audio_buffer.stopped"}

    def _item_closing(self) -> Iterator[Event]:
        self.item.wire["status"] = "completed" if self._status == "completed" else "incomplete"
        self.item.wire["content"] = [self._part()]
        if self._wish.speaks:
            yield self._place("response.output_audio.done")
            yield self._place("response.output_audio_transcript.done", transcript=self._words)
        else:
            yield self._place("response.output_text.done", text=self._words)
        yield self._about_part("response.content_part.done")
        yield self._about_item("response.output_item.done")
        yield {
            "type": "conversation.item.done",
            "previous_item_id": self._items.previous_of(self.item),
            "item": dict(self.item.wire),
        }

    def _place(self, kind: str, **fields: object) -> Event:
        return {
            "type": kind,
            "response_id": self.id,
            "item_id": self.item.id,
            "output_index": 0,
            "content_index": 0,
            **fields,
        }

    def _about_item(self, kind: str) -> Event:
        return {
            "type": kind,
            "response_id": self.id,
            "output_index": 0,
            "item": dict(self.item.wire),
        }

    def _about_part(self, kind: str) -> Event:
        return self._place(kind, part=self._part())

    def _part(self) -> Event:
        if self._wish.speaks:
            return {"type": "audio", "transcript": self._words}
        return {"type": "text", "text": self._words}

    def _wire(self, *, with_item: bool = False) -> Event:
        wish = self._wish
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": self._status,
            "status_details": self._status_details(),
            "conversation_id": wish.conversation_id,
            "output_modalities": wish.modalities,
            "max_output_tokens": wish.max_output_tokens,
            "audio": {"output": {"format": self._utterance.format.wire(), "voice": wish.voice}},
            "output": self._output(with_item),
            "usage": self._usage(),
            "metadata": wish.metadata
            | {"attempts": [{"model": wish.model, "credential_type": "stand-in"}]},
        }

    def _output(self, with_item: bool) -> list[Event]:
        calls = self._wish.calling.wires if self._status == "completed" else []
        return [*([dict(self.item.wire)] if with_item else []), *calls]

    def _status_details(self) -> Event | None:
        if self._status == "in_progress":
            return None
        details: Event = {"type": self._status}
        if self._reason is not None:
            details["reason"] = self._reason
        if self._status == "failed" and self._wish.failure is not None:
            details["error"] = self._wish.failure.error
        return details

    def _usage(self) -> Event | None:
        if self._status == "in_progress":
            return None
        words = len(self._words.split())
        return {"total_tokens": words, "input_tokens": 0, "output_tokens": words}


def _item(wish: Wish) -> Event:
    return {
        "id": wish.item_id,
        "object": "realtime.item",
        "type": "message",
        "role": "assistant",
        "status": "in_progress",
        "content": [],
    }


def _parts(utterance: Utterance, delta_ms: int, wish: Wish) -> list[tuple[str, bytes]]:
    """The utterance cut into deltas, each with the words that begin in it."""
    audio = utterance.audio
    size = utterance.format.size(delta_ms) or len(audio) or 1
    pieces = [audio[start : start + size] for start in range(0, len(audio), size)] or [b""]
    words = _spread(utterance.words, len(pieces))
    if not wish.speaks:
        return [(text, b"") for text in words if text]
    pieces[0] += utterance.format.silence(wish.first_delta_bytes - len(pieces[0]))
    return list(zip(words, pieces, strict=True))


def _filler_parts(wish: Wish, delta_ms: int) -> list[tuple[str, bytes]]:
    """What is said while the answer is being made, its last words parted from the answer's."""
    if wish.filler is None or not wish.speaks:
        return []
    parts = _parts(wish.filler.utterance, delta_ms, replace(wish, first_delta_bytes=0))
    words, audio = parts[-1]
    return [*parts[:-1], (f"{words} ", audio)]


def _spread(text: str, count: int) -> list[str]:
    """The words of `text` over `count` places, in order; joined they are `text` again."""
    words = [word if place == 0 else f" {word}" for place, word in enumerate(text.split(" "))]
    edges = [-(-len(words) * place // count) for place in range(count + 1)]
    return ["".join(words[edges[place] : edges[place + 1]]) for place in range(count)]


NS_PER_MS = 1_000_000
