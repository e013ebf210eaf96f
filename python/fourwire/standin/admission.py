"""Who may connect: the checks of the HTTP handshake, as a pure function."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from fourwire.standin.behaviour import Behaviour

__all__ = ["INWORLD_PATH", "OPENAI_PATH", "Admission", "Refusal", "admit"]

INWORLD_PATH = "/api/v1/realtime/session"

OPENAI_PATH = "/v1/realtime"
"""Where OpenAI's own client connects, with the model in the query."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The client is let in; `key` and `model` are what its URL says."""

    key: str
    model: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The handshake is answered with this status."""

    status: int
    message: str
    retry_after: str | None = None
    """The header of that name."""


def admit(
    target: str, authorizations: Sequence[str], behaviour: Behaviour, sessions: int
) -> Admission | Refusal:
    """Judges a handshake: its request target, all its Authorization headers, sessions alive."""
    verdict = _judge(target, authorizations, behaviour, sessions)
    if isinstance(verdict, Refusal) and verdict.status in (429, 503):
        return replace(verdict, retry_after=behaviour.retry_after)
    return verdict


def _judge(
    target: str, authorizations: Sequence[str], behaviour: Behaviour, sessions: int
) -> Admission | Refusal:
    if behaviour.refuse_status is not None:
        return Refusal(behaviour.refuse_status, behaviour.refuse_message)
    path, _, fields = target.partition("?")
    query = {name: values[0] for name, values in parse_qs(fields).items()}
    if path not in (INWORLD_PATH, OPENAI_PATH):
        return Refusal(behaviour.bad_path_status, f"no such path: {path}")
    if path == INWORLD_PATH and not (query.get("key") and query.get("protocol") == "realtime"):
        return Refusal(behaviour.bad_query_status, "key and protocol=realtime are required")
    refusal = _check_key(authorizations, behaviour)
    if refusal is not None:
        return refusal
    if behaviour.max_sessions is not None and sessions >= behaviour.max_sessions:
        return Refusal(behaviour.busy_status, "too many concurrent sessions")
    return Admission(key=query.get("key", ""), model=query.get("model"))


def _check_key(authorizations: Sequence[str], behaviour: Behaviour) -> Refusal | None:
    scheme, _, key = (authorizations[0] if len(authorizations) == 1 else "").partition(" ")
    if scheme.lower() not in SCHEMES or not key.strip():
        return Refusal(behaviour.unauthorised_status, "Authorization must be Basic or Bearer")
    if behaviour.accepted_keys is not None and key.strip() not in behaviour.accepted_keys:
        return Refusal(behaviour.forbidden_status, "the API key is not known")
    return None


SCHEMES = frozenset({"basic", "bearer"})
