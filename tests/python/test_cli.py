"""The command line: what it prints, what it runs, and what it says to mistakes."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import anyio
import pytest
from support.programs import Printing

from fourwire import standin
from fourwire.agent_file import AgentFile
from fourwire.cli import main
from fourwire.demo.caller import telephone
from fourwire.demo.speech import recording
from fourwire.settings import MissingSecret, SettingsError

ROOT = Path(__file__).parents[2]
KEYLESS = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("INWORLD", "FOURWIRE"))
}


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit status and what was printed on standard error."""
    status = main(arguments)
    return status, capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert re.fullmatch(r"fourwire \S+\n", capsys.readouterr().out)


def test_the_help_says_where_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "To begin: `fourwire demo` needs no account" in told
    assert "`fourwire init DIR`" in told


def test_without_a_command_the_commands_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2
    assert "usage: fourwire" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["serve", "--agent", "/nowhere.toml"], "cannot read /nowhere.toml: no such file"),
        (["serve", "--settings", "/nowhere.toml"], "cannot read /nowhere.toml"),
        (["serve", "--listen", "5060"], "command line: listen = '5060': a listener is written"),
        (["serve", "--max-calls", "many"], "command line: max_calls = 'many': Expected int"),
        (["serve", "--standin", "--journal", "/nowhere/j"], "journal: cannot write /nowhere/j"),
        (["serve"], "the plain agent: INWORLD_API_KEY is not set: put the key into"),
        (["check"], "the plain agent: INWORLD_API_KEY is not set: put the key into"),
        (["demo", "--out", "/proc/nothing"], "cannot write to /proc/nothing"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    status, text = told(capsys, *arguments)
    assert status == 2
    assert f"fourwire: {complaint}" in text
    assert "Traceback" not in text


def test_a_busy_port_is_named_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        status, text = told(capsys, "serve", "--standin", "--listen", f"udp:127.0.0.1:{port}")
    assert status == 2
    assert str(port) in text
    assert "--listen" in text


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ('voise = "Ashley"', "there is no setting voise; did you mean voice?"),
        ("voice = 5", ":1: voice = 5: Expected str, got int"),
        ('auth_scheme = "digest"', "Invalid enum value 'digest'"),
        ('dialled = "("', "dialled = '('"),
        (
            'model = "a"\n[session]\nmodel = "b"',
            "model = 'a': is given twice, also as session.",
        ),
        ("voice =", "is not TOML"),
        ('api_key = ""', ":1: api_key: Expected str of length >= 1"),
        ('url = "https://a.example"', "url = 'https://a.example'"),
        ('url = "wss://["', "url = 'wss://['"),
        ('voice = "a"\n[session]\naudio = 5', ":3: session.audio = 5: must be a table"),
        ("[early_barge_in]\ndepth_db = 99999999999999999999", "early_barge_in: "),
    ],
)
def test_a_wrong_agent_file_is_named_with_key_and_value(
    tmp_path: Path, toml: str, complaint: str
) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(toml)
    with pytest.raises(SettingsError) as caught:
        AgentFile.load(path)
    assert str(path) in str(caught.value)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("key", ["Zm91cndpcmU6c2VjcmV0==", "sk-1234", "Zm91" * 20])
def test_a_key_in_the_place_of_its_name_is_not_shown(tmp_path: Path, key: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(f'api_key = "{key}"')
    with pytest.raises(SettingsError, match="not the key itself") as caught:
        AgentFile.load(path)
    assert str(path) in str(caught.value)
    assert key not in str(caught.value)


def test_an_agent_file_passes_everything_of_its_session_on(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(
        'instructions = "Be brief."\nvoice = "Ashley"\n'
        "[session.audio.output]\nspeed = 1.1\n"
        '[session.providerData.future]\nunknown_here = [1, "two"]\n'
    )
    assert AgentFile.load(path).session_config() == {
        "type": "realtime",
        "output_modalities": ["audio", "text"],
        "instructions": "Be brief.",
        "audio": {"output": {"speed": 1.1, "voice": "Ashley"}},
        "providerData": {"future": {"unknown_here": [1, "two"]}},
    }


def test_reading_the_session_twice_gives_the_same(tmp_path: Path) -> None:
    agent = AgentFile(voice="Ashley", session={"audio": {"output": {"speed": 1.0}}})
    assert agent.session_config() == agent.session_config()
    assert agent.session == {"audio": {"output": {"speed": 1.0}}}


def test_the_two_examples_ask_for_the_same_session() -> None:
    program: dict[str, object] = {}
    source = (ROOT / "examples" / "answer_call.py").read_text()
    exec(compile(source, "answer_call.py", "exec"), program)  # noqa: S102 - our own example
    agent = AgentFile.load(ROOT / "examples" / "agent.toml")
    assert agent.session_config() == program["SESSION"]
    assert agent.greeting.strip() == str(program["GREETING"]).strip()
    assert str(agent.dialled) == "voxi"


def test_an_agent_file_says_which_key_is_missing() -> None:
    with pytest.raises(MissingSecret, match="MY_KEY is not set"):
        AgentFile(api_key="MY_KEY").key({})


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fourwire", "serve", "--agent", "/nowhere"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("fourwire: cannot read /nowhere")


class Running(Printing):
    """A program that serves, and the port where it listens."""

    port = 0


@contextlib.asynccontextmanager
async def running(arguments: list[str], environ: Mapping[str, str]) -> AsyncIterator[Running]:
    """The program `arguments`, until SIGTERM at the end of the block; it must end well."""
    command = [sys.executable, *arguments]
    async with await anyio.open_process(command, env=dict(environ)) as process:
        program = Running(process)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(program.read)
            try:
                program.port = int(await program.until(r"listening on udp:127\.0\.0\.1:(\d+)"))
                yield program
                process.send_signal(signal.SIGTERM)
                with anyio.fail_after(10):
                    assert await process.wait() == 0
            finally:
                if process.returncode is None:
                    process.kill()


SERVE = ["-m", "fourwire", "serve", "--listen", "udp:127.0.0.1:0"]


def test_every_agent_without_a_key_is_told_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.toml").write_text('api_key = "KEY_OF_A"\n')
    (tmp_path / "b.toml").write_text('api_key = "KEY_OF_B"\n')
    settings = tmp_path / "gateway.toml"
    settings.write_text("[[route]]\ndialled = '1'\nagent = 'a.toml'\n[[route]]\nagent = 'b.toml'\n")
    for command in ("serve", "check"):
        status, text = told(capsys, command, "--settings", str(settings))
        assert status == 2
        assert "a.toml: KEY_OF_A is not set" in text
        assert "b.toml: KEY_OF_B is not set" in text
        assert "--standin" in text
    assert main(["check", "--strict", "--standin", "--settings", str(settings)]) == 0


def test_who_would_answer_is_told_without_any_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "gateway.toml"
    settings.write_text(
        "[[trunk]]\nname = 'phones'\nusers = [{ username = 'a', password = 'A_PASSWORD' }]\n"
    )
    assert main(["route", "test", "1", "--settings", str(settings)]) == 0
    assert "→ the plain agent" in capsys.readouterr().out
    status, text = told(capsys, "check", "--standin", "--settings", str(settings))
    assert status == 2
    assert "A_PASSWORD is not set" in text


@pytest.mark.anyio
async def test_the_stand_in_answers_where_it_is_asked_for_and_says_so(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    agent = ROOT / "examples" / "agent.toml"
    arguments = [*SERVE, "--standin", "--agent", str(agent), "--journal", str(journal)]
    environ = KEYLESS | {"INWORLD_API_KEY": "never-shown-to-anybody"}
    async with running(arguments, environ) as gateway, telephone(ports=(22000, 22100)) as phone:
        assert "the stand-in agent answers all calls, and not Inworld" in gateway.output
        async with phone.call(f"sip:voxi@127.0.0.1:{gateway.port}") as caller:
            await caller.until_speech()
        await gateway.until("(ended: caller hung up)")
    events = [json.loads(line)["event"] for line in journal.read_text().splitlines()]
    assert events[0] == "gateway.listening"
    assert events[-1] == "gateway.stopped"
    assert events.count("call.ended") == 1


FEW_FILES = """
import resource, runpy
resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
runpy.run_module("fourwire", run_name="__main__")
"""


@pytest.mark.anyio
async def test_a_gateway_opens_as_many_files_as_it_may() -> None:
    arguments = ["-c", FEW_FILES, *SERVE[2:], "--standin"]
    async with running(arguments, KEYLESS) as gateway:
        limits = await anyio.Path(f"/proc/{gateway.process.pid}/limits").read_text()
    (soft, hard) = re.findall(r"Max open files +(\d+) +(\d+)", limits)[0]
    assert soft == hard != "256"


@pytest.mark.anyio
async def test_the_example_greets_hears_answers_and_writes_what_was_said(tmp_path: Path) -> None:
    key = "ZXhhbXBsZTprZXktb2YtYS10ZXN0"
    journal = tmp_path / "journal.jsonl"
    async with standin.serve() as agent, telephone(ports=(22200, 22300)) as phone:
        environ = KEYLESS | {
            "INWORLD_API_KEY": key,
            "INWORLD_URL": agent.url,
            "FOURWIRE_LISTEN": "udp:127.0.0.1:0",
            "FOURWIRE_JOURNAL": str(journal),
        }
        async with running([str(ROOT / "examples" / "answer_call.py")], environ) as gateway:
            async with phone.call(f"sip:voxi@127.0.0.1:{gateway.port}") as caller:
                await caller.until_speech()
                caller.say(recording("interruption"))
                await caller.until_silence()
                await gateway.until("(user: )")
                await caller.until_speech()
            await gateway.until("(ended: caller hung up)")
            printed = gateway.output
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    told = [line["event"] for line in lines]
    assert "Inworld.RealtimeAPI.SessionCreated" in told
    assert told.index("bridge.interrupted") < told.index("user")
    (end,) = [line for line in lines if line["event"] == "call.ended"]
    assert [turn["speaker"] for turn in end["transcript"]] == ["agent", "user", "agent"]
    assert end["transcript"][0]["cut"]
    (update,) = agent.sessions[0].find("session.update")
    assert "providerData" in str(update.fields)
    assert key not in printed + journal.read_text()


@pytest.fixture(autouse=True)
def _environment_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(KEYLESS):
        monkeypatch.delenv(name)
