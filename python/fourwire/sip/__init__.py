"""SIP (RFC 3261) at the edge: calls come in and go out over UDP, TCP and TLS.

:func:`listen` opens an endpoint on real sockets. :class:`UserAgent` is the same without any
socket or clock: bytes and the time in, messages and events out.
"""

from .access import Access, Trunk
from .asked import Reinvite, TransferRequest
from .calls import CallEnded, CallEvent, IncomingCall, OutgoingCall
from .digest import Credentials
from .endpoint import Endpoint, listen
from .errors import CallFailed, LocalError, MalformedMessage, PeerError, SipError
from .events import Cause, Ended, Info, Progressed, Reanswered, Transferring
from .flow import Flow, Hop
from .headers import Headers
from .identity import Identity
from .message import Limits, Request, Response, parse
from .settings import Listener, Settings
from .timers import Intervals
from .tls import Tls
from .user_agent import UserAgent

__all__ = [
    "Access",
    "CallEnded",
    "CallEvent",
    "CallFailed",
    "Cause",
    "Credentials",
    "Ended",
    "Endpoint",
    "Flow",
    "Headers",
    "Hop",
    "Identity",
    "IncomingCall",
    "Info",
    "Intervals",
    "Limits",
    "Listener",
    "LocalError",
    "MalformedMessage",
    "OutgoingCall",
    "PeerError",
    "Progressed",
    "Reanswered",
    "Reinvite",
    "Request",
    "Response",
    "Settings",
    "SipError",
    "Tls",
    "TransferRequest",
    "Transferring",
    "Trunk",
    "UserAgent",
    "listen",
    "parse",
]
