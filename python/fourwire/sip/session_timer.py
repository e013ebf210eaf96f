"""The session timer (RFC 4028): a call that neither side refreshes in time is over."""

from dataclasses import dataclass

from .core import Core
from .errors import MalformedMessage
from .grammar import number, parameters, split
from .headers import Headers
from .message import Request, Response
from .responding import Refusal
from .timers import SECOND

LEAST_SECONDS = 90
"""No session is refreshed more often than this allows (RFC 4028 §4)."""

LONGEST_SECONDS = 2**31
"""What a Session-Expires may say at most; more is no number of seconds."""

MOST_RAISES = 5
"""How often one call is asked for a longer interval (422), each hop having its own least."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a message says of the session's timer."""

    interval_s: int | None
    """Its Session-Expires; None for no such header."""
    refresher: str
    """``"uac"``, ``"uas"``, or empty where it leaves that open."""
    least_s: int
    """Its Min-SE."""
    supports: bool
    """Whether its sender knows session timers."""

    @classmethod
    def of(cls, headers: Headers) -> "Wish":
        """Read the headers; raises :class:`MalformedMessage`."""
        value, *marks = split(headers.get("Session-Expires") or "", ";")
        interval = number(value, "Session-Expires", LONGEST_SECONDS) if value else None
        least = (headers.get("Min-SE") or "").partition(";")[0].strip()
        return cls(
            interval,
            (parameters(marks).get("refresher") or "").lower(),
            number(least, "Min-SE", LONGEST_SECONDS) if least else LEAST_SECONDS,
            "timer" in headers.tokens("Supported") | headers.tokens("Require"),
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """How long the session lasts without a refresh, and whose business that is."""

    interval_s: int
    ours: bool
    """Whether we refresh."""

    @property
    def refresh_s(self) -> float:
        """When to refresh (§7.2): half way."""
        return self.interval_s / 2

    @property
    def end_s(self) -> float:
        """When to end a session that was not refreshed (§10): a little before it expires."""
        return self.interval_s - min(32, self.interval_s / 3)


def agreed(wish: Wish, ours_s: int) -> Agreement | None:
    """What a request with ``wish`` gets, as ``ours_s`` is what we want; 0 for no timer of ours.

    §9: where the caller asks for a timer it gets one, as short as we like and as it allows; where
    it only knows timers, we ask.
    """
    if wish.interval_s is None:
        return Agreement(ours_s, ours=True) if wish.supports and ours_s else None
    shortest = max(ours_s or wish.interval_s, wish.least_s, LEAST_SECONDS)
    interval = max(min(wish.interval_s, shortest), LEAST_SECONDS)
    refresher = wish.refresher if wish.supports else "uas"
    return Agreement(interval, ours=refresher == "uas")


def timer_refusal(request: Request, least_s: int = LEAST_SECONDS) -> Refusal | None:
    """What is wrong with the timer that a request asks for: 400, or 422 below ``least_s`` (§9)."""
    try:
        wish = Wish.of(request.headers)
    except MalformedMessage:
        return Refusal(400)
    too_small = wish.interval_s is not None and wish.interval_s < least_s
    if too_small and wish.supports:
        return Refusal(422, (("Min-SE", str(least_s)),))
    return None


def asking_for(interval_s: int, least_s: int, refresher: str = "") -> tuple[tuple[str, str], ...]:
    """The headers that ask for a timer (§7.1); none where the interval is 0."""
    if not interval_s:
        return ()
    mark = f";refresher={refresher}" if refresher else ""
    least = (("Min-SE", str(least_s)),) if least_s > LEAST_SECONDS else ()
    return (("Session-Expires", f"{max(interval_s, least_s)}{mark}"), *least)


class SessionTimer:
    """The timer of one call."""

    def __init__(self, core: Core, call: int) -> None:
        self.agreement: Agreement | None = None
        self._core = core
        self._call = call
        self._least_s = core.rules.min_se_s
        self._raises = 0

    def answer(self, now: int, request: Request) -> tuple[tuple[str, str], ...]:
        """Agree with a request that is accepted now: the headers of its 2xx."""
        wish = Wish.of(request.headers)
        self._begin(now, agreed(wish, self._core.rules.session_expires_s))
        if self.agreement is None:
            return ()
        refresher = "uas" if self.agreement.ours else "uac"
        told = ("Session-Expires", f"{self.agreement.interval_s};refresher={refresher}")
        return (told, ("Require", "timer")) if wish.supports else (told,)

    def asking(self) -> tuple[tuple[str, str], ...]:
        """The headers of an INVITE, re-INVITE or UPDATE of ours (§7.1)."""
        if self.agreement is None:
            return asking_for(self._core.rules.session_expires_s, self._least_s)
        refresher = "uac" if self.agreement.ours else "uas"
        return asking_for(self.agreement.interval_s, self._least_s, refresher)

    def answered(self, now: int, response: Response) -> None:
        """Take what a 2xx to a request of ours says; nothing said is no timer (§7.2)."""
        try:
            wish = Wish.of(response.headers)
        except MalformedMessage:
            return
        if wish.interval_s is None:
            self.stop()
        else:
            interval = max(wish.interval_s, LEAST_SECONDS)
            self._begin(now, Agreement(interval, ours=wish.refresher != "uas"))

    def raised(self, response: Response) -> bool:
        """Take a 422: whether asking again, for a longer interval, may help (§7.3)."""
        try:
            least = Wish.of(response.headers).least_s
        except MalformedMessage:
            return False
        if least <= self._least_s or self._raises >= MOST_RAISES:
            return False
        self._least_s = least
        self._raises += 1
        return True

    def stop(self) -> None:
        """The session is over."""
        self.agreement = None
        for what in ("refresh", "expiry"):
            self._core.deadlines.cancel((self._call, what, 0))

    def _begin(self, now: int, agreement: Agreement | None) -> None:
        self.stop()
        self.agreement = agreement
        if agreement is None:
            return
        self._set(now, "expiry", agreement.end_s)
        if agreement.ours:
            self._set(now, "refresh", agreement.refresh_s)

    def _set(self, now: int, what: str, seconds: float) -> None:
        self._core.deadlines.set((self._call, what, 0), now + int(seconds * SECOND))
