"""Session descriptions and the offer/answer rules, usable without any SIP.

An embedder hands a peer's offer to :func:`answer_to` and gets the answer to send back and, as
:class:`NegotiatedMedia`, all that a media leg must know. A caller uses :func:`offer` and
:func:`accept`. RFC 8866 (and its elder, RFC 4566) is the grammar, RFC 3264 the rules.
"""

from ._agreement import (
    Answer,
    Direction,
    Idle,
    MediaPolicy,
    NegotiatedMedia,
    NoCommonCodec,
)
from ._codecs import ALL_CODECS, CODECS, G722, OPUS, PCMA, PCMU, Codec, CodecName
from ._crypto import SUITES, Crypto, Srtp, SrtpKeys, Suite
from ._description import (
    Attribute,
    Connection,
    MalformedSdp,
    MediaDescription,
    Origin,
    SessionDescription,
)
from ._negotiation import accept, answer_to, offer, outdated_by
from ._numbers import numbers_in
from ._opus import OpusParameters

__all__ = [
    "ALL_CODECS",
    "CODECS",
    "G722",
    "OPUS",
    "PCMA",
    "PCMU",
    "SUITES",
    "Answer",
    "Attribute",
    "Codec",
    "CodecName",
    "Connection",
    "Crypto",
    "Direction",
    "Idle",
    "MalformedSdp",
    "MediaDescription",
    "MediaPolicy",
    "NegotiatedMedia",
    "NoCommonCodec",
    "OpusParameters",
    "Origin",
    "SessionDescription",
    "Srtp",
    "SrtpKeys",
    "Suite",
    "accept",
    "answer_to",
    "numbers_in",
    "offer",
    "outdated_by",
]
