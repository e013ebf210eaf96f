"""The two families of errors: what the peer got wrong, and what our side got wrong.

Nothing else leaves this package's parsers and state machines, whatever a peer sends.
"""


class SipError(Exception):
    """Any error of :mod:`fourwire.sip`."""


class PeerError(SipError):
    """The peer broke a rule; ``status`` is the answer that its request deserves."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class MalformedMessage(PeerError):
    """What arrived is not a SIP message, or not one that may be acted upon."""


class LocalError(SipError):
    """Our side asked for something that its state or its arguments do not allow."""


class CallOver(LocalError):
    """The call is over, so there is nothing left to ring, answer or offer."""


class CallFailed(SipError):
    """A call that we placed was not answered, or a request within a call was refused.

    ``status`` is the peer's (300 to 699); 408 where nobody answered and 503 where nothing could
    be sent, as RFC 3261 §8.1.3.1 has it.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
