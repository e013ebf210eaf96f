"""What can go wrong with a session.

InworldError
├── ConnectError            no session came about
│   ├── Unreachable         nobody answered, or not as a WebSocket server
│   ├── HandshakeRefused    an HTTP status instead of a WebSocket
│   └── ConnectTimeout      (also TimeoutError) no session within the deadline
├── ServerError             the server said so in an event
├── SessionClosed           the connection is over, so the answer will never come
└── SessionTimeout          (also TimeoutError) the server did not answer in time
"""

from .error_event import Error
from .event import Event
from .local_events import HTTPResponse, UntypedFrame, WebSocketClosed, WebSocketError

ADVICE = {
    400: "check the session key and the url",
    401: "check that the API key is whole, of Realtime scope, and sent as the right auth_scheme",
    402: "check the account's plan and credits",
    403: "check that the API key is of Realtime scope and the plan includes the Realtime API",
    404: "check the url",
    429: "too many sessions or requests for the plan: try later, or raise the quota",
}
CHECK_THE_WAY = "check the url, and that this machine may connect to it"
SERVER_TROUBLE = "the server is in trouble: try again later"


class InworldError(Exception):
    """Anything a session can fail of."""


class ConnectError(InworldError):
    """No session came about.

    `events` is what a journal should keep of the attempt: the events VoxEngine would have sent.
    """

    def __init__(self, message: str, *events: Event) -> None:
        super().__init__(message)
        self.events = (*events, WebSocketError(message=message))


class Unreachable(ConnectError):
    """Nobody answered at `host`, or whoever did is no WebSocket server."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"no WebSocket to {host}: {reason} ({CHECK_THE_WAY})")
        self.host = host
        self.reason = reason


class HandshakeRefused(ConnectError):
    """The server answered the handshake with an HTTP status of its own."""

    def __init__(self, host: str, response: HTTPResponse) -> None:
        said = f": {response.body}" if response.body else ""
        status = f"{response.status} {response.reason}".strip()
        super().__init__(
            f"{host} refused the WebSocket with HTTP {status}{said} ({advice(response.status)})",
            response,
        )
        self.host = host
        self.response = response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status

    @property
    def body(self) -> str:
        """The beginning of what the server said about it."""
        return self.response.body


class ConnectTimeout(ConnectError, TimeoutError):
    """The deadline passed before the session existed."""

    def __init__(self, host: str, seconds: float, missing: str) -> None:
        super().__init__(f"{host} gave no {missing} within {seconds:g} s ({CHECK_THE_WAY})")
        self.host = host
        self.seconds = seconds
        self.missing = missing


class ServerError(InworldError):
    """The server answered with an `error` event, or reported trouble of its engine."""

    def __init__(self, event: Error | UntypedFrame) -> None:
        self.event = event
        self.message = event.message or ""
        self.code = event.code if isinstance(event, Error) else event.error_type
        self.param = event.param if isinstance(event, Error) else None
        self.kind = event.kind if isinstance(event, Error) else None
        where = f" at {self.param}" if self.param else ""
        super().__init__(f"{self.message or 'no message'} ({self.code or 'no code'}{where})")


class SessionClosed(InworldError):
    """The connection is over."""

    def __init__(self, closed: WebSocketClosed) -> None:
        said = f": {closed.reason}" if closed.reason else ""
        super().__init__(f"the session is closed (code {closed.code}{said})")
        self.code = closed.code
        self.reason = closed.reason
        self.clean = closed.clean


class SessionTimeout(InworldError, TimeoutError):
    """The server took too long to answer a command."""

    def __init__(self, command: str, seconds: float) -> None:
        super().__init__(f"no answer to {command} within {seconds:g} s")
        self.command = command
        self.seconds = seconds


def advice(status: int) -> str:
    """What to do about an HTTP status at the handshake."""
    return ADVICE.get(status, SERVER_TROUBLE if status >= 500 else "check the url")
