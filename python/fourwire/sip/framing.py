"""SIP over a stream (RFC 3261 §18.3): where one message ends and the next begins."""

import re

from .errors import MalformedMessage
from .message import DEFAULT_LIMITS, Limits

PING = b"\r\n\r\n"
"""What a peer sends to keep a connection open (RFC 5626 §4.4.1)."""

PONG = b"\r\n"
"""What it is answered with."""

_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*(\d{1,9})[ \t]*\r?$", re.I | re.M)


class Framer:
    """Cuts a stream of bytes into messages, however they were split on the way."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        self._pong_due = False

    @property
    def waiting(self) -> int:
        """How many bytes of an unfinished message are kept; blank lines before it are not of it."""
        return 0 if PING.startswith(self._buffer) else len(self._buffer)

    def expect_pong(self) -> None:
        """We have sent a ping: the next blank line between messages is its answer."""
        self._pong_due = True

    def receive(self, data: bytes) -> list[bytes]:
        """The messages that ``data`` completes, in order; :data:`PING` for each ping.

        :data:`PONG` stands for the answer to a ping of ours.

        :raises MalformedMessage: the stream cannot be cut any further and is to be closed.
        """
        self._buffer += data
        messages = []
        while (message := self._cut()) is not None:
            messages.append(message)
        return messages

    def _cut(self) -> bytes | None:
        if self._buffer.startswith(b"\r\n"):
            return self._cut_blank()
        end = self._buffer.find(b"\r\n\r\n", max(0, self._searched - 3))
        if end < 0:
            self._searched = len(self._buffer)
            self._must_fit(len(self._buffer))
            return None
        self._must_fit(end)
        total = end + 4 + self._body_length(end)
        if len(self._buffer) < total:
            self._searched = end  # found again at once when more has come
            return None
        return self._take(total)

    def _cut_blank(self) -> bytes | None:
        """Blank lines between messages: two are a ping, one alone means nothing but a pong."""
        if self._pong_due:
            self._pong_due = False
            return self._take(len(PONG))
        if self._buffer.startswith(PING):
            return self._take(len(PING))
        if len(self._buffer) < len(PING) and PING.startswith(self._buffer):
            return None
        self._take(2)
        return self._cut()

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._searched = 0
        return taken

    def _must_fit(self, header_bytes: int) -> None:
        if header_bytes > self._limits.header_bytes:
            raise MalformedMessage(f"header of {header_bytes} bytes on a stream", 513)

    def _body_length(self, end: int) -> int:
        # Over a stream the field is mandatory: without it nobody knows where to go on.
        found = {int(text) for text in _LENGTH.findall(self._buffer, 0, end)}
        if len(found) != 1:
            raise MalformedMessage("no Content-Length, or several, on a stream")
        length = found.pop()
        if length > self._limits.body_bytes:
            raise MalformedMessage(f"body of {length} bytes on a stream", 513)
        return length
