"""What an agent has yet to say, and the word that silences it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire import Playout, g711
from fourwire._core import Drained, Interruption, ReplyEnded, ReplyStarted

TONE = g711.encode_pcmu(
    np.round(8000 * np.sin(np.arange(8000) * 2 * np.pi * 400 / 8000)).astype(np.int16)
)


def changes(playout: Playout) -> list[object]:
    told: list[object] = []
    while (change := playout.change()) is not None:
        told.append(change)
    return told


def samples(pcm: bytes) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    return np.frombuffer(pcm, dtype=np.int16)


def test_speech_goes_out_in_frames_and_then_silence() -> None:
    playout = Playout()
    assert playout.say(TONE[:240], response="r", item="a") == "queued"
    assert playout.take(160) == g711.decode_pcmu(TONE[:160])
    assert playout.take(160) == g711.decode_pcmu(TONE[160:240]) + bytes(160)
    assert playout.take(160) == bytes(320)


def test_a_reply_is_told_from_its_first_sample_to_its_last() -> None:
    playout = Playout()
    playout.say(TONE[:160], response="r", item="a")
    playout.say(TONE[:160], response="r", item="b")
    for _ in range(3):
        playout.take(160)
    assert changes(playout) == [
        ReplyStarted("a"),
        ReplyEnded("a", 20.0),
        ReplyStarted("b"),
        ReplyEnded("b", 20.0),
        Drained(),
    ]


def test_a_barge_in_tells_what_was_heard_and_what_was_not() -> None:
    playout = Playout()
    playout.begin_response("r")
    playout.say(TONE[:4000], response="r", item="a")
    playout.take(160)
    assert playout.barge_in() == Interruption("r", "a", 25.0, 475.0)
    assert playout.waiting_ms == 0


def test_an_interrupted_reply_fades_within_5_ms() -> None:
    playout = Playout()
    playout.say(TONE, response="r", item="a")
    playout.take(160)
    playout.barge_in()
    frame = samples(playout.take(160))
    assert np.any(frame[:20])
    assert not np.any(frame[40:])
    steps = np.abs(np.diff(frame[:41].astype(int)))
    assert steps.max() < 3000  # a 400 Hz tone of this level steps by 2500 by itself


def test_audio_of_an_interrupted_response_is_refused_however_late_it_comes() -> None:
    playout = Playout()
    playout.begin_response("r")
    playout.say(TONE[:320], response="r", item="a")
    playout.barge_in()
    assert playout.say(TONE[:320], response="r", item="a") == "refused"
    playout.begin_response("next")
    assert playout.say(TONE[:320], response="next", item="b") == "queued"


def test_the_back_channel_is_mixed_under_and_survives_a_barge_in() -> None:
    playout = Playout()
    playout.say(TONE, response="r", item="a")
    assert playout.say_back_channel(TONE[:800]) == "queued"
    together = samples(playout.take(160))
    assert np.abs(together).max() > 12_000  # both tones, in phase
    playout.barge_in()
    playout.take(160)
    assert np.any(samples(playout.take(160)))


def test_clear_silences_both_lanes() -> None:
    playout = Playout()
    playout.say(TONE, response="r", item="a")
    playout.say_back_channel(TONE)
    playout.clear()
    playout.take(160)
    assert playout.take(160) == bytes(320)


def test_the_ledger_knows_what_was_heard_of_an_item() -> None:
    playout = Playout()
    playout.say(TONE[:800], response="r", item="a")
    assert playout.heard_ms("a") == 0
    playout.take(240)
    assert playout.heard_ms("a") == 30
    assert playout.heard_ms("b") is None


def test_speech_at_another_rate_is_resampled_to_the_wire() -> None:
    playout = Playout(output="audio/pcm;rate=24000")
    pcm = np.round(8000 * np.sin(np.arange(24000) * 2 * np.pi * 400 / 24000)).astype(np.int16)
    playout.say(pcm.tobytes(), response="r", item="a")
    heard = samples(b"".join(playout.take(160) for _ in range(50)))
    expected = 8000 * np.sin(np.arange(8000) * 2 * np.pi * 400 / 8000)
    assert np.sqrt(np.mean(heard[400:7600].astype(float) ** 2)) == pytest.approx(
        np.sqrt(np.mean(expected**2)), rel=0.01
    )


def test_ten_minutes_are_enough() -> None:
    playout = Playout()
    minute = TONE * 60
    for _ in range(10):
        assert playout.say(minute) == "queued"
    assert playout.say(minute) == "overflow"


def test_a_frame_goes_into_a_given_buffer() -> None:
    playout = Playout()
    playout.say(TONE)
    out = np.zeros(160, dtype=np.int16)
    assert playout.take(160, out=out) == 160
    assert out.tobytes() == g711.decode_pcmu(TONE[:160])


ACTS = st.one_of(
    st.tuples(st.just("say"), st.sampled_from("abc"), st.integers(0, 900)),
    st.tuples(st.just("take"), st.just(""), st.sampled_from([80, 160, 480])),
    st.tuples(st.just("barge in"), st.just(""), st.just(0)),
)


@given(st.lists(ACTS, max_size=60))
def test_what_went_in_came_out_or_waits_or_was_thrown_away(
    acts: list[tuple[str, str, int]],
) -> None:
    playout = Playout()
    for act, response, amount in acts:
        if act == "say":
            playout.say(TONE[:amount], response=response, item=response)
        elif act == "take":
            assert len(playout.take(amount)) == 2 * amount
        else:
            playout.barge_in()
    count = playout.counters()
    waiting = round(playout.waiting_ms * 8)
    assert count["received"] == count["sent"] + count["discarded"] + waiting
    offered = sum(amount for act, _, amount in acts if act == "say")
    assert offered == count["received"] + count["refused"] + count["overflowed"]


def test_a_frame_of_no_length_that_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 65535 is needed, not -1"):
        Playout().take(-1)
    with pytest.raises(ValueError, match=r"audio format is one of .*, not 'audio/opus'"):
        Playout(output="audio/opus")
