"""Which messages belong together: the keys of transactions."""

import hashlib

from .message import Message, Request

TransactionKey = tuple[str, ...]


def client_key(message: Message) -> TransactionKey:
    """What makes a response one to a request of ours (RFC 3261 §17.1.3)."""
    method = message.method if isinstance(message, Request) else message.cseq.method
    return ("client", message.via.branch or "", method)


def server_key(request: Request, method: str | None = None) -> TransactionKey:
    """What makes a request the same as one before (RFC 3261 §17.2.3)."""
    wanted = method or ("INVITE" if request.method == "ACK" else request.method)
    via = request.via
    if via.has_magic_branch:
        sent_by = f"{via.host.lower()}:{via.port or ''}"
        return ("server", via.branch or "", sent_by, wanted)
    # Of RFC 2543: the To tag is left out, since an ACK bears one that its INVITE did not.
    sender = f"{request.from_.tag} {request.cseq.number}"
    top = f"{via.host.lower()}:{via.port or ''} {via.branch or ''}"
    return ("server", str(request.uri), request.call_id, sender, top, wanted)


def merge_key(request: Message) -> TransactionKey:
    """What makes requests that came by different ways the same (§8.2.2.2)."""
    return (request.call_id, request.from_.tag or "", str(request.cseq))


def tag_of(request: Request, key: bytes) -> str:
    """Our tag in the response to a request that is not kept: the same each time (§8.2.7)."""
    known_by = "\n".join(server_key(request)).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(known_by, key=key, digest_size=8).hexdigest()
