"""Secrets come from files and commands too, and nothing that was read there is ever shown."""

import sys
import time
import traceback
from pathlib import Path

import msgspec
import pytest

from fourwire.agent_file import AgentFile
from fourwire.problems import SettingsError
from fourwire.secrets import MissingSecret, Secret, SecretFrom, redact, secret_of

KEY = "c2VjcmV0czprZXktb2YtYS10ZXN0"


def python(code: str, timeout_s: float = 10.0) -> SecretFrom:
    """A command that runs a line of Python."""
    return SecretFrom(command=(sys.executable, "-c", code), timeout_s=timeout_s)


def test_a_secret_is_what_a_command_prints_without_the_line_break() -> None:
    assert secret_of("api_key", python(f"print('{KEY}')")).reveal() == KEY
    assert redact(f"Basic {KEY}") == "Basic [secret]"


def test_a_secret_is_what_a_file_holds_and_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "key"
    source = SecretFrom(file=str(path))
    for value in (KEY, KEY[::-1]):
        path.write_text(f"{value}\n")
        assert secret_of("api_key", source).reveal() == value


def test_of_two_secrets_that_begin_alike_no_end_is_left_to_see() -> None:
    Secret("SHORT", "begins-alike")
    Secret("LONG", "begins-alike-and-goes-on")
    assert redact("a begins-alike-and-goes-on b begins-alike") == "a [secret] b [secret]"


def test_no_shell_reads_a_command(tmp_path: Path) -> None:
    source = SecretFrom(command=("echo", f"$HOME;touch${{IFS}}{tmp_path}/made"))
    assert "$HOME" in secret_of("api_key", source).reveal()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (python(f"print('{KEY}'); raise SystemExit(3)"), "ended with status 3"),
        (python(f"print('{KEY} {KEY}')"), "has a space or a line break inside"),
        (python(f"print('{KEY}' * 1000)"), "printed more than 8192 letters"),
        (python(f"import sys; sys.stderr.write('{KEY}'); sys.exit(1)"), "ended with status 1"),
        (python(f"import os; os.write(1, b'\\xff{KEY}')"), "did not print text"),
        (SecretFrom(command=("/nowhere/pass", KEY)), "cannot be run: no such file"),
        (SecretFrom(command=("a\0b", KEY)), "cannot be run"),
        (SecretFrom(file="/nowhere/key"), "cannot read '/nowhere/key': no such file"),
    ],
)
def test_what_cannot_be_had_is_told_without_what_was_printed(
    source: SecretFrom, complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint) as caught:
        secret_of("api_key", source)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert str(caught.value).startswith("api_key")


def test_a_command_that_prints_nothing_is_a_missing_secret() -> None:
    with pytest.raises(MissingSecret, match="api_key is empty"):
        secret_of("api_key", python("pass"))


def test_a_command_that_takes_too_long_is_ended_with_its_children() -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'], stdin=0)"
    slow = "import subprocess; subprocess.run(['sleep', '60'])"
    began = time.monotonic()
    with pytest.raises(SettingsError, match=r"took longer than 0\.2 s"):
        secret_of("api_key", python(slow, timeout_s=0.2))
    assert time.monotonic() - began < 10
    with pytest.raises(SettingsError):  # standard input is empty, so nothing can wait for it
        secret_of("api_key", python(child))


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("api_key = {}", ":1: api_key: a secret comes from one of file and command"),
        ("api_key = {file = 'a', command = ['b']}", ":1: api_key: a secret comes from one of"),
        ("api_key = {command = 'pass show'}", ":1: api_key.command: Expected a list, got str"),
        ("api_key = {timeout_s = 0, file = 'a'}", ":1: api_key.timeout_s: Expected float > 0"),
        ("[api_key]\nenv = 'A'", ":2: there is no setting env in api_key"),
    ],
)
def test_a_table_that_names_no_secret_is_refused(tmp_path: Path, toml: str, complaint: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(toml)
    with pytest.raises(SettingsError) as caught:
        AgentFile.load(path)
    assert complaint in str(caught.value)


def test_an_agent_file_takes_its_key_from_a_command(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(f"api_key = {{ command = ['echo', '{KEY}'] }}")
    agent = AgentFile.load(path)
    assert agent.key({}).reveal() == KEY
    assert KEY not in repr(agent.key({}))


def test_instructions_may_stand_in_a_file_beside_the_agent(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("instructions_file = 'prompt.txt'")
    (tmp_path / "prompt.txt").write_text("Be brief.\n")
    assert AgentFile.load(path).session_config()["instructions"] == "Be brief.\n"
    path.write_text("instructions = 'x'\ninstructions_file = 'prompt.txt'")
    with pytest.raises(SettingsError, match=r":2: .* instructions is given as well"):
        AgentFile.load(path)
    assert msgspec.structs.asdict(AgentFile())["instructions_file"] == ""


def test_provider_data_in_the_wrong_style_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("[session.provider_data.tts]\ndelivery_mode = 'BALANCED'")
    with pytest.raises(SettingsError, match=r":1: session.provider_data: .* write it providerData"):
        AgentFile.load(path)
