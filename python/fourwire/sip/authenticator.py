"""The server's side of digest authentication: nonces that need no memory, and replays refused."""

import hmac
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from enum import Enum, auto

from .core import Random
from .digest import Challenge, Proof, expected, secret_of
from .errors import MalformedMessage
from .message import Request

MAX_NONCES = 20_000
"""Nonces whose use is remembered; above this the oldest is forgotten, and is stale from then on."""


class Outcome(Enum):
    """What a request proves."""

    PROVEN = auto()
    ABSENT = auto()
    """It bears no proof that is meant for us."""
    STALE = auto()
    """Its nonce is too old, not of ours, or was used like this before: it may try again."""
    WRONG = auto()
    """It answers a fresh challenge of ours with a wrong password or an unknown name."""


class Authenticator:
    """Makes challenges and judges their answers. Times are nanoseconds."""

    def __init__(
        self,
        realm: str,
        lifetime: int,
        random: Random,
        algorithms: Sequence[str] = ("MD5",),
        max_nonces: int = MAX_NONCES,
    ) -> None:
        self.realm = realm
        self._algorithms = tuple(algorithms)
        self._lifetime = lifetime
        self._random = random
        self._max_nonces = max_nonces
        self._key = random.getrandbits(256).to_bytes(32, "big")
        self._used: OrderedDict[str, int] = OrderedDict()
        self._floor = -1
        """Nonces made up to this moment are stale: their use is no longer remembered."""

    def challenges(self, now: int, source: str, *, stale: bool) -> tuple[tuple[str, str], ...]:
        """Header fields that ask ``source`` for a proof, one for each algorithm (RFC 8760 §2.4)."""
        nonce = self._nonce(now, f"{self._random.getrandbits(64):016x}", source)
        offers = (Challenge(self.realm, nonce, name, "auth", stale) for name in self._algorithms)
        return tuple(("WWW-Authenticate", str(offer)) for offer in offers)

    def judge(
        self, now: int, request: Request, source: str, passwords: Mapping[str, str]
    ) -> tuple[Outcome, str]:
        """What ``request`` proves, and who proves it.

        A nonce belongs to the address it was made for, so that nobody can fail in another's name.
        """
        proof = self._proof_of(request)
        if proof is None:
            return Outcome.ABSENT, ""
        if not self._is_fresh(now, proof.nonce, source):
            return Outcome.STALE, proof.username
        password = passwords.get(proof.username)
        # An unknown name takes as long as a known one.
        secret = secret_of(proof.algorithm, proof.username, self.realm, password or "")
        right = hmac.compare_digest(
            expected(proof, secret, request.method).encode(),
            proof.response.encode("utf-8", "surrogateescape"),
        )
        if not right or password is None:
            return Outcome.WRONG, proof.username
        fresh = self._use(proof)
        return (Outcome.PROVEN if fresh else Outcome.STALE), proof.username

    def _proof_of(self, request: Request) -> Proof | None:
        for value in request.headers.get_all("Authorization"):
            try:
                proof = Proof.parse(value)
            except MalformedMessage:
                continue
            if proof.realm == self.realm and proof.algorithm in self._algorithms:
                return proof
        return None

    def _nonce(self, at: int, salt: str, source: str) -> str:
        text = f"{at:x}.{salt}"
        keyed = f"{text}.{source}".encode("utf-8", "surrogateescape")  # the salt may be a peer's
        mac = hmac.digest(self._key, keyed, "sha256")
        return f"{text}.{mac[:16].hex()}"

    def _is_fresh(self, now: int, nonce: str, source: str) -> bool:
        made, salt = _made_at(nonce)
        genuine = hmac.compare_digest(
            self._nonce(made, salt, source).encode("utf-8", "surrogateescape"),
            nonce.encode("utf-8", "surrogateescape"),
        )
        return genuine and self._floor < made <= now < made + self._lifetime

    def _use(self, proof: Proof) -> bool:
        """Note that a nonce was used; false where it was, with this count or a later one.

        Without qop there is no count, so that it serves once.
        """
        count = proof.count or 1
        if count <= self._used.get(proof.nonce, 0):
            return False
        self._used[proof.nonce] = count
        if len(self._used) > self._max_nonces:
            forgotten, _ = self._used.popitem(last=False)
            self._floor = max(self._floor, _made_at(forgotten)[0])
        return True


def _made_at(nonce: str) -> tuple[int, str]:
    at, _, rest = nonce.partition(".")
    try:
        return int(at, 16), rest.partition(".")[0]
    except ValueError:
        return -1, ""
