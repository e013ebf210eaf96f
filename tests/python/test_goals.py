"""What a measured figure means for a goal, and what tests say of one."""

import pytest
from benches import soak
from benches.calls.measure import Load, Result, Spread
from benches.goals import lines, load
from benches.goals.hostile import PROOFS, TESTS, counted, mutated, told_of
from benches.goals.verdict import Told, Verdict, compared, judged
from benches.others import Others
from benches.soak.footprint import Footprint
from benches.soak.talks import Harm
from benches.soak.thousand import Round

REPORT = """<testsuites><testsuite>
<testcase name="one"/>
<testcase name="two"><failure message="AssertionError: late&#10;more">...</failure></testcase>
<testcase name="three"><skipped message="no Kamailio"/></testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("value", "complete", "disturbed", "verdict"),
    [
        (20.0, True, False, Verdict.MET),
        (20.0, True, True, Verdict.MET),
        (20.1, True, False, Verdict.MISSED),
        (20.1, True, True, Verdict.HELD_UP),
        (1.0, False, False, Verdict.MISSED),
        (1.0, False, True, Verdict.HELD_UP),
    ],
)
def test_a_machine_that_others_have_excuses_what_is_late_and_nothing_else(
    value: float, complete: bool, disturbed: bool, verdict: Verdict
) -> None:
    assert judged(value, 20.0, complete=complete, disturbed=disturbed) is verdict


def test_two_figures_of_a_disturbed_run_are_not_compared() -> None:
    assert compared(0.2, 0.4, 2, disturbed=False) is Verdict.MET
    assert compared(0.2, 0.39, 2, disturbed=False) is Verdict.MISSED
    assert compared(0.1, 0.9, 2, disturbed=True) is Verdict.HELD_UP


@pytest.mark.parametrize(
    ("counts", "busy", "verdict"),
    [
        ((3, 0, 0), False, Verdict.MET),
        ((3, 0, 0), True, Verdict.MET),
        ((2, 1, 0), False, Verdict.MISSED),
        ((2, 1, 0), True, Verdict.HELD_UP),
        ((2, 0, 1), False, Verdict.NOT_MEASURED),
        ((0, 0, 0), False, Verdict.NOT_MEASURED),
    ],
)
def test_a_goal_is_met_where_all_of_its_tests_passed(
    counts: tuple[int, int, int], busy: bool, verdict: Verdict
) -> None:
    named = dict(zip(("passed", "failed", "skipped"), counts, strict=True))
    told = told_of(PROOFS[0], named, "why", busy=busy)
    assert told.verdict is verdict
    assert bool(told.measured) == (verdict is Verdict.MET)


def test_a_report_of_tests_is_counted_with_the_first_that_did_not_pass() -> None:
    counts, why = counted(REPORT)
    assert counts == {"passed": 1, "failed": 1, "skipped": 1}
    assert why == "two: AssertionError: late"


@pytest.mark.parametrize(
    ("told", "complaint", "verdict"),
    [
        ("rtp: 10000000 inputs, cov: 9 rss: 35Mb", "", Verdict.MET),
        ("rtp: 9999999 inputs, cov: 9 rss: 35Mb", "", Verdict.NOT_MEASURED),
        ("rtp: 10000000 inputs, cov: 9 rss: 600Mb", "", Verdict.MISSED),
        ("srtp: 400000 inputs, 10000000 packets, cov: 9 rss: 35Mb", "", Verdict.MET),
        ("srtp: 10000000 inputs, 400000 packets, cov: 9 rss: 35Mb", "", Verdict.NOT_MEASURED),
        ("", "Not fuzzed: cargo-fuzz is not installed", Verdict.NOT_MEASURED),
        ("", "panicked at leg.rs", Verdict.MISSED),
    ],
)
def test_a_parser_has_to_take_all_that_it_is_fed(
    told: str, complaint: str, verdict: Verdict
) -> None:
    assert mutated("rtp", told, complaint).verdict is verdict


def test_every_test_that_proves_a_goal_is_there(request: pytest.FixtureRequest) -> None:
    for test in (test for proof in PROOFS for test in proof.tests):
        file, _, name = test.partition("::")
        text = (request.config.rootpath / TESTS / file).read_text()
        assert f"def {name}(" in text or not name, test


def test_what_a_soak_complains_of_is_a_goal_missed() -> None:
    harmless = soak.Injected(changed_source_restarts=1)
    assert load.injection(harmless).verdict is Verdict.MET
    missed = load.injection(soak.Injected(changed_source_lost=3))
    assert missed.verdict is Verdict.MISSED
    assert "3 packets lost" in missed.about


def footprint(private_kb: int, **held: int) -> Footprint:
    return Footprint(held=held, rss_kb=private_kb, pss_kb=private_kb, private_kb=private_kb)


def test_calls_that_are_left_behind_are_told() -> None:
    start = footprint(1000, calls=0, sockets=5)
    rounds = [
        Round({"answered": 10}, 1.0, 1.0, footprint(3000, calls=10), rest)
        for rest in (start, footprint(1000, calls=0, sockets=6))
    ]
    left = load.up_and_down(soak.UpAndDown(10, start, rounds, {}))
    assert (left.measured, left.verdict) == ("10 up, 200 kB each, 0 MB left", Verdict.MISSED)
    assert "sockets: 5 at the start, 6 now" in left.about
    well = load.up_and_down(soak.UpAndDown(10, start, rounds[:1] * 2, {}))
    assert well.verdict is Verdict.MET


def test_memory_is_back_when_the_process_is_nearly_as_small_as_it_was() -> None:
    def judged(*left_kb: int) -> Told:
        start, top = footprint(40_000, calls=0), footprint(41_000, calls=10)
        rests = [footprint(40_000 + kb, calls=0) for kb in left_kb]
        rounds = [Round({"answered": 10}, 1.0, 1.0, top, rest) for rest in rests]
        return load.up_and_down(soak.UpAndDown(10, start, rounds, {}))

    assert judged(20_000, 20_000).verdict is Verdict.MET
    much = judged(260_000, 260_000)
    assert (much.measured, much.verdict) == ("10 up, 100 kB each, 260 MB left", Verdict.MISSED)
    assert "memory is 260 MB above the 40 MB of the start" in much.about
    assert "grew" in judged(10_000, 20_000).about


def test_harm_by_a_machine_that_was_held_up_is_no_verdict() -> None:
    for lag_ms, verdict in ((1.0, Verdict.MISSED), (500.0, Verdict.HELD_UP)):
        harmed = Harm([], ["call 1 of 1: was cut off"], [], lag_ms)
        told = load.draining(soak.Drained(0.1, 0.2, 0.3, {"503, Retry-After": 6}, harmed))
        assert (told.measured, told.verdict) == ("0.30 s", verdict)
    harmless = Harm([], [], [], 1.0)
    told = load.overload(soak.Overloaded("capacity", {"503, Retry-After": 9}, harmless))
    assert (told.measured, told.verdict) == ("9 × 503+Retry-After", Verdict.MET)


def spread(p99: float) -> Spread:
    return Spread(count=100, p50=p99 / 2, p99=p99, max=2 * p99)


def result(
    share: float, *, harness_p99_ms: float = 1.0, others: float = 0.0, heard: bool = True
) -> Result:
    return Result(
        cpu_percent_per_call=share,
        gaps=spread(20.5),
        gaps_over_40_ms=0,
        barge_in=spread(19.0),
        append=spread(64.0),
        first_packet=spread(22.0),
        memory_kb_per_call=200,
        process_kb_per_call=300,
        packets_per_call_second=50,
        descriptors_per_call=3,
        to_agent_kbit_s=92,
        from_agent_kbit_s=91,
        heard=heard,
        harness=spread(harness_p99_ms),
        others_percent=others,
    )


def test_a_late_harness_is_a_doubt_about_costs_and_not_about_times_that_the_kernel_took() -> None:
    late = lines.Line("late", result(0.1, harness_p99_ms=6))
    assert lines.cost(late, 0.18).verdict is Verdict.HELD_UP
    assert lines.cheaper(late, "who", result(9.0), 2).verdict is Verdict.HELD_UP
    assert lines.flat(late, result(0.1), 50).verdict is Verdict.HELD_UP
    assert lines.barge_in(late).verdict is Verdict.MET
    assert [told.verdict for told in lines.pacing(late)] == [Verdict.MET, Verdict.MISSED]
    appends, packets = lines.added_latency(late, Load(calls=1))
    assert (appends.verdict, packets.verdict) == (Verdict.MET, Verdict.MISSED)


def test_a_cost_is_compared_with_a_limit_a_peer_and_that_of_few_calls() -> None:
    line = lines.Line("well", result(0.1))
    assert lines.cost(line, 0.1).verdict is Verdict.MET
    assert lines.cost(line, 0.09).verdict is Verdict.MISSED
    assert lines.cheaper(line, "who", result(0.2), 2).verdict is Verdict.MET
    assert lines.cheaper(line, "who", result(0.19), 2).verdict is Verdict.MISSED
    assert lines.flat(line, result(0.092), 50).verdict is Verdict.MET
    assert lines.flat(line, result(0.09), 50).verdict is Verdict.MISSED


def test_a_peer_that_does_not_do_its_work_is_no_excuse_and_no_reproach() -> None:
    line, overloaded = lines.Line("well", result(0.1)), result(1.5, heard=False)
    assert lines.cheaper(line, "who", overloaded, 15).verdict is Verdict.MET
    told = lines.cheaper(line, "who", overloaded, 16)
    assert (told.verdict, told.about[:4]) == (Verdict.HELD_UP, "who:")


def test_who_did_not_do_the_work_has_met_nothing() -> None:
    deaf = lines.Line("deaf", result(0.01, heard=False))
    assert lines.cost(deaf, 0.18).verdict is Verdict.MISSED
    assert lines.barge_in(deaf).verdict is Verdict.MISSED
    starved = lines.Line("starved", result(0.01, heard=False, others=50))
    assert lines.barge_in(starved).verdict is Verdict.HELD_UP


def test_resampled_speech_may_take_as_long_as_the_resampler_more() -> None:
    line = lines.Line("PCM24", result(0.1))
    (packets,) = lines.added_latency(line, Load(calls=50, format="audio/pcm"))
    assert (packets.wanted, packets.verdict) == ("≤ 23 ms", Verdict.MET)


def test_the_time_that_others_had_is_never_less_than_none() -> None:
    assert Others().percent(1e9) == 0.0
    assert Others(0).percent(0.0) >= 0.0
