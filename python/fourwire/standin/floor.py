"""Who speaks: the caller's turns, the agent's responses, and what one does to the other."""

from dataclasses import replace

from fourwire.standin.backchannel import BackChannels, Wanted
from fourwire.standin.behaviour import Behaviour, Fillers, OnClear
from fourwire.standin.calling import Calling
from fourwire.standin.failure import Failure, failure_of
from fourwire.standin.filling import Filling
from fourwire.standin.formats import Decoder
from fourwire.standin.ids import Ids
from fourwire.standin.items import Item, Items
from fourwire.standin.listening import Listener, SpeechStarted, SpeechStopped, TurnDetection
from fourwire.standin.memory import Memory
from fourwire.standin.outbox import Outbox
from fourwire.standin.quota import Quota
from fourwire.standin.record import SessionRecord
from fourwire.standin.recordings import Utterance
from fourwire.standin.refusal import Refused
from fourwire.standin.repertoire import Repertoire, Turn
from fourwire.standin.response import Event, Pace, Response, Wish
from fourwire.standin.session import Session
from fourwire.standin.transcription import Transcription

__all__ = ["Floor"]


class Floor:
    """Hears the caller, keeps at most one response going, and says all of it to the outbox."""

    def __init__(
        self,
        session: Session,
        items: Items,
        outbox: Outbox,
        record: SessionRecord,
        behaviour: Behaviour,
        ids: Ids,
    ) -> None:
        self._session = session
        self._items = items
        self._outbox = outbox
        self._record = record
        self._behaviour = behaviour
        self._ids = ids
        self._conversation_id = ids.new("conv")
        self._decoder = Decoder(session.input_format)
        self._listener = Listener(TurnDetection.of(session.turn_detection, behaviour))
        self._back_channels = BackChannels(behaviour, ids)
        self._repertoire = Repertoire(behaviour.answers)
        self._filling = Filling(behaviour.fillers)
        self._memory = Memory()
        self._requests = Quota(behaviour.requests_per_minute, MINUTE_NS)
        self._transcription: Transcription | None = None
        self._turn: Turn | None = None
        self._response: Response | None = None
        self._bridged: Response | None = None
        self._owes_response = False
        self._begun_responses = 0
        self._unanswered: set[str] = set()

    def obey_session(self) -> None:
        """The session changed: listens in its format and by its rules from here on."""
        if self._decoder.format != self._session.input_format:
            self._decoder = Decoder(self._session.input_format)
        detection = TurnDetection.of(self._session.turn_detection, self._behaviour)
        self._listener.listen_for(detection)

    def hear(self, now: int, audio: bytes) -> None:
        """The caller's next audio, in the session's input format."""
        pcm = self._decoder.decode(audio)
        self._record.hear(pcm)
        for change in self._listener.hear(pcm):
            if isinstance(change, SpeechStarted):
                self._speech_started(now, change)
            else:
                self._speech_stopped(now, change)
        if self._listener.speaking:
            self._while_speaking(now)

    def commit(self, now: int) -> None:
        """The client ends the turn itself."""
        if not self._listener.turn:
            raise Refused("the input audio buffer is empty", code="input_audio_buffer_commit_empty")
        self._commit(now, speech_ms=None)

    def clear_input(self, now: int) -> None:
        """What the caller said since the last commit is forgotten."""
        self._listener.forget_turn()
        self._transcription = None
        self._outbox.say(now, {"type": "input_audio_buffer.cleared"})

    def clear_output(self, now: int) -> None:
        """What the agent has not yet sent is dropped, back-channels included."""
        if self._behaviour.on_clear is OnClear.REFUSED:
            raise Refused("output_audio_buffer.clear is for WebRTC and SIP only", "type")
        self._outbox.say(now, *self._back_channels.withdraw())
        self._outbox.say(now, {"type": "output_audio_buffer.cleared"})
        if self._behaviour.on_clear is OnClear.ENDS_RESPONSE:
            self._interrupt(now, "client_cancelled")

    def respond(self, now: int, wanted: Event) -> None:
        """Starts the response a client asks for."""
        if self._response is not None:
            raise Refused(
                f"the conversation already has an active response: {self._response.id}",
                code="conversation_already_has_active_response",
            )
        self._begin_response(now, wanted)

    def answered(self, now: int, call_id: object) -> None:
        """The client told what came of a call; the last answer may make the agent go on."""
        if call_id not in self._unanswered:
            return
        self._unanswered = self._unanswered - {str(call_id)}
        inworlds = self._session.fields.get("providerData")
        goes_on = not isinstance(inworlds, dict) or inworlds.get("auto_tool_response") is not False
        if goes_on and not self._unanswered:
            self._answer_turn(now)

    def cancel(self, now: int, response_id: object) -> None:
        """Ends the active response at the client's wish."""
        active = self._response
        if active is None or response_id not in (None, active.id):
            raise Refused(
                "cancellation failed: no active response found",
                code="response_cancel_not_active",
            )
        self._interrupt(now, "client_cancelled")

    def poll(self, now: int) -> None:
        """Says all that is due."""
        wanted = Wanted.of(self._session.provider("backchannel"))
        self._outbox.say(now, *self._back_channels.poll(now, wanted, self._session.output_format))
        while self._response is not None and (events := self._response.poll(now)):
            self._outbox.say(now, *events)
            if self._response.ended:
                self._response_ended(now)

    def deadline(self) -> int | None:
        """When `poll` has something next."""
        response = None if self._response is None else self._response.deadline()
        times = (response, self._back_channels.deadline())
        return min((time for time in times if time is not None), default=None)

    def _speech_started(self, now: int, change: SpeechStarted) -> None:
        detection = self._listener.detection
        assert detection is not None, "only detection finds speech"
        self._transcription = Transcription(self._ids.new("item"), self._behaviour.transcripts)
        self._back_channels.begin_turn()
        self._owes_response = False  # the answer to this turn answers the one before, too
        self._outbox.say(
            now,
            {
                "type": "input_audio_buffer.speech_started",
                "item_id": self._transcription.item_id,
                "audio_start_ms": max(0, change.onset_ms - detection.prefix_ms),
            },
        )
        if detection.interrupt_response:
            self._interrupt(now, "turn_detected")

    def _while_speaking(self, now: int) -> None:
        speech_ms = self._listener.speech_ms
        if self._transcription is not None:
            self._outbox.say(now, *self._transcription.partial(speech_ms))
        wanted = Wanted.of(self._session.provider("backchannel"))
        self._back_channels.consider(now, wanted, speech_ms)

    def _speech_stopped(self, now: int, change: SpeechStopped) -> None:
        item_id = self._transcription.item_id if self._transcription else self._ids.new("item")
        self._outbox.say(now, *self._back_channels.withdraw())
        self._outbox.say(
            now,
            {
                "type": "input_audio_buffer.speech_stopped",
                "item_id": item_id,
                "audio_end_ms": change.at_ms,
            },
        )
        self._commit(now, change.speech_ms)
        detection = self._listener.detection
        # Inworld answers a detected turn by itself only where the session has audio.
        if detection and detection.create_response and "audio" in self._session.modalities:
            self._answer_turn(now)

    def _commit(self, now: int, speech_ms: int | None) -> None:
        """The turn becomes an item with its transcript; its length where nothing measured it."""
        pcm = self._listener.take_turn()
        self._turn = Turn(pcm, len(pcm) // BYTES_PER_MS if speech_ms is None else speech_ms)
        transcription = self._transcription or Transcription(
            self._ids.new("item"), self._behaviour.transcripts
        )
        self._transcription = None
        item = Item(_user_item(transcription.item_id))
        previous = self._items.add(item)
        about = {"previous_item_id": previous, "item": item.wire}
        self._outbox.say(
            now,
            {
                "type": "input_audio_buffer.committed",
                "item_id": item.id,
                "previous_item_id": previous,
            },
            {"type": "conversation.item.added", **about},
            *transcription.final(self._turn.words, self._voice_profile()),
        )
        item.wire = _user_item(item.id, self._turn.words)
        self._outbox.say(now, {"type": "conversation.item.done", **about, "item": item.wire})
        self._remember(now, self._turn.words)

    def _answer_turn(self, now: int) -> None:
        if self._response is None:
            self._begin_response(now, {})
        else:
            self._owes_response = True

    def _remember(self, now: int, words: str) -> None:
        """A turn of the caller's ended; its memory may have changed."""
        state = self._memory.turn(words, self._session.provider("memory"))
        if state is not None and self._behaviour.memory:
            self._session.remember(state)
            self._outbox.say(now, {"type": "session.updated", "session": self._session.fields})

    def _begin_response(self, now: int, wanted: Event) -> None:
        wish = self._wish(now, wanted)
        asked = self._items.newest_user_text()
        utterance = self._repertoire.next(
            self._session.output_format, asked, None if asked else self._turn
        )
        full_turn = self._session.provider("tts").get("segmenter_strategy") == "full_turn"
        pace = Pace.of(self._behaviour, utterance, full_turn=full_turn)
        self._owes_response = False
        self._begin(now, self._bridge(now, wish, utterance, pace))

    def _begin(self, now: int, response: Response) -> None:
        self._response = response
        self._outbox.speak_in(now, response.format)
        self._outbox.say(now, response.created())
        if self._requests.limit is not None:
            self._outbox.say(now, self._rate_limits(now))

    def _bridge(self, now: int, wish: Wish, utterance: Utterance, pace: Pace) -> Response:
        """The response to begin with: the wished one, or a filler that goes before it."""
        wire = self._session.provider("responsiveness")
        filler = self._filling.next(now, wire, pace.first_ns, utterance.format)
        if filler is None or not wish.speaks or wish.failure is not None:
            return Response(now, wish, utterance, pace, self._items)
        if self._filling.mode is Fillers.SAME_RESPONSE:
            return Response(now, replace(wish, filler=filler), utterance, pace, self._items)
        self._bridged = Response(now, wish, utterance, pace, self._items)
        own = replace(
            wish,
            response_id=self._ids.new("resp"),
            item_id=self._ids.new("item"),
            calling=Calling(None, self._ids, self._items, nameless=False, repeated=False),
        )
        waiting = replace(pace, first_ns=filler.wait_ns)
        return Response(now, own, filler.utterance, waiting, self._items)

    def _rate_limits(self, now: int) -> Event:
        limit = {
            "name": "requests",
            "limit": self._requests.limit,
            "remaining": self._requests.remaining,
            "reset_seconds": self._requests.reset_ns(now) / 1e9,
        }
        return {"type": "rate_limits.updated", "rate_limits": [limit]}

    def _wish(self, now: int, wanted: Event) -> Wish:
        number, self._begun_responses = self._begun_responses, self._begun_responses + 1
        fields = self._session.fields
        audio = fields["audio"]
        output = audio["output"] if isinstance(audio, dict) else {}
        return Wish(
            response_id=self._ids.new("resp"),
            item_id=self._ids.new("item"),
            conversation_id=self._conversation_id,
            modalities=_modalities(wanted) or self._session.modalities,
            voice=wanted.get("voice", output.get("voice")),
            model=fields["model"],
            metadata=_metadata(wanted),
            max_output_tokens=wanted.get("max_output_tokens", fields["max_output_tokens"]),
            calling=self._calling(number),
            failure=self._failure(now, number),
            first_delta_bytes=self._behaviour.huge_delta_bytes,
        )

    def _calling(self, number: int) -> Calling:
        behaviour = self._behaviour
        return Calling(
            behaviour.calls.get(number),
            self._ids,
            self._items,
            nameless=behaviour.nameless_calls,
            repeated=behaviour.repeated_calls,
        )

    def _failure(self, now: int, number: int) -> Failure | None:
        within = self._requests.take(now)
        return failure_of(self._behaviour.failures, number) if within else OVER_LIMIT

    def _interrupt(self, now: int, reason: str) -> None:
        response = self._response
        if response is None:
            return
        behaviour = self._behaviour
        self._outbox.say(
            now,
            *response.cancel(reason, stray=behaviour.stray_deltas, late=behaviour.late_deltas),
        )
        self._bridged = None
        self._response_ended(now)

    def _response_ended(self, now: int) -> None:
        if self._response is not None:
            self._unanswered = self._response.unanswered
        self._response = None
        bridged, self._bridged = self._bridged, None
        if bridged is not None:
            self._begin(now, bridged)
        elif self._owes_response:
            self._begin_response(now, {})

    def _voice_profile(self) -> Event:
        asked = self._session.provider("stt").get("voice_profile") is True
        if not (asked and self._behaviour.voice_profile):
            return {}
        profile = {branch: [dict(VOICE_LABEL)] for branch in VOICE_BRANCHES}
        return {"providerData": {"voiceProfile": profile}}


def _user_item(item_id: str, transcript: str | None = None) -> Event:
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "role": "user",
        "status": "completed",
        "content": [{"type": "input_audio", "transcript": transcript}],
    }


def _modalities(wanted: Event) -> list[str]:
    """What a response asks for; `modalities` is the older name."""
    for key in ("output_modalities", "modalities"):
        named = wanted.get(key)
        if named is None:
            continue
        if not isinstance(named, list) or not named or not MODALITIES.issuperset(map(str, named)):
            raise Refused(f'{key} must be a list of "audio" and "text"', f"response.{key}")
        return [str(each) for each in named]
    return []


def _metadata(wanted: Event) -> Event:
    metadata = wanted.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


OVER_LIMIT = Failure(
    response=0, type="requests", code="rate_limit_exceeded", message="too many requests a minute"
)
"""How a response beyond the account's limit ends."""

MINUTE_NS = 60_000_000_000

MODALITIES = frozenset({"audio", "text"})

BYTES_PER_MS = 16

VOICE_BRANCHES = ("age", "gender", "emotion", "vocal_style", "accent", "pitch")

VOICE_LABEL = {"label": "unclear", "confidence": 1.0}
"""The stand-in cannot tell voices apart and says so."""
