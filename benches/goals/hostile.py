"""Hostile input and load: what the tests and the fuzz targets of this repository say of it."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from benches.goals.verdict import BUSY, Told, Verdict, unmeasured
from benches.others import Others, ours_s

ROOT = Path(__file__).parents[2]
TESTS = "tests/python/"

MUTATIONS = 10_000_000
PARSERS = ("rtp", "rtcp", "telephone_event", "comfort_noise", "srtp", "delta", "append")
"""Fuzz targets that read what strangers send."""

AT_MOST_S = 120
"""How long each may take over it."""

MOST_MB = 512
"""Memory that a fuzz target may have at its end."""


FED = re.compile(
    r"^\w+: (?P<inputs>\d+) inputs,(?: (?P<packets>\d+) packets,)?.* rss: (?P<megabytes>\d+)Mb",
    re.MULTILINE,
)
"""What `scripts/fuzz.sh` says of a target; packets where each input is a sequence of them."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Tests that hold a goal."""

    goal: str
    wanted: str
    tests: tuple[str, ...]
    shown: str = "{passed} tests passed"
    environ: dict[str, str] = field(default_factory=dict)


EXAMPLES = "2000"

PROOFS = (
    Proof(
        "RFC 4475 and 5118: read or answered as they say",
        "all",
        ("test_sip_torture.py", "test_sip_torture_ipv6.py", "test_sip_torture_running.py"),
        "{passed} tests passed, 49 + 12 messages",
    ),
    Proof(
        "mutated SIP and SDP",
        "no crash",
        (
            "test_sip_torture.py::test_no_mutation_of_any_of_them_crashes",
            "test_sip_torture.py::test_no_bytes_crash_it",
            "test_sdp_description.py",
            "test_hostile_input.py",
        ),
        f"{{passed}} tests, {EXAMPLES} examples each",
        {"HYPOTHESIS_PROFILE": "slow"},
    ),
    Proof(
        "behind Kamailio: a killed node is out",
        "≈ 2 s, 0 fail",
        ("test_interop_kamailio.py",),
    ),
)
"""What tests say of each goal."""


def tests() -> Iterator[Told]:
    """What the tests hold, one goal after the other."""
    for proof in PROOFS:
        before, others = ours_s(), Others()
        counts, why = _run(proof)
        busy = others.percent(ours_s() - before) > BUSY
        yield told_of(proof, counts, why, busy=busy)


def told_of(proof: Proof, counts: dict[str, int], why: str, *, busy: bool) -> Told:
    """What the outcome of its tests means for a goal."""
    if counts["failed"]:
        verdict = Verdict.HELD_UP if busy else Verdict.MISSED
    elif counts["skipped"] or not counts["passed"]:
        verdict = Verdict.NOT_MEASURED
    else:
        verdict = Verdict.MET
    shown = proof.shown.format(**counts) if verdict is Verdict.MET else ""
    return Told(goal=proof.goal, wanted=proof.wanted, measured=shown, verdict=verdict, about=why)


def mutations(runs: int = MUTATIONS) -> Iterator[Told]:
    """So many mutated packets through each parser of Rust, two parsers at a time."""
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda parser: _mutated(parser, runs), PARSERS)


def _mutated(parser: str, runs: int) -> Told:
    done = subprocess.run(
        ["scripts/fuzz.sh", f"runs={runs}", parser],
        cwd=ROOT,
        env=os.environ | {"AT_MOST": str(AT_MOST_S)},
        capture_output=True,
        text=True,
        check=False,
    )
    return mutated(parser, done.stdout, done.stderr.strip().rpartition("\n")[2])


def mutated(parser: str, told: str, complaint: str) -> Told:
    """What the fuzzer of a parser has told, or the last thing that it complained of."""
    goal, wanted = f"mutated packets: {parser}", "10⁷, no panic"
    found = FED.search(told)
    if found is None:
        if "not installed" in complaint:
            return unmeasured(goal, wanted, complaint)
        return Told(goal=goal, wanted=wanted, verdict=Verdict.MISSED, about=complaint)
    packets, megabytes = int(found["packets"] or found["inputs"]), int(found["megabytes"])
    enough = packets >= MUTATIONS
    verdict = Verdict.MET if enough else Verdict.NOT_MEASURED
    return Told(
        goal=goal,
        wanted=wanted,
        measured=f"{packets:_}, {megabytes} MB".replace("_", " "),
        verdict=verdict if megabytes <= MOST_MB else Verdict.MISSED,
        about="" if enough else f"all well, but fewer than 10⁷ in {AT_MOST_S} s",
    )


def _run(proof: Proof) -> tuple[dict[str, int], str]:
    """How many of its tests passed, failed and were skipped, and why the first did not pass."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                *("-m", "heavy or not heavy", f"--junitxml={report}"),
                *("-o", "junit_family=xunit1"),  # tests say there what they measured
                *(TESTS + test for test in proof.tests),
            ],
            cwd=ROOT,
            env=os.environ | proof.environ,
            capture_output=True,
            check=False,
        )
        if not report.exists():
            return {"passed": 0, "failed": 0, "skipped": 0}, "the tests did not run"
        return counted(report.read_text())


def counted(report: str) -> tuple[dict[str, int], str]:
    """What a report of tests counts, and why the first test did not pass that did not."""
    counts, why = {"passed": 0, "failed": 0, "skipped": 0}, ""
    for case in ElementTree.fromstring(report).iter("testcase"):
        bad = next((each for each in case if each.tag in ("failure", "error", "skipped")), None)
        if bad is None:
            counts["passed"] += 1
            continue
        counts["skipped" if bad.tag == "skipped" else "failed"] += 1
        why = why or f"{case.get('name')}: {(bad.get('message') or '').splitlines()[0][:80]}"
    return counts, why
