"""Protection against floods and guesses: how much one source may ask, and who is shut out."""

import ipaddress
import re
from collections import Counter, OrderedDict
from dataclasses import dataclass

from .timers import SECOND

MAX_SOURCES = 10_000
"""Sources that are remembered; above this the one that was silent longest is forgotten."""

PROVEN = 600 * SECOND
"""How long a source is trusted not to be limited: longer than between two calls of whoever has
many."""

SCANNERS = re.compile(
    rb"\r\n(?:User-Agent|Server)[ \t]*:[^\r\n]*(?:friendly-scanner|friendly-request|sipvicious"
    rb"|sipcli|sip-scan|sipscan|sundayddr|iwar\b|smap\b|siparmyknife|vaxsipuseragent|vaxasip"
    rb"|pplsip|nm@nmap|eyebeam_scan|sipptk)",
    re.IGNORECASE,
)
"""What the programs that search the Internet for open gateways call themselves."""


@dataclass(slots=True)
class Bucket:
    """A token bucket: how much a source may ask now, and when that was so."""

    tokens: float
    at: int


@dataclass(slots=True)
class Record:
    """How often a source has guessed, and until when it is shut out."""

    failures: int = 0
    last: int = 0
    banned_until: int = 0


class Guard:
    """Who may speak. Times are nanoseconds; all tables have a brim."""

    def __init__(self, rate: float, burst: int, ban_after: int, ban: int) -> None:
        """``rate`` and ``burst`` are of messages a second; 0 limits nobody, or bans nobody."""
        self.counters: Counter[str] = Counter()
        self.measure(rate, burst, ban_after, ban)
        self._proven: OrderedDict[str, int] = OrderedDict()
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._records: OrderedDict[str, Record] = OrderedDict()

    def measure(self, rate: float, burst: int, ban_after: int, ban: int) -> None:
        """Allow so much from now on; bans stay."""
        self._rate, self._burst = rate, burst
        self._ban_after, self._ban = ban_after, ban

    def is_banned(self, now: int, host: str) -> bool:
        """Whether a source is shut out now."""
        record = self._records.get(network_of(host))
        return record is not None and now < record.banned_until

    def allows(self, now: int, host: str) -> bool:
        """Whether a source may ask one thing more; takes a token where it may."""
        if not self._rate or now < self._proven.get(network_of(host), -1):
            return True
        bucket = self._bucket(now, network_of(host))
        refill = (now - bucket.at) / SECOND * self._rate
        bucket.tokens, bucket.at = min(self._burst, bucket.tokens + refill), now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def failed(self, now: int, host: str) -> None:
        """A source has guessed wrong; too often within the time of a ban shuts it out."""
        self.counters["authentications_failed"] += 1
        source = network_of(host)
        record = self._records.pop(source, None) or Record()
        self._records[source] = record
        if now - record.last > self._ban:
            record.failures = 0
        record.failures, record.last = record.failures + 1, now
        if self._ban_after and record.failures >= self._ban_after:
            record.banned_until, record.failures = now + self._ban, 0
            self.counters["sources_banned"] += 1
        if len(self._records) > MAX_SOURCES:
            self._records.popitem(last=False)

    def proved(self, now: int, host: str) -> None:
        """A source has shown that it knows a password: its mistakes are forgiven."""
        self._records.pop(network_of(host), None)
        self.trust(now, host)

    def trust(self, now: int, host: str) -> None:
        """A source may ask as much as it likes for a while, as who has many calls at a time does:
        it has proven a password, or answered a call of ours."""
        source = network_of(host)
        self._proven.pop(source, None)
        self._proven[source] = now + PROVEN
        if len(self._proven) > MAX_SOURCES:
            self._proven.popitem(last=False)

    def _bucket(self, now: int, source: str) -> Bucket:
        bucket = self._buckets.get(source)
        if bucket is None:
            bucket = self._buckets[source] = Bucket(self._burst, now)
            if len(self._buckets) > MAX_SOURCES:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(source)
        return bucket


def network_of(host: str) -> str:
    """What counts as one source: an address of IPv4, and of IPv6 the 64 bits that one site has."""
    if ":" not in host:
        return host
    return str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(host)) >> 64 << 64))
