"""G.722: 16 kHz in 64 kbit/s, an octet for two samples.

Both directions remember what came before, so a stream has an `Encoder` or a `Decoder` of its own;
`encode` and `decode` are for a whole recording at once. Bit-exact with FFmpeg's.
"""

from typing import TYPE_CHECKING

from fourwire._core import G722Decoder as Decoder
from fourwire._core import G722Encoder as Encoder

if TYPE_CHECKING:
    from fourwire._core import _Octets, _Pcm

__all__ = ["Decoder", "Encoder", "decode", "encode"]


def encode(pcm: "_Pcm") -> bytes:
    """The octets of a whole recording at 16 kHz; the last of an odd number of samples is left out.

    >>> len(encode(bytes(640)))
    160
    """
    return Encoder().encode(pcm)


def decode(octets: "_Octets") -> bytes:
    """The samples at 16 kHz of a whole recording, 16-bit as they lie in memory.

    >>> len(decode(bytes(160)))
    640
    """
    return Decoder().decode(octets)
