"""Metrics are counted of the journal's entries, and no label holds what a caller sent."""

from collections.abc import Mapping
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fourwire.journal import Entry
from fourwire.metrics import COUNTED, Metrics

RTP = {"packets_received": 100, "packets_sent": 90, "played": 95, "lost": 5, "jitter_us": 4000}
OFFERED = {"caller": "+4930123456", "dialled": "+15551234", "trunk": "carrier"}


def told(metrics: Metrics, *entries: tuple[float, str, Mapping[str, Any]]) -> None:
    """Let `metrics` have entries of one call: time, event and fields."""
    for t, event, fields in entries:
        metrics(Entry(0.0, "c1", t, event, fields))


def ended(cause: str = "caller hung up", **more: Any) -> dict[str, Any]:
    """The fields of a call's end."""
    return {"cause": cause, "answered": True, "talked_s": 12.0, "rtp": RTP} | more


def samples(metrics: Metrics) -> dict[str, float]:
    """All samples of the page, by name and labels."""
    return {
        sample.name + "".join(f"|{k}={v}" for k, v in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.page().decode())
        for sample in family.samples
    }


def test_a_call_is_counted_with_its_cause_its_waits_and_its_packets() -> None:
    metrics = Metrics()
    told(
        metrics,
        (0.0, "call.offered", OFFERED),
        (1.5, "bridge.first_sound", {"greeting_ms": 500.0, "turn_ms": None}),
        (4.016, "bridge.barge_in", {"trigger": "speech", "cancelled": True}),
        (4.3, "bridge.last_sound", {"took_ms": 15.0}),
        (7.9, "bridge.first_sound", {"greeting_ms": None, "turn_ms": 750.0}),
        (13.0, "call.ended", ended(quality={"heard": {"mos": 4.1}, "sent": None})),
    )
    page = samples(metrics)
    assert page["fourwire_calls_offered_total|trunk=carrier"] == 1
    assert page["fourwire_calls_ended_total|answered=true|cause=caller hung up"] == 1
    assert page["fourwire_answer_to_first_audio_seconds_sum"] == pytest.approx(0.5)
    assert page["fourwire_turn_seconds_sum"] == pytest.approx(0.75)
    assert page["fourwire_barge_in_seconds_sum"] == pytest.approx(0.015)
    assert page["fourwire_barge_in_seconds_bucket|le=0.02"] == 1
    assert page["fourwire_barge_in_seconds_bucket|le=0.01"] == 0
    assert page["fourwire_barge_ins_total|trigger=speech"] == 1
    assert page["fourwire_call_seconds_sum"] == 12
    assert page["fourwire_rtp_total|what=packets_received"] == 100
    assert page["fourwire_mos_sum|direction=heard"] == pytest.approx(4.1)
    assert "fourwire_mos_sum|direction=sent" not in page
    assert page["fourwire_rtp_loss_ratio_sum"] == pytest.approx(0.05)
    assert page["fourwire_rtp_jitter_seconds_sum"] == pytest.approx(0.004)


def test_tools_sessions_refusals_and_troubles_are_counted_by_bounded_words() -> None:
    metrics = Metrics()
    answered = {"call_id": "x", "function": "anything", "took_ms": 250.0, "error": None}
    told(
        metrics,
        (0.0, "Inworld.RealtimeAPI.ToolAnswered", {"data": answered}),
        (0.0, "Inworld.RealtimeAPI.ToolAnswered", {"data": answered | {"error": "KeyError"}}),
        (0.0, "Inworld.RealtimeAPI.SessionCreated", {"data": {}}),
        (0.0, "Inworld.RealtimeAPI.WebSocketClosed", {"data": {"clean": False}}),
        (0.0, "conversation.mended", {"took_s": 1.0}),
        (0.0, "gateway.refused", {"status": 404, "why": "no rule", "caller": "+49301"}),
        (0.0, "call.error", {"error": "boom"}),
    )
    page = samples(metrics)
    assert page["fourwire_tool_calls_total|outcome=answered"] == 1
    assert page["fourwire_tool_calls_total|outcome=failed"] == 1
    assert page["fourwire_tool_seconds_sum"] == pytest.approx(0.5)
    assert page["fourwire_agent_sessions_total|what=opened"] == 1
    assert page["fourwire_agent_sessions_total|what=broken"] == 1
    assert page["fourwire_agent_sessions_total|what=mended"] == 1
    assert page["fourwire_calls_refused_total|status=404"] == 1
    assert page["fourwire_troubles_total|event=call.error"] == 1


def test_no_number_of_a_caller_and_nothing_that_was_said_is_on_the_page() -> None:
    metrics = Metrics()
    told(
        metrics,
        (0.0, "call.offered", OFFERED),
        (0.0, "user", {"text": "my PIN is 4711"}),
        (0.0, "anything-4711", {"caller": "+4930123456"}),
        (1.0, "call.ended", ended(detail="4711")),
    )
    page = metrics.page().decode()
    assert not any(secret in page for secret in ("+4930123456", "+15551234", "4711"))


def test_an_entry_that_is_not_counted_changes_nothing() -> None:
    metrics = Metrics()
    before = samples(metrics)
    told(metrics, (0.0, "call.ringing", {}))
    assert "call.ringing" not in COUNTED
    after = samples(metrics)
    created = {name for name in before if "_created" in name}
    assert {k: v for k, v in after.items() if k not in created} == {
        k: v for k, v in before.items() if k not in created
    }
