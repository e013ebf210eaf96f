"""Messages with a few things changed that a bad program or a bad person would change."""

import random
from collections.abc import Callable

ODD_BYTES = [b"\r\n", b"\0", b";", b"<", b'"', b",", b"\r\n ", b"%00", b"9" * 20, b"-1", b"\xff"]

ODD_LINES = """Require: x
Content-Length: 5|Via: SIP/2.0/UDP [::1|Route: <sip:a..b;lr>|Max-Forwards: 0
Content-Type: multipart/mixed;boundary=x|Contact: *|From: x|c=IN IP6 ::|a=ptime:0|a=rtcp:99999
m=audio 0 RTP/AVP 0|a=rtpmap:0 FOO/8000|a=sendonly|m=audio 1 RTP/AVP 999""".replace("\n", "|")


def mutated(chance: random.Random, data: bytes) -> bytes:
    """`data` with a few things changed that a bad program or a bad person would change."""
    for _ in range(chance.randint(1, 5)):
        data = chance.choice(MUTATIONS)(chance, data, chance.randrange(len(data) + 1))
    return data[:60_000]


def _flip(chance: random.Random, data: bytes, at: int) -> bytes:
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def _cut(chance: random.Random, data: bytes, at: int) -> bytes:
    return data[:at] + data[at + chance.randrange(30) :]


def _repeat(chance: random.Random, data: bytes, at: int) -> bytes:
    return data[:at] + data[max(0, at - 40) :]


def _insert(chance: random.Random, data: bytes, at: int) -> bytes:
    return data[:at] + chance.choice(ODD_BYTES) + data[at:]


def _line(chance: random.Random, data: bytes, at: int) -> bytes:
    lines = data.split(b"\r\n")
    which = chance.randrange(len(lines))
    odd = [chance.choice(ODD_LINES.split("|")).encode()]
    lines[which : which + chance.randrange(2)] = odd * chance.randrange(2)
    return b"\r\n".join(lines)


MUTATIONS: list[Callable[[random.Random, bytes, int], bytes]] = [
    _flip,
    _cut,
    _repeat,
    _insert,
    _line,
]
