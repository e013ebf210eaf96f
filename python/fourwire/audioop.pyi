"""The functions of the `audioop` module that Python had until 3.12, in place of it.

Import it by that name, or let others find it by that name::

    import fourwire.audioop as audioop

    sys.modules["audioop"] = fourwire.audioop     # before anything else imports it

Fragments, states, results and errors are those of Python 3.11, to the bit. What is new has to be
asked for by name: `ratecv(…, quality="polyphase")` filters, where `audioop` drew lines.

A *fragment* is `bytes`, or any object whose memory is one run of bytes. Its samples are signed, of
`width` bytes (1, 2, 3 or 4), in the byte order of the machine. All arguments go by place. On long
fragments other threads run meanwhile; a fragment that is not `bytes` is copied first.
"""

from typing import Literal, TypeAlias, final, overload

from _typeshed import ReadableBuffer

__all__ = [
    "PolyphaseState",
    "add",
    "adpcm2lin",
    "alaw2lin",
    "avg",
    "avgpp",
    "bias",
    "byteswap",
    "cross",
    "error",
    "findfactor",
    "findfit",
    "findmax",
    "getsample",
    "lin2adpcm",
    "lin2alaw",
    "lin2lin",
    "lin2ulaw",
    "max",
    "maxpp",
    "minmax",
    "mul",
    "ratecv",
    "reverse",
    "rms",
    "tomono",
    "tostereo",
    "ulaw2lin",
]

_AdpcmState: TypeAlias = tuple[int, int]
_RatecvState: TypeAlias = tuple[int, tuple[tuple[int, int], ...]]

class error(Exception):
    """A fragment, or a number given with it, does not fit."""

@final
class PolyphaseState:
    """Where a stream stands that `ratecv` converts with `quality="polyphase"`.

    It never changes: each call gives a new one.
    """

def add(fragment1: ReadableBuffer, fragment2: ReadableBuffer, width: int, /) -> bytes:
    """The sums of the samples of two fragments of one length, clipped where they do not fit."""

def adpcm2lin(
    fragment: ReadableBuffer, width: int, state: _AdpcmState | None, /
) -> tuple[bytes, _AdpcmState]:
    """The samples that IMA ADPCM codes stand for, two a byte, and the state to go on with."""

def alaw2lin(fragment: ReadableBuffer, width: int, /) -> bytes:
    """The samples that G.711 A-law codes stand for."""

def avg(fragment: ReadableBuffer, width: int, /) -> int:
    """The mean of the samples, rounded down; 0 of none."""

def avgpp(fragment: ReadableBuffer, width: int, /) -> int:
    """The mean distance from one extreme to the next, rounded down."""

def bias(fragment: ReadableBuffer, width: int, bias: int, /) -> bytes:
    """Every sample plus `bias`; what does not fit wraps."""

def byteswap(fragment: ReadableBuffer, width: int, /) -> bytes:
    """Every sample in the other byte order."""

def cross(fragment: ReadableBuffer, width: int, /) -> int:
    """How often the sign changes; -1 of no samples."""

def findfactor(fragment: ReadableBuffer, reference: ReadableBuffer, /) -> float:
    """What `reference` is multiplied by to come closest to `fragment`, both of 16-bit samples."""

def findfit(fragment: ReadableBuffer, reference: ReadableBuffer, /) -> tuple[int, float]:
    """Where in `fragment` the closest thing to `reference` begins, and by what factor it is louder.

    Both are of 16-bit samples.
    """

def findmax(fragment: ReadableBuffer, length: int, /) -> int:
    """Where the loudest `length` samples of a fragment of 16-bit samples begin."""

def getsample(fragment: ReadableBuffer, width: int, index: int, /) -> int:
    """The sample at `index`, from 0."""

def lin2adpcm(
    fragment: ReadableBuffer, width: int, state: _AdpcmState | None, /
) -> tuple[bytes, _AdpcmState]:
    """IMA ADPCM codes of samples, two a byte, and the state to go on with."""

def lin2alaw(fragment: ReadableBuffer, width: int, /) -> bytes:
    """G.711 A-law codes of samples, one a byte."""

def lin2lin(fragment: ReadableBuffer, width: int, newwidth: int, /) -> bytes:
    """The same samples at another width: low bits are dropped, or zeros added there."""

def lin2ulaw(fragment: ReadableBuffer, width: int, /) -> bytes:
    """G.711 µ-law codes of samples, one a byte."""

def max(fragment: ReadableBuffer, width: int, /) -> int:
    """The largest magnitude of any sample."""

def maxpp(fragment: ReadableBuffer, width: int, /) -> int:
    """The largest distance from one extreme to the next."""

def minmax(fragment: ReadableBuffer, width: int, /) -> tuple[int, int]:
    """The least and the greatest sample."""

def mul(fragment: ReadableBuffer, width: int, factor: float, /) -> bytes:
    """Every sample times `factor`, rounded down, clipped where it does not fit."""

@overload
def ratecv(
    fragment: ReadableBuffer,
    width: int,
    nchannels: int,
    inrate: int,
    outrate: int,
    state: _RatecvState | None,
    weightA: int = 1,
    weightB: int = 0,
    /,
    *,
    quality: Literal["linear"] = "linear",
) -> tuple[bytes, _RatecvState]:
    """The frames of a stream at another rate, and the state to go on with; it starts with `None`.

    By default samples are connected by lines, as ever. What lies above half the lower rate comes
    back as other tones, unless it was filtered out before; `weightA` and `weightB` weigh a sample
    and the one before it, which filters a little.

    `quality="polyphase"` is the filter of `fourwire.Resampler`: what would alias is 80 dB down, for
    a delay of 3 ms at 8 kHz. It converts 16-bit samples between 8000, 16000, 24000 and 48000 Hz, in
    up to 64 channels, and has a state of its own kind.
    """

@overload
def ratecv(
    fragment: ReadableBuffer,
    width: int,
    nchannels: int,
    inrate: int,
    outrate: int,
    state: PolyphaseState | None,
    weightA: int = 1,
    weightB: int = 0,
    /,
    *,
    quality: Literal["polyphase"],
) -> tuple[bytes, PolyphaseState]: ...
def reverse(fragment: ReadableBuffer, width: int, /) -> bytes:
    """The samples from the last to the first."""

def rms(fragment: ReadableBuffer, width: int, /) -> int:
    """The root of the mean square of the samples, rounded down; 0 of none."""

def tomono(fragment: ReadableBuffer, width: int, lfactor: float, rfactor: float, /) -> bytes:
    """A sample for each pair of left and right: the sum of both, each times its factor."""

def tostereo(fragment: ReadableBuffer, width: int, lfactor: float, rfactor: float, /) -> bytes:
    """A pair for each sample, left and right, each times its factor."""

def ulaw2lin(fragment: ReadableBuffer, width: int, /) -> bytes:
    """The samples that G.711 µ-law codes stand for."""
