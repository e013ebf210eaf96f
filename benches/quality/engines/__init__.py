"""What makes packets that came badly into speech: ours, and all others that could be had."""

from benches.quality.engines import buffers, fourwire, peer_aiortc, spandsp
from benches.quality.engines.engine import Engine, Heard, Unavailable

__all__ = ["ENGINES", "OURS", "Engine", "Heard", "Unavailable"]

#: Towards an agent audio goes on as it comes, towards ears at the pace of the clock.
OURS = ("fourwire dejitter", "fourwire playout")

ENGINES: dict[str, type[Engine]] = {
    "fourwire dejitter": fourwire.Dejitter,
    "fourwire playout": fourwire.Playout,
    "aiortc": peer_aiortc.Aiortc,
    "fixed + silence": buffers.Silence,
    "fixed + repetition": buffers.Repetition,
    "fixed + spandsp plc": spandsp.Spandsp,
}
