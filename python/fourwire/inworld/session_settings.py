"""What `session_update` sends: the user's session, with the audio formats that we run."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from .audio import AudioFormats, wire_format


def session_settings(given: Mapping[str, Any], audio: AudioFormats) -> dict[str, Any]:
    """A copy of `given` with our audio formats in it and every other field as it was.

    `given` is the session object, or `{"session": …}` as VoxEngine takes it. Raises ValueError for
    `provider_data`, which Inworld would ignore without a word, and TypeError for an `audio` that
    no format can be put into.
    """
    session = deepcopy(dict(_bare(given)))
    _refuse_provider_data(session)
    parts = _object(session, "audio", "session.audio")
    _object(parts, "input", "session.audio.input")["format"] = wire_format(audio.input)
    _object(parts, "output", "session.audio.output")["format"] = wire_format(audio.output)
    return session


def _bare(given: Mapping[str, Any]) -> Mapping[str, Any]:
    session = given.get("session", given)
    if not isinstance(session, Mapping):
        raise TypeError(f"session must be an object, not {type(session).__name__}")
    return session


def _refuse_provider_data(session: dict[str, Any]) -> None:
    tools = session.get("tools")
    places = [session, *(tools if isinstance(tools, list) else [])]
    if any(isinstance(place, Mapping) and "provider_data" in place for place in places):
        raise ValueError("provider_data is ignored by Inworld: write it providerData")


def _object(holder: dict[str, Any], name: str, path: str) -> dict[str, Any]:
    """The object `name` in `holder`, made where there is none."""
    found = holder.get(name)
    if found is not None and not isinstance(found, Mapping):
        raise TypeError(f"{path} must be an object, not {type(found).__name__}")
    holder[name] = dict(found or {})
    made: dict[str, Any] = holder[name]
    return made
