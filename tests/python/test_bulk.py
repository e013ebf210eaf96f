"""Long work lets other threads run: offline, a file a core."""

import sys
import threading
from collections.abc import Callable, Iterator

import pytest

import fourwire as fw
from fourwire import g711

PCM = bytes(2 * 480_000)
CODES = bytes(480_000)

#: All that is done to a recording at once.
WORK: dict[str, Callable[[int], object]] = {
    "decode_pcmu": lambda n: g711.decode_pcmu(CODES[:n]),
    "decode_pcma": lambda n: g711.decode_pcma(CODES[:n]),
    "encode_pcmu": lambda n: g711.encode_pcmu(PCM[: 2 * n]),
    "encode_pcma": lambda n: g711.encode_pcma(PCM[: 2 * n]),
    "resample": lambda n: fw.Resampler(8000, 24000).process(PCM[: 2 * n]),
    "convert": lambda n: fw.Converter("audio/pcmu", "audio/pcm").convert(CODES[:n]),
    "levels": lambda n: fw.levels(PCM[: 2 * n]),
    "level_dbov": lambda n: fw.level_dbov(PCM[: 2 * n]),
    "rms": lambda n: fw.rms(PCM[: 2 * n]),
    "peak": lambda n: fw.peak(PCM[: 2 * n]),
    "clipped": lambda n: fw.clipped(PCM[: 2 * n]),
    "is_silent": lambda n: fw.is_silent(PCM[: 2 * n]),
}


@pytest.fixture(autouse=True)
def _nobody_is_made_to_yield() -> Iterator[None]:
    """Threads take turns only where one of them lets go of the interpreter by itself."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1_000)
    yield
    sys.setswitchinterval(interval)


def ran_meanwhile(work: Callable[[], object]) -> bool:
    """Whether a thread that waits for the interpreter gets it while `work` goes on."""
    gate, ran = threading.Lock(), []

    def other() -> None:
        with gate:
            ran.append(True)

    gate.acquire()
    thread = threading.Thread(target=other)
    thread.start()
    gate.release()
    for _ in range(2_000):
        work()
        if ran:
            break
    meanwhile = bool(ran)
    thread.join()
    return meanwhile


@pytest.mark.parametrize("name", WORK)
def test_a_recording_is_worked_on_without_the_interpreter(name: str) -> None:
    assert ran_meanwhile(lambda: WORK[name](480_000))


@pytest.mark.parametrize("name", WORK)
def test_for_a_frame_the_interpreter_is_kept(name: str) -> None:
    assert not ran_meanwhile(lambda: WORK[name](160))


def test_a_packet_of_opus_is_work_enough_to_let_others_run() -> None:
    opus = pytest.importorskip("fourwire.opus", reason="built without Opus")
    encoder, decoder = opus.Encoder(opus.Opus(rate=16000)), opus.Decoder(16000)
    packet = encoder.encode(PCM[:640])
    assert ran_meanwhile(lambda: encoder.encode(PCM[:640]))
    assert ran_meanwhile(lambda: decoder.decode(packet))
    assert ran_meanwhile(lambda: decoder.conceal(20))
