"""The client's side of digest authentication: challenges are answered, each request once."""

from collections.abc import Iterator

from .core import Core
from .dialog import Dialog
from .digest import HASHES, Challenge, Credentials, Proof
from .errors import MalformedMessage
from .flow import Flow, Hop
from .headers import Headers
from .message import Request, Response
from .responding import default_port
from .transaction import Transaction
from .uri import Uri

PROOFS = {401: "Authorization", 407: "Proxy-Authorization"}
"""Which field answers which refusal (RFC 3261 §22.2, §22.3)."""

ASKING = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}

MOST_NONCES = 16
"""Nonces whose uses are counted; the oldest is forgotten, for nobody challenges with it again."""

MAX_TRIES = 4
"""Requests that are sent in the place of one, stale nonces and several proxies included."""


class Prover:
    """Answers the challenges to one call's or registration's requests with its credentials."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._counts: dict[str, int] = {}

    def proofs(
        self, core: Core, request: Request, response: Response
    ) -> tuple[tuple[str, str], ...]:
        """Fields for the request that is sent in the place of a refused one; empty: it is no use.

        A realm that refused our answer is not given it again, unless it was stale.
        """
        name = PROOFS[response.status]
        answered = request.headers.get_all(name)
        proofs = [
            (name, self._answer(core, challenge, request))
            for challenge in self._chosen(response)
            if challenge.stale or not any(_is_of(challenge, value) for value in answered)
        ]
        if not proofs:
            return ()
        kept = [(n, v) for n, v in request.headers.fields() if _proves_elsewhere(n, name)]
        return (*kept, *proofs)

    def _chosen(self, response: Response) -> Iterator[Challenge]:
        """For each realm that is ours to answer the best challenge (RFC 8760 §2.4)."""
        best: dict[str, Challenge] = {}
        order = list(HASHES)
        for value in response.headers.get_all(ASKING[response.status]):
            try:
                challenge = Challenge.parse(value)
            except MalformedMessage:
                continue
            if self._credentials.realm not in ("", challenge.realm):
                continue
            known = best.setdefault(challenge.realm, challenge)
            if order.index(challenge.algorithm) < order.index(known.algorithm):
                best[challenge.realm] = challenge
        yield from best.values()

    def _answer(self, core: Core, challenge: Challenge, request: Request) -> str:
        count = self._counts.pop(challenge.nonce, 0) + 1
        self._counts[challenge.nonce] = count
        if len(self._counts) > MOST_NONCES:
            del self._counts[next(iter(self._counts))]
        uri = str(request.uri)
        return challenge.answer(self._credentials, request.method, uri, count, core.token())


def _is_of(challenge: Challenge, proof: str) -> bool:
    try:
        return Proof.parse(proof).realm == challenge.realm
    except MalformedMessage:
        return False


def _proves_elsewhere(name: str, answered: str) -> bool:
    return name in PROOFS.values() and name != answered


def repeated(
    core: Core,
    request: Request,
    to: Flow | Hop,
    *,
    cseq: int,
    uri: Uri | None = None,
    renewed: tuple[tuple[str, str], ...] = (),
    proofs: tuple[tuple[str, str], ...] = (),
) -> Request:
    """The request once more, as a new one (RFC 3261 §8.1.3.4, §22.2): its branch and its number
    are new, and what is given takes the place of what it had, or is added.
    """
    local = to.local or (request.via.host, request.via.port or default_port(to.transport))
    via, number = core.via(to.transport, local), f"{cseq} {request.method}"
    changed = dict([("Via", via), ("CSeq", number), *renewed])
    fields = [
        (name, changed.pop(name, value))
        for name, value in request.headers.fields()
        if name not in PROOFS.values()
    ]
    last = fields.pop()  # Content-Length stays where it is looked for
    fields += [*changed.items(), *proofs, last]
    return Request.of(request.method, uri or request.uri, Headers(fields), request.body)


def prove(
    now: int,
    core: Core,
    prover: Prover | None,
    transaction: Transaction,
    response: Response,
    dialog: Dialog | None,
    over: bool = False,
) -> Transaction | None:
    """Send the request of a refused transaction again with proofs; None where it is no use.

    A call that is ``over`` was taken back meanwhile, so that it is not placed again.
    """
    request = transaction.request
    if prover is None or response.status not in PROOFS or transaction.tries >= MAX_TRIES:
        return None
    if over and request.method == "INVITE":
        return None
    proofs = prover.proofs(core, request, response)
    if not proofs:
        return None
    cseq = request.cseq.number + 1
    if dialog is not None:
        dialog.local_cseq = cseq = dialog.local_cseq + 1
    again = repeated(core, request, transaction.way, cseq=cseq, proofs=proofs)
    core.counters["sent_proofs"] += 1
    made = core.transactions.send(
        now,
        again,
        transaction.way,
        otherwise=transaction.otherwise,
        owner=transaction.owner,
        fixed=transaction.fixed,
    )
    made.tries = transaction.tries + 1
    made.first_cseq = transaction.known_as
    return made


def proofs_in(request: Request) -> tuple[tuple[str, str], ...]:
    """The proofs that a request bears."""
    return tuple((n, v) for n, v in request.headers.fields() if n in PROOFS.values())
