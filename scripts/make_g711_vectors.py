"""Writes what CPython 3.11's ``audioop`` makes of every code and every sample.

Run with Python 3.11, whose ``audioop`` is the oracle; later versions no longer have it::

    python3.11 scripts/make_g711_vectors.py rust/core/tests/data
"""

import audioop
import sys
from array import array
from pathlib import Path

CODES = bytes(range(256))
SAMPLES = array("h", range(-32768, 32768)).tobytes()


def main() -> None:
    """Write ``ulaw.bin`` and ``alaw.bin``: 256 samples, then 65 536 codes."""
    folder = Path(sys.argv[1])
    folder.joinpath("ulaw.bin").write_bytes(
        audioop.ulaw2lin(CODES, 2) + audioop.lin2ulaw(SAMPLES, 2)
    )
    folder.joinpath("alaw.bin").write_bytes(
        audioop.alaw2lin(CODES, 2) + audioop.lin2alaw(SAMPLES, 2)
    )


if __name__ == "__main__":
    main()
