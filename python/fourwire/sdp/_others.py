"""By which numbers beside ours a peer may send what was agreed on."""

from collections.abc import Mapping
from dataclasses import replace

from ._agreement import NegotiatedMedia
from ._codecs import STATIC, Codec
from ._numbers import DYNAMIC

__all__ = ["heard_by"]


def heard_by(
    media: NegotiatedMedia, codec: Codec, numbers: Mapping[int, str], meanings: Mapping[int, str]
) -> NegotiatedMedia:
    """``media`` of ``codec``, taken by the last of the ``numbers`` of its formats as well.

    The number in our description is the one that counts (RFC 3264 §5.1), but some send by the one
    in theirs, or by one that we have named before. Such a number is taken where ``meanings`` gives
    it no other meaning, and a static one for what it stands for alone (RFC 3551 §6).
    """

    def other(key: str, ours: int | None) -> int | None:
        fitting = (
            number
            for number, meant in reversed(list(numbers.items()))
            if meant == key == meanings.get(number, key)
            and number != ours
            and (number in DYNAMIC or (str(number), key) in STATIC)
        )
        return None if ours is None else next(fitting, None)

    return replace(
        media,
        other_payload_type=other(codec.key, media.receive_payload_type),
        other_telephone_event=other(
            f"TELEPHONE-EVENT/{media.event_rate}", media.receive_telephone_event
        ),
        other_comfort_noise=other("CN/8000", media.receive_comfort_noise),
    )
