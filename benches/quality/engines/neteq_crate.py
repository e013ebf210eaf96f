"""The crate `neteq`, a likeness of WebRTC's NetEq in Rust, as a program on a virtual clock."""

import struct
import subprocess
from pathlib import Path

import numpy as np

from benches.quality.engines.engine import Arrivals, Heard, Unavailable, played

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "target" / "peers" / "release" / "neteq-peer"


class NetEqCrate:
    """Asked for 10 ms every 10 ms, with a delay that it chooses."""

    def __init__(self) -> None:
        if not PROGRAM.exists():
            raise Unavailable("not built: make bench-peers")

    def hear(self, arrivals: Arrivals, end_ns: int) -> Heard:
        """The whole call goes in, and all that was heard comes out."""
        call = [struct.pack("<Q", end_ns)]
        for at, datagram in arrivals:
            call += [struct.pack("<QI", at, len(datagram)), datagram]
        done = subprocess.run([PROGRAM], input=b"".join(call), capture_output=True, check=True)
        return played(np.frombuffer(done.stdout, "<i2"), int(done.stderr) / 1e6)
