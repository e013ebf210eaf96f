"""Writes what CPython 3.11's ``audioop`` makes of some calls of each of its functions.

Run with Python 3.11, whose ``audioop`` is the oracle; later versions no longer have it::

    .venv/bin/python scripts/make_audioop_vectors.py tests/python/data/audioop.jsonl
"""

import audioop
import json
import sys
import warnings
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "python"))
from support.audioop_calls import FUNCTIONS, calls, outcome

EXAMPLES = 60
LONGEST = 1200


def main() -> None:
    """Write a line for each call: the function, its arguments, and the result or the error."""
    lines = [json.dumps(vector) for name in FUNCTIONS for vector in _vectors(name)]
    Path(sys.argv[1]).write_text("\n".join(lines) + "\n")


def _vectors(function: str) -> list[list[object]]:
    found: dict[str, object] = {}

    @seed(3)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        arguments = data.draw(calls(function))
        result = outcome(audioop, function, arguments)
        if len(repr(arguments)) + len(repr(result)) < LONGEST:
            found[repr(arguments)] = result

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    return [[function, arguments, result] for arguments, result in found.items()]


if __name__ == "__main__":
    main()
