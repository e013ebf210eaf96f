"""SIP (RFC 3261) at the edge: calls come in and go out over UDP, TCP and TLS.

:func:`listen` opens an endpoint on real sockets. :class:`UserAgent` is the same without any
socket or clock: bytes and the time in, messages and events out.
"""

from .access import Access, Trunk
from .asked import Reinvite, Successor, TransferRequest
from .calls import CallEnded, CallEvent, IncomingCall, OutgoingCall
from .client_call import Terms
from .digest import Credentials
from .endpoint import Endpoint, listen
from .errors import CallFailed, LocalError, MalformedMessage, PeerError, SipError
from .events import (
    Cause,
    Ended,
    Info,
    NotRegistered,
    Progressed,
    Reanswered,
    Registered,
    RegistrationEvent,
    Transferring,
    Unregistered,
)
from .flow import Flow, Hop
from .headers import Headers
from .identity import Identity
from .message import Limits, Request, Response, parse
from .registration import Registrar
from .settings import Listener, Settings
from .timers import Intervals
from .tls import Tls
from .uri import Uri
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
    "NotRegistered",
    "OutgoingCall",
    "PeerError",
    "Progressed",
    "Reanswered",
    "Registered",
    "Registrar",
    "RegistrationEvent",
    "Reinvite",
    "Request",
    "Response",
    "Settings",
    "SipError",
    "Successor",
    "Terms",
    "Tls",
    "TransferRequest",
    "Transferring",
    "Trunk",
    "Unregistered",
    "Uri",
    "UserAgent",
    "listen",
    "parse",
]
