"""The gate: which requests are let in, as whose, and what the others are told, if anything."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from .access import Access, Strangers, Trunk
from .authenticator import Authenticator, Outcome
from .core import Random
from .flow import Flow
from .guard import SCANNERS, Guard
from .headers import Headers
from .message import Request
from .responding import Refusal
from .timers import SECOND

LINE = "line"
"""The URI parameter by which calls that a registrar sends are known (see `registration`)."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request is let in, as of ``trunk``; None is a stranger."""

    trunk: Trunk | None


class Gate:
    """Decides on requests that belong to no call of ours yet. Times are nanoseconds."""

    def __init__(self, access: Access, random: Random) -> None:
        self.counters: Counter[str] = Counter()
        self.lines: dict[str, Trunk] = {}
        """Secrets that we told registrars, each with the trunk whose calls bring it back."""
        self.registrars: set[str] = set()
        """Addresses of registrars that know us."""
        self._access = access
        self._random = random
        self._guard = Guard(*_measure(access))
        self._authenticator = self._authenticator_of(access)
        self._is_of_network = lru_cache(4096)(self._is_of_a_network)

    def count(self) -> Counter[str]:
        """How often what happened, by name."""
        return self.counters + self._guard.counters

    def admit(self, access: Access) -> None:
        """Judge by ``access`` from now on; bans stay.

        What registrars send us is of the trunk of the same name as before, as that is now.
        """
        if _challenges(access) != _challenges(self._access):
            self._authenticator = self._authenticator_of(access)
        self._access = access
        self._guard.measure(*_measure(access))
        self._is_of_network.cache_clear()
        trunks = {trunk.name: trunk for trunk in access.trunks}
        for line, old in self.lines.items():
            new = trunks.get(old.name, old)
            self.lines[line] = replace(new, credentials=new.credentials or old.credentials)

    def _authenticator_of(self, access: Access) -> Authenticator:
        lifetime = int(access.nonce_s * SECOND)
        return Authenticator(access.realm, lifetime, self._random, access.algorithms)

    def hears(self, now: int, data: bytes, flow: Flow) -> bool:
        """Whether bytes are to be read at all: known trunks always, others within measure.

        Responses are let through, since only what we asked for has any effect.
        """
        host = flow.remote[0]
        if self._is_known(flow) or data.startswith(b"SIP/2.0 "):
            return True
        if self._guard.is_banned(now, host):
            self.counters["dropped_banned"] += 1
        elif not self._guard.allows(now, host):
            self.counters["dropped_over_rate"] += 1
        elif self._access.scanners == "drop" and SCANNERS.search(data):
            self.counters["dropped_scanners"] += 1
        else:
            return True
        return False

    def judge(self, now: int, request: Request, flow: Flow) -> Admitted | Refusal:
        """Whether a request outside of any call is let in, or what it is answered."""
        line = self.lines.get(request.uri.parameter(LINE) or "")
        if line is not None:
            return Admitted(line)
        possible = [trunk for trunk in self._access.trunks if trunk.may_be(flow)]
        proven = next((trunk for trunk in possible if not trunk.passwords), None)
        if proven is not None:
            return Admitted(proven)
        if possible:
            return self._of_password(now, request, flow, possible)
        if self._due_to(request, flow) == "admit":
            return Admitted(None)
        self.counters["refused_strangers"] += 1
        return Refusal(403)

    def knows(self, host: str) -> bool:
        """Whether an address is one that a trunk calls from, or a registrar's."""
        return host != "" and (self._is_of_network(host) or host in self.registrars)

    def answered(self, now: int, host: str) -> None:
        """Whom we call has answered, so that its requests within calls are to be heard."""
        if not self.knows(host):
            self._guard.trust(now, host)

    def drops(self, request: Request, flow: Flow) -> bool:
        """Whether a request gets no answer, so that no trace of it need be kept."""
        known = (request.uri.parameter(LINE) or "") in self.lines
        if known or self._may_be_of_a_trunk(flow) or self._due_to(request, flow) != "drop":
            return False
        self.counters["dropped_strangers"] += 1
        return True

    def drops_unread(self, flow: Flow) -> bool:
        """The same of a request that could not be read."""
        if self._may_be_of_a_trunk(flow) or self._access.of_strangers != "drop":
            return False
        self.counters["dropped_strangers"] += 1
        return True

    def cleared(self, request: Request, trunk: Trunk | None) -> Request:
        """The request without what only trusted trunks may claim (RFC 3325 §5)."""
        if trunk is not None and trunk.trusted:
            return request
        kept = [(n, v) for n, v in request.headers.fields() if n.lower() not in CLAIMS]
        if len(kept) < sum(1 for _ in request.headers.fields()):
            self.counters["identities_not_believed"] += 1
        return replace(request, headers=Headers(kept))

    def _of_password(
        self, now: int, request: Request, flow: Flow, possible: list[Trunk]
    ) -> Admitted | Refusal:
        host = flow.remote[0]
        owners = {name: trunk for trunk in reversed(possible) for name in trunk.passwords}
        passwords = _passwords(possible)
        outcome, user = self._authenticator.judge(now, request, host, passwords)
        if outcome is Outcome.PROVEN:
            self._guard.proved(now, host)
            return Admitted(owners[user])
        if outcome is Outcome.WRONG:
            self._guard.failed(now, host)
            return Refusal(403, kept=True)  # whose repeats are no further guesses
        if outcome is Outcome.ABSENT and self._access.of_strangers == "admit":
            return Admitted(None)
        stale = outcome is Outcome.STALE
        self.counters["challenged_stale" if stale else "challenged"] += 1
        return Refusal(401, self._authenticator.challenges(now, host, stale=stale))

    def _due_to(self, request: Request, flow: Flow) -> Strangers:
        """What a request of no trunk gets."""
        is_scanner = not self._is_known(flow) and _is_scanner(request)
        return self._access.scanners if is_scanner else self._access.of_strangers

    def _may_be_of_a_trunk(self, flow: Flow) -> bool:
        return any(trunk.may_be(flow) for trunk in self._access.trunks)

    def _is_known(self, flow: Flow) -> bool:
        """Whether a way leads to a trunk or registrar, whatever has yet to be proven by it."""
        return self.knows(flow.remote[0]) or self._is_certain(flow)

    def _is_certain(self, flow: Flow) -> bool:
        """Whether a trunk has proven its name by a certificate."""
        trunks = self._access.trunks if flow.names else ()
        return any(trunk.certificates and trunk.may_be(flow) for trunk in trunks)

    def _is_of_a_network(self, host: str) -> bool:
        return any(trunk.networks and trunk.is_from(host) for trunk in self._access.trunks)


CLAIMS = frozenset({"p-asserted-identity", "remote-party-id"})
"""Headers that name the caller on somebody's word, in lower case."""


def _measure(access: Access) -> tuple[float, int, int, int]:
    """What the guard allows: where strangers may call, as many messages as they like."""
    rate = 0 if access.of_strangers == "admit" else access.rate
    return rate, access.burst, access.ban_after, int(access.ban_s * SECOND)


def _challenges(access: Access) -> tuple[object, ...]:
    """What our challenges are made of."""
    return access.realm, access.nonce_s, tuple(access.algorithms)


def _passwords(trunks: list[Trunk]) -> Mapping[str, str]:
    return {user: word for trunk in reversed(trunks) for user, word in trunk.passwords.items()}


def _is_scanner(request: Request) -> bool:
    named = request.headers.get("User-Agent") or ""
    line = f"\r\nUser-Agent: {named}".encode("utf-8", "surrogateescape")
    return SCANNERS.search(line) is not None
