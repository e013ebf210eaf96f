"""Taking back an INVITE of ours that has rung (RFC 3261 §9.1)."""

from .core import Core
from .headers import Headers
from .transaction import Transaction


def cancel(now: int, core: Core, transaction: Transaction) -> None:
    """Send a CANCEL, which bears the Via, Route and CSeq number of what it cancels."""
    request = transaction.request
    headers = Headers([("Via", request.headers["Via"]), ("Max-Forwards", "70")])
    headers.extend(("Route", route) for route in request.headers.get_all("Route"))
    for name in ("From", "To", "Call-ID"):
        headers.add(name, request.headers[name])
    headers.add("CSeq", f"{request.cseq.number} CANCEL")
    made = core.finished("CANCEL", request.uri, headers, (), None)
    core.transactions.send(now, made, transaction.to, owner=transaction.owner)
    core.counters["sent_cancel"] += 1
