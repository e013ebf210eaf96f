"""The doctor judges facts: what is wrong is named with what helps."""

import errno
import json
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio.to_thread
import msgspec
import pytest
from support.certificates import ENDS, Authority
from support.scene import SETTINGS, scene

from fourwire import standin
from fourwire.agent_file import AgentFile
from fourwire.doctor import examine, explain_calls, gather, machine
from fourwire.doctor.audio_path import AudioPath, explain
from fourwire.doctor.finding import bad, doubtful, good, status_of
from fourwire.doctor.trial import agent_finding, call_through_itself
from fourwire.http_page import Http, HttpListen
from fourwire.plan import Answer, Plan
from fourwire.recording_settings import RecordingSettings
from fourwire.settings import Listen, PortRange, Secret, Settings, SettingsError
from fourwire.trunks import Trunk, User
from fourwire.wire_trace import Trace

IN_USE = os.strerror(errno.EADDRINUSE)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WELL = {"packets_received": 500, "played": 498, "lost": 2, "packets_sent": 500}


@pytest.mark.parametrize(
    ("finding", "verdict", "words"),
    [
        (machine.listener("udp:0.0.0.0:5060", None), "good", "can be listened on"),
        (machine.listener("udp:0.0.0.0:5060", "in use"), "bad", "in use"),
        (machine.listener("udp:0.0.0.0:5060", IN_USE, 7), "good", "a gateway runs (process 7)"),
        (machine.listener("udp:0.0.0.0:5060", "denied", 7), "bad", "denied"),
        (machine.rtp_ports(10000, 20000, (32768, 60999), 0, 500), "good", "5000 calls"),
        (machine.rtp_ports(10000, 20000, (15000, 60999), 0, 500), "doubtful", "15000-60999"),
        (machine.rtp_ports(10000, 20000, None, 4600, 500), "doubtful", "400 calls"),
        (machine.open_files(1024, 500), "doubtful", "2100"),
        (machine.open_files(65536, 500), "good", "2100"),
        (machine.recordings("/var/lib/fourwire", True), "good", "/var/lib/fourwire"),
        (machine.recordings("/proc", False), "bad", "cannot be written to /proc"),
        (machine.address("", ["10.0.0.5"]), "doubtful", "10.0.0.5"),
        (machine.address("", ["8.8.8.8"]), "good", "faces them"),
        (machine.address("8.8.8.8", ["10.0.0.5"]), "doubtful", "no address of this machine"),
        (machine.address("10.0.0.5", ["10.0.0.5"]), "good", "10.0.0.5"),
        (machine.certificate("c.pem", NOW + timedelta(90), None, NOW), "good", "2026-04-01"),
        (machine.certificate("c.pem", NOW + timedelta(3), None, NOW), "doubtful", "3 days"),
        (machine.certificate("c.pem", None, "has expired", NOW), "bad", "has expired"),
        (machine.name("a.example", ["1.2.3.4"], None), "good", "1.2.3.4"),
        (machine.name("a.example", [], "not known"), "bad", "not known"),
    ],
)
def test_facts_of_the_machine_are_judged(finding: Any, verdict: str, words: str) -> None:
    assert finding.verdict == verdict
    assert words in finding.what
    assert bool(finding.advice) == (verdict != "good")


@pytest.mark.parametrize(
    ("rtp", "addresses", "words"),
    [
        (WELL, {}, "audio went both ways"),
        (WELL | {"packets_received": 0, "played": 0}, {}, "no audio came from the caller"),
        (
            WELL | {"packets_received": 0, "strangers": 40},
            {"named": "203.0.113.7"},
            "from elsewhere than from 203.0.113.7",
        ),
        (
            WELL | {"packets_received": 0},
            {"named": "192.168.1.5", "source": "8.8.8.8"},
            "its SDP names a private address (192.168.1.5)",
        ),
        (
            WELL | {"packets_received": 0},
            {"named": "192.168.1.5", "source": "8.8.8.8"},
            "audio went to 192.168.1.5, a private address",
        ),
        (WELL | {"packets_received": 0, "malformed": 9}, {}, "SRTP on one side alone?"),
        (WELL | {"played": 0, "unknown_payload_type": 500}, {}, "nobody agreed on"),
        (WELL | {"played": 0}, {}, "none could be played"),
        (WELL | {"lost": 100}, {}, "17% of the caller's packets were lost"),
        (WELL | {"packets_sent": 0}, {}, "no audio was sent"),
        (WELL | {"nowhere_to_send": 5}, {"named": "0.0.0.0"}, "could not be sent"),  # noqa: S104
        (WELL | {"unsent": 500}, {}, "could not be sent"),
        (WELL | {"remote_lost": 90}, {}, "it lost 90 of 500 packets"),
    ],
)
def test_why_audio_goes_one_way_is_told_from_what_a_leg_counted(
    rtp: Mapping[str, int], addresses: dict[str, str], words: str
) -> None:
    told = "\n".join(map(str, explain(AudioPath(rtp=rtp, **addresses))))
    assert words in told


def test_a_caller_behind_a_nat_whose_audio_came_is_well() -> None:
    path = AudioPath(rtp=WELL, named="192.168.1.5", source="8.8.8.8", latched="8.8.8.8")
    assert explain(path) == [good("audio went both ways")]


def test_the_status_tells_whether_something_is_bad() -> None:
    assert status_of([good("a"), doubtful("b", "c")]) == 0
    assert status_of([good("a"), bad("b", "c")]) == 1


def test_a_port_that_another_program_has_is_found() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        told = gather.try_listener(Listen(f"udp:127.0.0.1:{port}"))
        assert told == "Address already in use"
    assert gather.try_listener(Listen("tcp:127.0.0.1:0")) is None


def test_a_listener_of_ipv6_is_none_of_ipv4() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 0))  # noqa: S104
        port = other.getsockname()[1]
        assert gather.try_listener(Listen(f"udp:0.0.0.0:{port}")) == IN_USE
        assert gather.try_listener(Listen(f"udp:[::]:{port}")) is None


@pytest.mark.anyio
async def test_the_gateway_that_runs_is_known_by_its_page() -> None:
    assert gather.running(None) is None
    watched = msgspec.structs.replace(SETTINGS, http=Http(listen=HttpListen("127.0.0.1:0")))
    async with scene(settings=watched) as stage:
        (listening,) = stage.notes.named("http.listening")
        host, port = listening["address"]
        there = HttpListen(f"{host}:{port}")
        assert await anyio.to_thread.run_sync(gather.running, there) == os.getpid()
    assert await anyio.to_thread.run_sync(gather.running, there) is None


def test_ports_for_audio_that_others_have_are_counted_by_pairs() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        for port in range(23_001, 23_099):
            try:
                other.bind(("0.0.0.0", port))  # noqa: S104 - as audio is
                break
            except OSError:
                continue
        first = port - port % 2
        assert gather.taken_pairs(first, first + 1) == 1


def test_what_the_kernel_gives_away_and_how_much_may_be_open_is_known() -> None:
    ephemeral = gather.ephemeral_ports()
    assert ephemeral is None or 0 < ephemeral[0] < ephemeral[1] < 65_536
    assert gather.may_open() > 0


def test_the_last_day_of_a_certificate_is_read_from_it(tmp_path: Path) -> None:
    ours = Authority(tmp_path).identity("sip.example")
    assert gather.certificate_until(ours.certificate, ours.key) == (ENDS, None)


def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "c.pem"
    path.write_text("no certificate")
    until, error = gather.certificate_until(str(path), "")
    assert until is None
    assert error


def journal_of(path: Path, *entries: dict[str, Any]) -> str:
    """A journal with `entries` of one call, and a line that was cut off."""
    lines = [json.dumps({"call": "c1", "t": 0.0} | entry) for entry in entries]
    path.write_text("\n".join([*lines, '{"call": "c2", "ev']))
    return str(path)


def test_the_calls_of_a_journal_are_explained(tmp_path: Path) -> None:
    said: list[str] = []
    path = journal_of(
        tmp_path / "journal.jsonl",
        {"event": "call.offered", "source": ["8.8.8.8", 5060], "audio_at": ["10.1.1.1", 4000]},
        {"event": "call.ended", "answered": True, "talked_s": 9.0, "rtp": {"packets_sent": 450}},
    )
    assert explain_calls(path, said.append) == 1
    assert said[0] == "call c1, 9 s"
    assert any("its SDP names a private address (10.1.1.1)" in each for each in said)


def test_a_journal_that_is_not_there_or_knows_no_call_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(SettingsError, match=r"cannot read .*nowhere\.jsonl: no such file"):
        explain_calls(str(tmp_path / "nowhere.jsonl"), said.append)
    path = journal_of(tmp_path / "journal.jsonl", {"event": "gateway.listening"})
    assert explain_calls(path, said.append) == 0
    assert said == [f"{path} tells of no call that was answered"]


def test_whether_recordings_can_be_written_is_known_before_there_is_a_directory(
    tmp_path: Path,
) -> None:
    assert gather.may_write(str(tmp_path / "new" / "deeper"))
    (tmp_path / "file").write_text("")
    assert not gather.may_write(str(tmp_path / "file" / "deeper"))


@pytest.mark.anyio
async def test_a_call_through_the_gateway_itself_is_well_and_takes_no_door_of_it(
    tmp_path: Path,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        busy = Listen(f"udp:127.0.0.1:{other.getsockname()[1]}")
        http = Http(listen=HttpListen("127.0.0.1:1"))
        settings = msgspec.structs.replace(
            SETTINGS,
            listen=(busy,),
            http=http,
            trace=Trace(path=str(tmp_path / "trace.jsonl")),
            recordings=str(tmp_path / "recordings"),
            journal=str(tmp_path / "journal.jsonl"),
        )
        findings = await call_through_itself(settings)
    assert [str(finding) for finding in findings] == [
        "✓ a call on this machine was answered, and the agent was heard",
        "✓ audio went both ways",
    ]
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - nothing runs beside it


@pytest.mark.anyio
async def test_a_session_is_opened_with_each_agent_and_one_that_is_not_there_is_told() -> None:
    async with standin.serve() as server:
        agent = AgentFile(url=server.url)
        well = await agent_finding(Answer("a.toml", agent, Secret("KEY", "a-key-of-a-test")))
        assert well.verdict == "good"
        assert server.sessions[0].find("response.create") == []
    gone = await agent_finding(Answer("a.toml", agent, Secret("KEY", "a-key-of-a-test")))
    assert gone.verdict == "bad"
    assert "a-key-of-a-test" not in str(gone)
    lacking = await agent_finding(Answer("", AgentFile(), None, "KEY is not set"))
    assert "KEY is not set" in str(lacking)


@pytest.mark.anyio
async def test_an_examination_tells_everything_and_its_status_is_that_of_the_worst(
    tmp_path: Path,
) -> None:
    settings = Settings(
        listen=(Listen("udp:127.0.0.1:0"),), rtp_ports=PortRange("23200-23400"), max_calls=50
    )
    said: list[str] = []
    wrong = msgspec.structs.replace(
        settings,
        goodbye="/nowhere.wav",
        trunk=(
            Trunk(name="pbx", users=(User(username="alice", password="PASSWORD_OF_NOBODY"),)),  # noqa: S106
        ),
    )
    assert await examine(Plan(wrong, ()), said.append, online=False) == 1
    assert said[0].startswith("✗ PASSWORD_OF_NOBODY is not set")
    assert said[1].startswith("✗ goodbye")
    assert "/nowhere.wav" in said[-1]
    said.clear()
    (tmp_path / "file").touch()
    folder = str(tmp_path / "file" / "recordings")
    taped = msgspec.structs.replace(settings, recording=RecordingSettings(dir=folder))
    assert await examine(Plan(taped, ()), said.append, online=False) == 1
    assert f"✗ recordings cannot be written to {folder}" in "\n".join(said)
    said.clear()
    assert await examine(Plan(settings, ()), said.append, online=False) == 0
    assert said[0] == "✓ udp:127.0.0.1:0 can be listened on"
    assert said[-1] == "✓ audio went both ways"
