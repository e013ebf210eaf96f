"""G.711: one byte of the telephone network for one sample, by µ-law (PCMU) or A-law (PCMA).

Bit-exact with the `audioop` module that Python had until 3.12, for all 256 codes and all 65,536
samples. Samples are signed 16-bit at 8 kHz; see `fourwire._core` for the kinds of buffers.
"""

from fourwire._core import decode_pcma, decode_pcmu, encode_pcma, encode_pcmu

__all__ = ["decode_pcma", "decode_pcmu", "encode_pcma", "encode_pcmu"]
