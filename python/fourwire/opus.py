"""Opus (RFC 6716), packet by packet, by libopus; mono.

A stream has an `Encoder` or a `Decoder` of its own. Wheels have it inside; a `fourwire` that was
built without the feature `opus` raises `ImportError` here, and says so.
"""

try:
    from fourwire._core import Opus
    from fourwire._core import OpusDecoder as Decoder
    from fourwire._core import OpusEncoder as Encoder
except ImportError:
    raise ImportError(
        "this fourwire was built without Opus: install a wheel, or build it with the feature opus"
    ) from None

__all__ = ["Decoder", "Encoder", "Opus"]
