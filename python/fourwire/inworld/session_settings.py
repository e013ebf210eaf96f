"""What `session_update` sends: the user's session, with the audio formats that we run."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from .audio import AudioFormats, wire_format
from .fields import Fields

Settings = Mapping[str, Any] | Fields


def session_settings(given: Settings, audio: AudioFormats) -> dict[str, Any]:
    """A copy of `given` with our audio formats in it and every other field as it was.

    `given` is the session object, as a dictionary or typed, or `{"session": …}` as VoxEngine takes
    it. Raises ValueError for `provider_data`, which Inworld would ignore without a word, and
    TypeError for an `audio` that no format can be put into.
    """
    session = wire_object(given, "session")
    parts = _object(session, "audio", "session.audio")
    _object(parts, "input", "session.audio.input")["format"] = wire_format(audio.input)
    _object(parts, "output", "session.audio.output")["format"] = wire_format(audio.output)
    return session


def wire_object(given: Settings, name: str) -> dict[str, Any]:
    """A copy of the session or response `given`, as the wire has it: bare, typed or enveloped."""
    if isinstance(given, Fields):
        return given.wire()
    bare = given.get(name, given)
    if isinstance(bare, Fields):
        return bare.wire()
    if not isinstance(bare, Mapping):
        raise TypeError(f"{name} must be an object, not {type(bare).__name__}")
    _refuse_provider_data(bare)
    return deepcopy(dict(bare))


def _refuse_provider_data(session: Mapping[str, Any]) -> None:
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
