"""Every function of `fourwire.audioop` beside the standard library's, on a packet and in bulk."""

import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

from benches.recording import speech
from benches.table import Row
from benches.timing import microseconds
from fourwire import audioop as ours

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop as peer

#: What an application calls for each packet; the rest is measured, and has no goal.
ON_THE_PACKET_PATH = {"ulaw2lin", "lin2ulaw", "alaw2lin", "lin2alaw", "add", "mul", "rms", "max"}


def rows() -> Iterator[Row]:
    """Every function, on 20 ms and on 60 s of telephone speech."""
    for samples, name in [(160, "20 ms"), (480_000, "60 s")]:
        for function, arguments in _calls(samples):
            yield _row(function, arguments, name)


def _row(function: str, arguments: tuple[Any, ...], length: str) -> Row:
    mine = partial(getattr(ours, function), *arguments)
    theirs = partial(getattr(peer, function), *arguments)
    taken, peer_taken = microseconds([mine, theirs])
    wanted = function in ON_THE_PACKET_PATH and length == "60 s"
    return Row(
        name=f"{function}, {length}",
        unit="µs",
        ours=taken,
        peer=peer_taken,
        peer_name="audioop",
        goal="≥ 2×" if wanted else "",
        reached=peer_taken / taken >= 2 if wanted else None,
    )


def _calls(samples: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    pcm = speech(samples)
    codes = peer.lin2ulaw(pcm, 2)
    yield from [(law, (codes, 2)) for law in ["ulaw2lin", "alaw2lin"]]
    plain = ["lin2ulaw", "lin2alaw", "max", "minmax", "avg", "rms", "avgpp", "maxpp", "cross"]
    yield from [(name, (pcm, 2)) for name in [*plain, "reverse", "byteswap"]]
    yield "add", (pcm, pcm, 2)
    yield "mul", (pcm, 2, 0.7)
    yield "bias", (pcm, 2, 100)
    yield "tomono", (pcm, 2, 0.5, 0.5)
    yield "tostereo", (pcm, 2, 1.0, 1.0)
    yield "lin2lin", (pcm, 2, 4)
    yield "getsample", (pcm, 2, 80)
    yield "findfactor", (pcm, pcm)
    yield "findfit", (pcm[:4000], pcm[:160])
    yield "findmax", (pcm, 80)
    yield "lin2adpcm", (pcm, 2, None)
    yield "adpcm2lin", (codes[: samples // 2], 2, None)
    yield "ratecv", (pcm, 2, 1, 8000, 24000, None)
