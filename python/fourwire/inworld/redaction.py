"""Keeping keys and voices out of logs."""

import logging
import re
from collections.abc import Iterable
from typing import Any

REDACTED = "[redacted]"
SHORTEST = 12
"""Characters in a secret: shorter ones guard nothing, and to replace them would garble messages."""

AUTHORIZATION = re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*).+")
AUDIO = re.compile(r'("(?:audio|delta)"\s*:\s*")[A-Za-z0-9+/=]{32,}')


class Redactor:
    """Takes secrets out of whatever is to be seen by people."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        worth_hiding = {secret for secret in secrets if len(secret) >= SHORTEST}
        longest_first = sorted(worth_hiding, key=len, reverse=True)
        self._text = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self._bytes = re.compile(self._text.pattern.encode())

    def __repr__(self) -> str:
        return "<Redactor>"

    def text(self, text: str) -> str:
        """`text` without any secret."""
        return self._text.sub(REDACTED, text)

    def frame(self, frame: bytes) -> bytes:
        """`frame` without any secret; itself where it has none."""
        return self._bytes.sub(REDACTED.encode(), frame)

    def line(self, text: str) -> str:
        """`text` as a log line: no secret, no authorization, no audio."""
        text = AUTHORIZATION.sub(rf"\1{REDACTED}", self.text(text))
        return AUDIO.sub(r"\1[audio]", text)


class RedactedLog(logging.LoggerAdapter[logging.Logger]):
    """A logger that redacts each line once it is whole, arguments and all.

    Lines below `floor` are never written. The WebSocket library's debug lines are such: they
    show messages abridged, and half a secret is not recognised as one.
    """

    def __init__(
        self, logger: logging.Logger, redactor: Redactor, floor: int = logging.NOTSET
    ) -> None:
        super().__init__(logger, {})
        self._redactor = redactor
        self._floor = floor

    def isEnabledFor(self, level: int) -> bool:
        """Whether a line of `level` would be written."""
        return level >= self._floor and super().isEnabledFor(level)

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log `msg % args`, redacted."""
        if self.isEnabledFor(level):
            line = self._redactor.line(str(msg) % args if args else str(msg))
            kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 2
            self.logger.log(level, "%s", line, **kwargs)
