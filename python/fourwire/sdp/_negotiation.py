"""Offer and answer (RFC 3264): which codec, which numbers, which way, and where to."""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from ._agreement import Answer, MediaPolicy, NegotiatedMedia, NoCommonCodec
from ._codecs import EVENTS, preferred
from ._crypto import Crypto
from ._description import (
    Connection,
    MalformedSdp,
    MediaDescription,
    Origin,
    SessionDescription,
)
from ._line import COMFORT_NOISE, Format, our_line, secured
from ._numbers import numbered, numbers_in
from ._others import heard_by
from ._stream import Stream, usable

__all__ = ["accept", "answer_to", "offer", "outdated_by"]


def answer_to(
    offer: str,
    policy: MediaPolicy,
    *,
    previous: str | None = None,
    session_id: int | None = None,
    numbers: Mapping[int, str] = MappingProxyType({}),
) -> Answer:
    """Answer a peer's offer.

    The first audio stream that we can take is taken, with the codec that we prefer (between the
    two laws of G.711, the offerer does) and one telephone-event; every other stream is refused
    in its place. So the answer holds exactly one codec, and no peer needs a second offer to
    settle on one. Where SRTP is wanted, a stream that has it comes before one that does not.

    :param previous: the description we last sent in this session. Its id is kept and its
        version raised only where the new description differs (RFC 3264 §8).
    :param session_id: the id of a first description; derived from the offer where left out.
    :param numbers: what :func:`numbers_in` found in our earlier descriptions of the session: what
        is agreed on may still come by the last of them.
    :raises MalformedSdp: the offer is no session description (400).
    :raises NoCommonCodec: it holds nothing that we can take (488).
    """
    description = SessionDescription.parse(offer)
    chosen = _first_usable(description, policy)
    taken = preferred(chosen.codecs(policy), policy.codecs)
    media, line = chosen.negotiate(policy, taken)
    media = heard_by(media, taken[1], _meanings(numbers, previous), dict(chosen.formats()))
    lines = tuple(line if m is chosen.media else m.refused() for m in description.media)
    seed = zlib.crc32(offer.encode("utf-8", "surrogatepass"))
    return Answer(_text(lines, policy, previous, session_id or seed), media)


def offer(
    policy: MediaPolicy,
    *,
    previous: str | None = None,
    session_id: int | None = None,
    numbers: Mapping[int, str] = MappingProxyType({}),
    theirs: Mapping[int, str] = MappingProxyType({}),
) -> str:
    """An offer of one audio stream with all codecs of ``policy``, in its order.

    ``previous`` and ``session_id`` are those of :func:`answer_to`; a re-offer (to hold a call,
    for instance) passes what was sent before, offer or answer. Streams that the peer once
    offered and we refused keep their places (RFC 3264 §8). ``numbers`` is what :func:`numbers_in`
    found in our earlier descriptions of the session: none of them gets another meaning. What is new
    gets none either that ``theirs``, the same of the peer's descriptions, gives another.
    """
    formats = [Format.of_codec(codec) for codec in policy.codecs]
    if policy.idle == "comfort_noise":
        formats.append(Format(COMFORT_NOISE, "CN/8000"))
    if policy.telephone_event:
        clocks = dict.fromkeys(codec.clock_rate for codec in policy.codecs)
        formats += [Format.of_events(EVENTS[rate], rate) for rate in clocks]
    formats = numbered(formats, _meanings(numbers, previous), theirs)
    line = our_line(formats, policy.port, policy.packet_time_ms, policy.direction, policy.rtcp_mux)
    if policy.srtp is not None:
        line = secured(line, policy.srtp.offered())
        line = replace(line, protocol="RTP/SAVP") if policy.srtp.required else line
    seed = zlib.crc32(f"{policy.address} {policy.port}".encode())
    return _text(_in_place(line, previous), policy, previous, session_id or seed)


def outdated_by(offer: str, described: str) -> str:
    """What the session goes on with, as ``described``, while nobody has answered our ``offer``.

    Its version is that of the offer, so that no other description bears the same: there are peers
    that pass over one whose version they have seen (RFC 3264 §8).
    """
    session, version = SessionDescription.parse(described), _version(offer)
    return str(replace(session, origin=replace(session.origin, version=version)))


def _version(description: str) -> int:
    return SessionDescription.parse(description).origin.version


def accept(offer: str, answer: str, policy: MediaPolicy) -> NegotiatedMedia:
    """What our ``offer`` and the peer's ``answer`` to it agreed on.

    :raises MalformedSdp: the answer is no session description, or not one to this offer.
    :raises NoCommonCodec: the answer refuses our stream or names no codec we offered.
    """
    ours, theirs = SessionDescription.parse(offer), SessionDescription.parse(answer)
    if len(ours.media) != len(theirs.media):
        raise MalformedSdp(
            f"answer has {len(theirs.media)} media lines, the offer {len(ours.media)}"
        )
    for mine, their in zip(ours.media, theirs.media, strict=True):
        if mine.port and mine.kind == "audio":
            return _accepted(Stream(theirs, their), Stream(ours, mine), policy)
    raise MalformedSdp("our offer holds no audio stream")


def _meanings(numbers: Mapping[int, str], previous: str | None) -> dict[int, str]:
    """What numbers meant in our descriptions, the previous one among them."""
    return {**numbers, **({} if previous is None else numbers_in(previous))}


def _accepted(theirs: "Stream", ours: "Stream", policy: MediaPolicy) -> NegotiatedMedia:
    known = theirs.codecs(policy)
    if not known:
        raise theirs.refusal(policy)
    _, codec = known[0]
    media, _ = theirs.negotiate(replace(policy, direction=ours.direction()), known[0])
    numbers = {name: number for number, name in ours.formats()}
    receive = numbers.get(codec.key)
    if receive is None:
        raise NoCommonCodec(f"the answer picks {media.codec}, which was not offered")
    _require_offered_crypto(theirs, ours, policy)
    noise = ours.comfort_noise()
    event = numbers.get(f"TELEPHONE-EVENT/{media.event_rate}")
    agreed = replace(
        media,
        receive_payload_type=receive,
        telephone_event=None if event is None else media.telephone_event,
        receive_telephone_event=None if media.telephone_event is None else event,
        comfort_noise=None if noise is None else media.comfort_noise,
        receive_comfort_noise=None if media.comfort_noise is None else noise,
    )
    # Of what we offered, only what the answer names too can come (RFC 3264 §7).
    named = dict(reversed(list(theirs.formats())))
    coming = {number: name for name, number in numbers.items() if name in named.values()}
    return heard_by(agreed, codec, named, coming)


def _require_offered_crypto(theirs: Stream, ours: Stream, policy: MediaPolicy) -> None:
    """Refuse an answer whose crypto line takes none of ours (RFC 4568 §5.1.3)."""
    chosen = theirs.crypto(policy.srtp)
    known = [Crypto.parse(line) for line in ours.media.values("crypto")]
    offered = [(crypto.tag, crypto.suite) for crypto in known if crypto is not None]
    if chosen is not None and (chosen.tag, chosen.suite) not in offered:
        raise MalformedSdp(f"the answer takes {chosen}, which was not offered")


def _first_usable(description: SessionDescription, policy: MediaPolicy) -> Stream:
    """The stream to take: the first with SRTP where that is wanted, else the first."""
    streams = [Stream(description, media) for media in description.media]
    reasons = [(stream, stream.why_not(policy)) for stream in streams]
    fitting = [stream for stream, reason in reasons if reason is None]
    if not fitting:
        offered = "; ".join(reason or "" for _, reason in reasons) or "no stream at all"
        raise NoCommonCodec(f"offered: {offered}; usable: {usable(policy)}")
    secure = (stream for stream in fitting if stream.crypto(policy.srtp) is not None)
    return next(secure, fitting[0])


def _in_place(line: MediaDescription, previous: str | None) -> tuple[MediaDescription, ...]:
    """Our line where it stood in ``previous``, among the lines that were refused there."""
    if previous is None:
        return (line,)
    before = SessionDescription.parse(previous).media
    return tuple(line if m.port and m.kind == "audio" else m.refused() for m in before) or (line,)


def _text(
    lines: tuple[MediaDescription, ...], policy: MediaPolicy, previous: str | None, session_id: int
) -> str:
    here = Connection(policy.address)
    last = None if previous is None else SessionDescription.parse(previous)
    origin = Origin("-", session_id, 1, here) if last is None else last.origin
    text = str(SessionDescription(origin=origin, connection=here, media=lines))
    if last is None or text == str(last):
        return text
    newer = replace(origin, version=origin.version + 1, connection=here)
    return str(SessionDescription(origin=newer, connection=here, media=lines))
