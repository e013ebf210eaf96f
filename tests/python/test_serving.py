"""What a gateway is told by files: checked without starting, started, and reloaded under calls."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import Process
from support.programs import Printing

from fourwire import sip, standin, starter
from fourwire.cli import main
from fourwire.demo.caller import telephone

KEY = "c2VydmluZzprZXktb2YtYS10ZXN0"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A freshly written set of files, and no key in the environment."""
    for name in [name for name in os.environ if name.startswith(("INWORLD", "FOURWIRE"))]:
        monkeypatch.delenv(name)
    assert main(["init", str(tmp_path / "gw")]) == 0
    return tmp_path / "gw"


def test_what_init_writes_is_found_good(
    directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    check = ["check", "--strict", "--settings", str(directory / "gateway.toml")]
    assert main(check) == 2
    assert "INWORLD_API_KEY is not set" in capsys.readouterr().err
    monkeypatch.setenv("INWORLD_API_KEY", KEY)
    assert main(check) == 0
    printed = capsys.readouterr().out
    assert "good: 2 rules, 1 agents, 0 doubts" in printed
    assert KEY not in printed


def of_udp(**environ: str) -> dict[str, str]:
    """The environment of a program that listens where there is room."""
    return {**os.environ, "FOURWIRE_LISTEN": "udp:127.0.0.1:0", **environ}


def test_the_scenario_that_init_writes_does_not_start_without_a_key(directory: Path) -> None:
    command = [sys.executable, directory / "scenario.py"]
    done = subprocess.run(command, env=of_udp(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("fourwire: INWORLD_API_KEY is not set: put the key into")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.anyio
async def test_the_scenario_that_init_writes_talks_by_the_stand_in(directory: Path) -> None:
    async with standin.serve() as agent, telephone(ports=(22400, 22500)) as phone:
        environ = of_udp(INWORLD_URL=agent.url, INWORLD_API_KEY="anything")
        command = [sys.executable, str(directory / "scenario.py")]
        async with (
            await anyio.open_process(command, env=environ) as process,
            anyio.create_task_group() as tasks,
        ):
            program = Printing(process)
            tasks.start_soon(program.read)
            port = await program.until(r"listening on udp:127\.0\.0\.1:(\d+)")
            async with phone.call(f"sip:voxi@127.0.0.1:{port}") as caller:
                await caller.until_speech()
            process.send_signal(signal.SIGTERM)
            with anyio.fail_after(10):
                assert await process.wait() == 0


def test_the_unit_that_init_writes_serves_the_files_beside_it(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = (directory / "fourwire.service").read_text()
    assert "@" not in unit.replace("~@privileged @resources", "").replace("@system-service", "")
    assert f"WorkingDirectory={directory}\n" in unit
    assert f"LoadCredential=inworld_api_key:{directory}/inworld_api_key\n" in unit
    (started,) = re.findall(r"ExecStart=(.*)", unit)
    program, command, *options = shlex.split(started)
    assert (Path(program).name, command, options.pop()) == ("fourwire", "serve", "--quiet")
    assert main(["check", "--standin", *options]) == 0
    assert "good: 2 rules" in capsys.readouterr().out


def test_init_doubts_a_service_that_could_not_see_its_files(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(starter.doubts("/etc/fourwire")) == list(starter.doubts("/srv"))
    for hidden in ("/home/ada", "/root"):
        assert any(f"at {hidden}/gw" in doubt for doubt in starter.doubts(f"{hidden}/gw"))


def test_init_writes_over_nothing_unless_told(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (directory / "agent.toml").write_text("# mine")
    (directory / "prompt.txt").unlink()
    assert main(["init", str(directory)]) == 2
    assert "agent.toml" in capsys.readouterr().err
    assert (directory / "agent.toml").read_text() == "# mine"
    assert not (directory / "prompt.txt").exists()
    assert main(["init", "--force", str(directory)]) == 0
    assert "instructions_file" in (directory / "agent.toml").read_text()


def test_check_tells_the_problems_of_all_files(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = directory / "gateway.toml"
    (directory / "a.toml").write_text("voise = 'x'\napi_key = 5")
    (directory / "b.toml").write_text("instructions_file = 'nowhere'")
    settings.write_text("[[route]]\nagent = 'a.toml'\n[[route]]\nagent = 'b.toml'\n")
    assert main(["check", "--settings", str(settings)]) == 2
    told = capsys.readouterr().err
    assert f"{directory}/a.toml:1: there is no setting voise" in told
    assert f"{directory}/a.toml:2: api_key: " in told
    assert f"{directory}/b.toml:1: instructions_file = 'nowhere': cannot be read: no such" in told


def test_check_doubts_what_the_server_would_ignore(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (directory / "agent.toml").write_text("[session.audio.output]\nvoise = 'x'\nspeed = 9.0\n")
    with (directory / "gateway.toml").open("a") as file:
        file.write("[[route]]\nreject = 486\ntrunk = 'nobody'\n")
    assert main(["check", "--standin", "--settings", str(directory / "gateway.toml")]) == 0
    told = capsys.readouterr().out
    assert "session.audio.output.voise is no field that is known: voice was meant?" in told
    assert "session.audio.output.speed is 9.0: should be" in told
    assert "is never reached: route 2 (route everybody else) takes all of its calls" in told
    assert "no trunk is named nobody" in told


def test_check_reads_certificates_and_doubts_variables_that_are_no_settings(
    directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = directory / "gateway.toml"
    settings.write_text('listen = ["tls:0.0.0.0:5061"]\n[tls]\ncertificate = "/nowhere.pem"\n')
    assert main(["check", "--settings", str(settings)]) == 2
    told = capsys.readouterr().err
    assert "/nowhere.pem" in told
    assert "INWORLD_API_KEY is not set" in told
    monkeypatch.setenv("FOURWIRE_MAX_CALS", "5")
    assert main(["check", "--standin"]) == 0
    doubts = capsys.readouterr().out
    assert "FOURWIRE_MAX_CALS is no setting: FOURWIRE_MAX_CALLS was meant?" in doubts


@pytest.mark.anyio
async def test_a_reload_does_not_put_the_stand_in_in_the_place_of_an_agent(
    directory: Path,
) -> None:
    agent = directory / "agent.toml"
    async with serving(directory, {"INWORLD_API_KEY": KEY}) as (served, _):
        agent.write_text('api_key = "OTHER_KEY"\n')
        assert "OTHER_KEY is not set" in await served.reload("not reloaded")
        agent.write_text(f"api_key = {{ command = ['echo', '{KEY[::-1]}'] }}\n")
        await served.reload("reloaded: 2 rules, 1 agents")
    assert KEY[::-1] not in served.journal.read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["1"], 0, "✓ 2. route everybody else: → "),
        (["1", "--caller", "SIPVicious"], 0, "✓ 1. route not for machines: → 403"),
        (["1", "--caller", "SIPVicious"], 0, "✗ 2. route everybody else: an earlier rule wins"),
        (["1", "--caller", "100"], 0, "✓ 2. route everybody else: → "),
        (["1", "--caller", "5"], 0, "✗ 1. route not for machines: caller '5' is not (?i)sipvic"),
    ],
)
def test_route_test_tells_which_rule_wins_and_why_others_do_not(
    directory: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    line: str,
) -> None:
    settings = ["--settings", str(directory / "gateway.toml")]
    assert main(["route", "test", *arguments, *settings]) == status
    assert line in capsys.readouterr().out


def test_route_test_tells_hours_headers_trunks_and_that_none_wins(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = directory / "gateway.toml"
    settings.write_text(
        "[[route]]\nreject = 486\ntrunk = 'east'\nheaders = {X-A = 'b'}\ndays = 'mon'\n"
        "hours = '09:00-17:00'\nzone = 'Europe/Berlin'\n"
    )
    test = ["route", "test", "5", "--settings", str(settings)]
    of_it = ["--trunk", "east", "--header", "x-a: b", "--at", "2026-01-05T08:30+00:00"]
    assert main([*test, *of_it]) == 0
    assert main([*test, *of_it[:-1], "2026-01-05T16:30+00:00"]) == 1
    assert "17:30 (CET) is not within 09:00-17:00" in capsys.readouterr().out
    assert main([*test]) == 1
    assert "no rule: 404" in capsys.readouterr().out
    assert main([*test, "--at", "noon"]) == 2
    assert main([*test, "--header", "noon"]) == 2


class Served(Printing):
    """A running `fourwire serve`, and what it has printed."""

    patience_s = 20.0

    def __init__(self, process: Process, journal: Path) -> None:
        super().__init__(process)
        self.journal = journal

    async def next(self, pattern: str) -> str:
        """As `until`, but of what it has printed since the last wait."""
        match = await self.match(pattern)
        self.output = self.output[match.end() :]
        return match[1]

    async def reload(self, outcome: str) -> str:
        """Send SIGHUP and wait for what comes of it."""
        self.process.send_signal(signal.SIGHUP)
        return await self.next(f"({outcome}.*)\n")

    def events(self, name: str) -> list[dict[str, object]]:
        """What the journal tells of `name`."""
        lines = [json.loads(line) for line in self.journal.read_text().splitlines()]
        return [line for line in lines if line["event"] == name]


@asynccontextmanager
async def serving(directory: Path, environ: dict[str, str]) -> AsyncIterator[tuple[Served, int]]:
    """`fourwire serve` with the files of `directory`, and its port; it must end well."""
    journal = directory / "journal.jsonl"
    arguments = ["--listen", "udp:127.0.0.1:0", "--address", "127.0.0.1"]
    command = [sys.executable, "-m", "fourwire", "serve", *arguments]
    command += ["--settings", str(directory / "gateway.toml"), "--journal", str(journal)]
    async with await anyio.open_process(command, env=dict(os.environ) | environ) as process:
        served = Served(process, journal)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(served.read)
            try:
                yield served, int(await served.next(r"listening on udp:127\.0\.0\.1:(\d+)"))
                process.send_signal(signal.SIGTERM)
                with anyio.fail_after(15):
                    assert await process.wait() == 0
            finally:
                if process.returncode is None:
                    process.kill()


async def refused(phone: object, uri: str) -> sip.CallFailed:
    """How a call fails."""
    with pytest.raises(sip.CallFailed) as failed:
        async with phone.call(uri):  # type: ignore[attr-defined]
            pass
    return failed.value


@pytest.mark.anyio
async def test_what_init_writes_answers_a_call_and_reloads_without_dropping_it(
    directory: Path,
) -> None:
    settings, agent = directory / "gateway.toml", directory / "agent.toml"
    good = settings.read_text()
    async with standin.serve() as inworld, telephone(ports=(23000, 23200)) as phone:
        agent.write_text(f'url = "{inworld.url}"\n' + agent.read_text())
        async with serving(directory, {"INWORLD_API_KEY": KEY}) as (served, port):
            uri = f"sip:+15551234@127.0.0.1:{port}"
            async with phone.call(uri) as caller:
                await caller.until_speech()

                settings.write_text(good.replace("agent.toml", "nowhere.toml"))
                assert "nowhere.toml" in await served.reload("not reloaded, all stays as it was")
                async with phone.call(uri) as second:
                    await second.until_speech()

                settings.write_text("max_calls = 7\n[[route]]\ndialled = '.*'\nreject = 486\n")
                await served.reload("reloaded: 1 rules, 0 agents")
                assert (await refused(phone, uri)).status == 486

                settings.write_text("[[route]]\nredirect = 'sip:desk@pbx.example'\n")
                await served.reload("reloaded")
                assert (await refused(phone, uri)).status == 302

                settings.write_text("[[route]]\ndialled = '9'\nreject = 486\n")
                await served.reload("reloaded")
                assert (await refused(phone, uri)).status == 404

                settings.write_text(good + "[access]\nstrangers = 'refuse'\n")
                await served.reload("reloaded: 2 rules, 1 agents")
                assert (await refused(phone, uri)).status == 403

                assert caller.call.ended is None
            await served.next("(ended: caller hung up)")
    assert inworld.sessions[0].find("session.update")
    (failed,) = served.events("gateway.reload_failed")
    assert "nowhere.toml" in str(failed["problems"])
    assert served.events("gateway.reloaded")[0]["need_a_restart"] == ["max_calls"]
    assert KEY not in served.journal.read_text()
