"""A voice gateway and an audio library: telephone calls to realtime voice agents.

Every name below is imported when it is first used, so that whoever wants a codec loads no SIP
server, and importing `fourwire` needs no event loop and no network.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fourwire import audioop as audioop
    from fourwire import g711 as g711
    from fourwire import g722 as g722
    from fourwire import inworld as inworld
    from fourwire import opus as opus
    from fourwire import sdp as sdp
    from fourwire import sip as sip
    from fourwire import standin as standin
    from fourwire._core import Converter as Converter
    from fourwire._core import Dejitter as Dejitter
    from fourwire._core import EarlyBargeIn as EarlyBargeIn
    from fourwire._core import KeyTones as KeyTones
    from fourwire._core import Leg as Leg
    from fourwire._core import LegConfig as LegConfig
    from fourwire._core import Levels as Levels
    from fourwire._core import Network as Network
    from fourwire._core import Playout as Playout
    from fourwire._core import PlayoutBuffer as PlayoutBuffer
    from fourwire._core import Resampler as Resampler
    from fourwire._core import RtpPacket as RtpPacket
    from fourwire._core import SrtpError as SrtpError
    from fourwire._core import SrtpKeys as SrtpKeys
    from fourwire._core import SrtpReceiver as SrtpReceiver
    from fourwire._core import SrtpSender as SrtpSender
    from fourwire._core import VoiceActivity as VoiceActivity
    from fourwire._core import append_message as append_message
    from fourwire._core import clipped as clipped
    from fourwire._core import is_silent as is_silent
    from fourwire._core import level_dbov as level_dbov
    from fourwire._core import levels as levels
    from fourwire._core import peak as peak
    from fourwire._core import rms as rms
    from fourwire.announcement import Announcement as Announcement
    from fourwire.app import App as App
    from fourwire.bridge import BargeIn as BargeIn
    from fourwire.call import Call as Call
    from fourwire.call_tools import phone_tools as phone_tools
    from fourwire.conversation import Conversation as Conversation
    from fourwire.failure_policy import FailurePolicy as FailurePolicy
    from fourwire.joint import join as join
    from fourwire.joint import part as part
    from fourwire.line import KeysNotTaken as KeysNotTaken
    from fourwire.line import RequestFailed as RequestFailed
    from fourwire.line import TransferFailed as TransferFailed
    from fourwire.media import Media as Media
    from fourwire.media_leg import MediaLeg as MediaLeg
    from fourwire.settings import Secret as Secret
    from fourwire.settings import Settings as Settings
    from fourwire.settings import secret as secret

    __version__: str

__all__ = [
    "Announcement",
    "App",
    "BargeIn",
    "Call",
    "Conversation",
    "Converter",
    "Dejitter",
    "EarlyBargeIn",
    "FailurePolicy",
    "KeyTones",
    "KeysNotTaken",
    "Leg",
    "LegConfig",
    "Levels",
    "Media",
    "MediaLeg",
    "Network",
    "Playout",
    "PlayoutBuffer",
    "RequestFailed",
    "Resampler",
    "RtpPacket",
    "Secret",
    "Settings",
    "SrtpError",
    "SrtpKeys",
    "SrtpReceiver",
    "SrtpSender",
    "TransferFailed",
    "VoiceActivity",
    "append_message",
    "audioop",
    "clipped",
    "g711",
    "g722",
    "inworld",
    "is_silent",
    "join",
    "level_dbov",
    "levels",
    "opus",
    "part",
    "peak",
    "phone_tools",
    "rms",
    "sdp",
    "secret",
    "sip",
    "standin",
]

_HOME = {
    "Announcement": "fourwire.announcement",
    "App": "fourwire.app",
    "BargeIn": "fourwire.bridge",
    "Call": "fourwire.call",
    "Conversation": "fourwire.conversation",
    "Converter": "fourwire._core",
    "Dejitter": "fourwire._core",
    "EarlyBargeIn": "fourwire._core",
    "FailurePolicy": "fourwire.failure_policy",
    "KeyTones": "fourwire._core",
    "KeysNotTaken": "fourwire.line",
    "Leg": "fourwire._core",
    "LegConfig": "fourwire._core",
    "Levels": "fourwire._core",
    "Media": "fourwire.media",
    "MediaLeg": "fourwire.media_leg",
    "Network": "fourwire._core",
    "Playout": "fourwire._core",
    "PlayoutBuffer": "fourwire._core",
    "RequestFailed": "fourwire.line",
    "Resampler": "fourwire._core",
    "RtpPacket": "fourwire._core",
    "Secret": "fourwire.settings",
    "Settings": "fourwire.settings",
    "TransferFailed": "fourwire.line",
    "VoiceActivity": "fourwire._core",
    "SrtpError": "fourwire._core",
    "SrtpKeys": "fourwire._core",
    "SrtpReceiver": "fourwire._core",
    "SrtpSender": "fourwire._core",
    "append_message": "fourwire._core",
    "clipped": "fourwire._core",
    "is_silent": "fourwire._core",
    "join": "fourwire.joint",
    "level_dbov": "fourwire._core",
    "levels": "fourwire._core",
    "part": "fourwire.joint",
    "peak": "fourwire._core",
    "phone_tools": "fourwire.call_tools",
    "rms": "fourwire._core",
    "secret": "fourwire.settings",
}
"""Where a name lives that is not a module's own."""

_MODULES = frozenset({"audioop", "g711", "g722", "inworld", "opus", "sdp", "sip", "standin"})


def _find(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"fourwire.{name}")
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    if name == "__version__":
        return import_module("importlib.metadata").version("fourwire")
    raise AttributeError(f"module 'fourwire' has no attribute {name!r}")


if not TYPE_CHECKING:  # a type checker knows the names, and is to complain of others
    __getattr__ = _find


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
