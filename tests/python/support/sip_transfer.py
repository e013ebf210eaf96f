"""The side that a REFER of ours goes to, played message by message."""

from fourwire.sip.message import Request, Response
from support.sip import Peer, World


def last_refer(world: World) -> Request:
    """The REFER that left last."""
    refer = world.messages("REFER")[-1].message
    assert isinstance(refer, Request)
    return refer


def reply(world: World, to: Peer, refer: Request, status: int, *lines: str) -> None:
    """Answer a REFER with `status`."""
    copied = [f"{name}: {refer.headers[name]}" for name in ("Via", "From", "To", "Call-ID", "CSeq")]
    _send(world, to, f"SIP/2.0 {status} Whatever", *copied, *lines)


def notify(
    world: World,
    to: Peer,
    refer: Request,
    said: str,
    *,
    state: str = "active;expires=60",
    event: str = "refer",
    kind: str = "message/sipfrag;version=2.0",
    cseq: int = 70000,
) -> Response:
    """Send a NOTIFY in the dialog of a REFER, and give the answer to it."""
    _send(
        world,
        to,
        f"NOTIFY {refer.headers['Contact'].strip('<>')} SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKn{len(world.sent)}",
        f"From: {refer.headers['To']}",
        f"To: {refer.headers['From']}",
        f"Call-ID: {refer.call_id}",
        f"CSeq: {cseq + len(world.sent)} NOTIFY",
        "Contact: <sip:far@192.0.2.99>",
        f"Event: {event}",
        f"Subscription-State: {state}",
        f"Content-Type: {kind}",
        body=said,
    )
    return world.replies()[-1]


def _send(world: World, to: Peer, start: str, *lines: str, body: str = "") -> None:
    length = f"Content-Length: {len(body.encode())}"
    data = "\r\n".join([start, *lines, length, "", body]).encode()
    world.send(data, to)
