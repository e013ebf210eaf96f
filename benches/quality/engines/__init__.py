"""What makes packets that came badly into speech: ours, and all others that could be had."""

from benches.quality.engines import buffers, fourwire, neteq_crate, peer_aiortc, spandsp, webrtc
from benches.quality.engines.engine import Engine, HearAll, Heard, Unavailable

__all__ = ["AT_ONCE", "ENGINES", "LEFT_OUT", "OURS", "REAL_TIME", "Engine", "Heard", "Unavailable"]

#: Towards an agent audio goes on as it comes, towards ears at the pace of the clock.
OURS = ("fourwire dejitter", "fourwire playout")

#: These give speech when they have it, and need no delay for a loudspeaker that never waits.
AT_ONCE = ("fourwire dejitter", "aiortc")

ENGINES: dict[str, type[Engine]] = {
    "fourwire dejitter": fourwire.Dejitter,
    "fourwire playout": fourwire.Playout,
    "neteq crate": neteq_crate.NetEqCrate,
    "aiortc": peer_aiortc.Aiortc,
    "fixed + silence": buffers.Silence,
    "fixed + repetition": buffers.Repetition,
    "fixed + spandsp plc": spandsp.Spandsp,
}

#: Those with clocks of their own, which take as long as the calls last: all calls at once.
REAL_TIME: dict[str, HearAll] = {
    "webrtc (NetEq)": webrtc.hear_all,
}

#: What can be had too, and why it is not measured.
LEFT_OUT = {
    "PJSIP": "pjsua2-python has its buffer inside whole SIP calls in real time only",
    "GStreamer": "rtpjitterbuffer has a fixed delay, and spanplc is spandsp's concealment",
    "baresip": "its buffer is inside a whole program with a clock of its own",
    "livekit": "it is libwebrtc, as wrtc is, and works through a server only",
}
