"""A whole leg on a virtual clock: from a caller's first sample to the first softer packet."""

import itertools

import numpy as np

from benches.activity import sounds, voices
from benches.activity.voices import RATE, Talk
from fourwire import Leg, LegConfig, RtpPacket, g711
from fourwire._core import Ducked, Rtp

MS = 1_000_000
PACKET = RATE // 50
CONFIRMED_AFTER = 200
"""Milliseconds after which the server is sure of the caller."""


def waits_ms(utterances: int, seed: int) -> tuple[list[float], int, int]:
    """From the arrival of the packet with the first sample of speech to the first packet that goes
    out softer, for each utterance that fell into a reply; how many were missed; and false starts.
    """
    waits, missed, false = [], 0, 0
    talks = voices.talks(utterances, seed)
    # An agent with the first one's voice, in the middle of its words.
    words = g711.encode_pcmu(sounds.line(np.tile(talks[0].pcm[2 * RATE :] * 2, 2))[: 60 * RATE])
    # Our packets leave on the hour; the caller's arrive somewhere in between.
    for talk, phase in itertools.product(talks, (1, 6, 11, 16)):
        ducked = _ducked(talk, phase, words)
        for begin, end in zip(talk.begins, talk.ends, strict=True):
            arrival = begin // PACKET * 20 + phase
            within = [it for it in ducked if arrival - 40 <= it < end * 1000 / RATE + 250]
            missed += not within
            waits += [within[0] // 20 * 20 + 20 - arrival] if within else []
            ducked = [it for it in ducked if it not in within]
        false += len(ducked)
    return waits, missed, false


def _ducked(talk: Talk, phase: int, words: bytes) -> list[int]:
    """When the agent is ducked. Each time the server confirms it, and answers once it is quiet."""
    leg = Leg(LegConfig(codec="PCMU"), 0)
    leg.bridge(early_barge_in="duck")
    codes = g711.encode_pcmu(sounds.line(talk.pcm))
    ends = iter([*(end * 1000 // RATE + 100 for end in talk.ends), 10**9])
    ducked: list[int] = []
    confirm, answer, replies = 10**9, 0, itertools.count()
    for number, begin in enumerate(range(0, len(codes) * 1000 // RATE, 20)):
        for now in (begin, begin + phase):
            if now >= answer:
                leg.barge_in()
                leg.say(words, response=f"r{(reply := next(replies))}", item=f"i{reply}")
                answer = next(ends)
            if now >= confirm:
                leg.barge_in()
                confirm = 10**9
            if now > begin:
                leg.receive(now * MS, _packet(number, codes))
            if _ducks(leg, now):
                ducked.append(now)
                confirm = now + CONFIRMED_AFTER
    return ducked


def _ducks(leg: Leg, now: int) -> bool:
    outputs = list(iter(lambda: leg.poll(now * MS), None))
    assert sum(isinstance(output, Rtp) for output in outputs) <= 1
    return any(isinstance(output, Ducked) for output in outputs)


def _packet(number: int, codes: bytes) -> bytes:
    payload = codes[number * PACKET : (number + 1) * PACKET]
    packet = RtpPacket(
        payload_type=0, sequence=number, timestamp=number * PACKET, ssrc=9, payload=payload
    )
    return packet.write()
