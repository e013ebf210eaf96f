"""An agent without code: a TOML file that says who answers, and the scenario that it makes."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from fourwire import inworld
from fourwire._core import EarlyBargeIn
from fourwire.call import Call, Scenario
from fourwire.call_length import Length, limit_length
from fourwire.call_tools import PhoneTool, phone_tools
from fourwire.checking import checked
from fourwire.conversation import Conversation
from fourwire.failure_policy import FailurePolicy
from fourwire.inworld.endpoint import session_url
from fourwire.media import EarlyBargeInLike
from fourwire.problems import IllegalSetting, SettingsError, reason_of, told
from fourwire.prompt_variables import filled, unknown_variable
from fourwire.routing import ANYTHING, Pattern
from fourwire.secrets import Secret, SecretFrom, refuse_bad_source, secret_of
from fourwire.silence import Silence, watch_silence
from fourwire.sip.errors import LocalError
from fourwire.sip.refer_to import target_of
from fourwire.told_keys import KeyOptions, tell_keys
from fourwire.toml_file import TomlFile

__all__ = ["AgentFile", "scenario"]

DEFAULT_INSTRUCTIONS = "You are a helpful voice on the telephone. Keep every answer short."
DEFAULT_GREETING = "The phone call just connected. Greet the caller and ask how you can help."


class EarlyBargeInTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Early barge-in with all it can be told; `EarlyBargeIn` says what each means."""

    how: Literal["duck", "pause"] = "duck"
    """Whether its speech goes on softer, or waits."""
    depth_db: int = 15
    """How much softer, from 1 to 60."""
    confirm_ms: float = 400
    """How long the server has to confirm that the caller speaks; else all is taken back."""
    clear_after_ms: float | None = None
    """Speech of the caller so long is a barge-in without the server; unset: it is the server's."""
    detector: Literal["own", "earshot"] = "own"
    """What tells speech: levels and tones, or a neural network where it was built in."""

    def __post_init__(self) -> None:
        self.rule()

    def rule(self) -> EarlyBargeIn:
        """The same as a bridge takes it; ValueError where a number is out of range."""
        return EarlyBargeIn(**msgspec.structs.asdict(self))


class AgentFile(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers: what the agent is told, and how it sounds.

    `instructions`, `model` and `voice` are short for their places in the session; everything else
    that a session can hold, `providerData` included, stands in the table `session` and is passed
    on as it is.
    """

    dialled: Pattern = ANYTHING
    """Which numbers it answers where there are no routes: a regular expression for the whole of
    the dialled user."""
    greeting: str = DEFAULT_GREETING
    """What makes it speak first, put to it as the caller's words; empty: it waits."""
    instructions: str | None = None
    """The system prompt."""
    instructions_file: str = ""
    """A text file with the system prompt, from the directory of the agent file."""
    model: str | None = None
    """The language model."""
    voice: str | None = None
    """The voice."""
    api_key: Annotated[str, msgspec.Meta(min_length=1)] | SecretFrom = "INWORLD_API_KEY"
    """Name of the environment variable with the key, or with `_FILE` behind it of a file that holds
    it; or a table: `{ file = "…" }`, `{ command = ["pass", "show", "inworld"] }`."""
    auth_scheme: Literal["basic", "bearer"] = "basic"
    """How the key is shown."""
    url: str = inworld.URL
    """The endpoint."""
    tools: list[PhoneTool] = []
    """What it may do with the telephone: `hang_up`, `send_digits`, `collect_digits`, `transfer`."""
    transfer_to: dict[str, str] = {}
    """Whom `transfer` reaches: names that the model chooses from, each with a URI or a number."""
    early_barge_in: Literal["off", "duck", "pause"] | EarlyBargeInTable | None = None
    """What becomes of its speech while the caller only seems to speak: a word, or a table; left
    out, what the gateway is set to."""
    keys: Literal["tell"] | KeyOptions | None = None
    """What becomes of keys that the caller presses unasked: `"tell"` tells the agent of them."""
    silence: Silence | None = None
    """What is done where nobody says anything; left out: nothing."""
    length: Length | None = None
    """How long a call lasts at most, and what the agent is told before; left out, what the gateway
    is set to."""
    failure: FailurePolicy = FailurePolicy()
    """What is done when the agent cannot be reached, or is lost."""
    session: dict[str, Any] = {}
    """Fields of the session."""

    def __post_init__(self) -> None:
        self._refuse_doubles()
        self._refuse_bad_places()
        self._refuse_unknown_variables()
        refuse_bad_source("api_key", self.api_key)
        self._refuse_bad_url()
        self._refuse_bad_transfer()

    @classmethod
    def load(cls, path: str | Path) -> "AgentFile":
        """The agent in the file at `path`; `SettingsError` names file, line, key and value."""
        file = TomlFile.read(path)
        return _with_instructions(checked(cls, file.table, file.at), file)

    def _refuse_doubles(self) -> None:
        """Refuse a field that is given at both of its places, for one would win silently."""
        for name, place in PLACES.items():
            if getattr(self, name) is not None and _at(self.session, place) is not None:
                where = ".".join(("session", *place))
                raise IllegalSetting(name, f"is given twice, also as {where}")

    def _refuse_bad_places(self) -> None:
        """Refuse a value where the session has a table that a short form belongs into."""
        for *above, _ in PLACES.values():
            for depth in range(1, len(above) + 1):
                value = _at(self.session, tuple(above[:depth]))
                if value is not None and not isinstance(value, Mapping):
                    raise IllegalSetting(("session", *above[:depth]), "must be a table")
        if "provider_data" in self.session:
            reason = "is ignored by Inworld: write it providerData"
            raise IllegalSetting(("session", "provider_data"), reason)

    def _refuse_unknown_variables(self) -> None:
        for field in ("greeting", "instructions"):
            reason = unknown_variable(getattr(self, field) or "")
            if reason is not None:
                raise IllegalSetting(field, reason)
        told = self.session.get("instructions")
        reason = unknown_variable(told) if isinstance(told, str) else None
        if reason is not None:
            raise IllegalSetting(("session", "instructions"), reason)

    def _refuse_bad_url(self) -> None:
        try:
            session_url(self.url, "any")
        except ValueError as error:
            raise IllegalSetting("url", str(error)) from None

    def _refuse_bad_transfer(self) -> None:
        if ("transfer" in self.tools) != bool(self.transfer_to):
            field = "transfer_to" if self.transfer_to else "tools"
            raise IllegalSetting(
                field,
                "the tool transfer and the table transfer_to, of whom it reaches, need each other",
            )
        for name, target in self.transfer_to.items():
            try:
                target_of(target, "any.example")
            except LocalError as error:
                raise IllegalSetting(("transfer_to", name), str(error)) from None

    def early(self) -> EarlyBargeInLike | None:
        """Early barge-in as a bridge takes it; `None` where the file does not say."""
        if isinstance(self.early_barge_in, EarlyBargeInTable):
            return self.early_barge_in.rule()
        return self.early_barge_in

    def duties(self, call: Call) -> Iterator[Callable[[], Awaitable[None]]]:
        """What goes on beside the talk in `call`."""
        if self.silence is not None:
            yield partial(watch_silence, call, self.silence)
        if self.length is not None:
            yield partial(limit_length, call, self.length)
        options = self.key_options
        if options is not None and options.tell:
            yield partial(tell_keys, call, options)

    @property
    def key_options(self) -> KeyOptions | None:
        """What becomes of keys, where the file says anything of it."""
        return KeyOptions() if isinstance(self.keys, str) else self.keys

    def session_config(self, fill: Callable[[str], str] = str) -> dict[str, Any]:
        """The session that the agent asks for, whole; `fill` puts values for variables."""
        config = _copied({"type": "realtime", "output_modalities": ["audio", "text"]})
        config |= _copied(self.session)
        for name, place in PLACES.items():
            value = getattr(self, name)
            if value is not None:
                _put(config, place, value)
        config.setdefault("instructions", DEFAULT_INSTRUCTIONS)
        if isinstance(config["instructions"], str):
            config["instructions"] = fill(config["instructions"])
        return config

    def tools_of(self, call: Call) -> inworld.Toolbox | None:
        """What the agent may do with the telephone in `call`."""
        if not self.tools:
            return None
        told = self.key_options is not None and self.key_options.sensitive == "digits"
        return phone_tools(call, *self.tools, transfer_to=self.transfer_to, tell_secrets=told)

    def key(self, environ: Mapping[str, str] | None = None) -> Secret:
        """The API key; `MissingSecret` says what to set."""
        return secret_of("api_key", self.api_key, environ)

    def doubts(self) -> list[str]:
        """What looks wrong in the session, though Inworld may take it."""
        return inworld.fields.doubts(self.session_config())


PLACES = {
    "instructions": ("instructions",),
    "model": ("model",),
    "voice": ("audio", "output", "voice"),
}
"""Where in the session the short forms belong."""


def _with_instructions(agent: AgentFile, file: TomlFile) -> AgentFile:
    """`agent` with the text that `instructions_file` names."""
    name = agent.instructions_file
    if not name:
        return agent
    try:
        text = (file.path.parent / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"cannot be read: {reason_of(error)}"
    else:
        unknown = unknown_variable(text)
        if unknown is None and "instructions" not in file.table:
            return msgspec.structs.replace(agent, instructions=text)
        reason = unknown or "instructions is given as well"
    place = ("instructions_file",)
    raise SettingsError(told(file.at(place), place, name, reason))


def scenario(agent: AgentFile, key: Secret | str, url: str | None = None) -> Scenario:
    """What `agent` does with a call: connect, answer, greet, talk until either side ends it."""

    async def answer(call: Call) -> None:
        tools = agent.tools_of(call)
        fill = partial(filled, call=call, now=datetime.now(UTC).astimezone())
        if agent.key_options is not None:
            call.hear_in_band_keys(agent.key_options.in_band)
        for duty in agent.duties(call):
            call.start_soon(duty)

        def connect(session_key: str) -> inworld.connect:
            return inworld.connect(
                api_key=key,
                session_key=session_key,
                url=url or agent.url,
                auth_scheme=agent.auth_scheme,
                audio=call.audio,
                tools=tools,
            )

        def write_down(event: inworld.events.Event) -> None:
            match event:
                case inworld.UserTranscript(text=text):
                    call.log("user", text)
                case inworld.AgentTranscript(display=words):
                    call.log("agent", words)

        conversation = Conversation(
            connect=connect,
            session=agent.session_config(fill),
            greeting=fill(agent.greeting),
            early_barge_in=agent.early(),
            on_event=write_down,
        )
        await call.converse(conversation, agent.failure)

    return answer


def _at(table: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    value: Any = table
    for key in place:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _put(table: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    *above, last = place
    for key in above:
        table = table.setdefault(key, {})
    table[last] = value


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _copied(value) if isinstance(value, Mapping) else value for key, value in table.items()
    }
