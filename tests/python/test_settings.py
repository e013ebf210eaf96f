"""Settings name what is wrong with them, and secrets never show themselves."""

import pickle
from pathlib import Path

import pytest

from fourwire.settings import (
    Listen,
    MissingSecret,
    PortRange,
    Secret,
    Settings,
    SettingsError,
    redact,
    secret,
)
from fourwire.sip_options import SipOptions

KEY = "a2V5OnNlY3JldA=="


def test_a_secret_comes_from_the_environment() -> None:
    assert secret("INWORLD_API_KEY", {"INWORLD_API_KEY": KEY}).reveal() == KEY


def test_a_secret_comes_from_the_file_that_the_environment_names(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    assert secret("INWORLD_API_KEY", {"INWORLD_API_KEY_FILE": str(path)}).reveal() == KEY


@pytest.mark.parametrize("environ", [{}, {"INWORLD_API_KEY": "  "}])
def test_a_missing_secret_says_what_to_set(environ: dict[str, str]) -> None:
    with pytest.raises(MissingSecret, match=r"INWORLD_API_KEY, .*INWORLD_API_KEY_FILE"):
        secret("INWORLD_API_KEY", environ)


def test_a_secret_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"KEY_FILE: cannot read '/nowhere': no such file"):
        secret("KEY", {"KEY_FILE": "/nowhere"})


def test_a_badly_pasted_key_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        secret("KEY", {"KEY": "half another"})
    assert "another" not in str(caught.value)


@pytest.mark.parametrize("show", [repr, str, format, "{}".format, "{0!r:>40}".format])
def test_a_secret_shows_only_its_name(show: object) -> None:
    assert callable(show)
    shown = show(Secret("KEY", "do-not-show"))
    assert "KEY" in shown
    assert "do-not-show" not in shown


def test_codecs_are_listed_or_written_with_commas(tmp_path: Path) -> None:
    assert Settings.load(environ={}).codecs == ("G722", "PCMU", "PCMA")
    path = tmp_path / "settings.toml"
    path.write_text('codecs = ["PCMA"]')
    assert Settings.load(path, environ={}).codecs == ("PCMA",)
    listed = Settings.load(environ={"FOURWIRE_CODECS": "PCMU, G722"})
    assert listed.codecs == ("PCMU", "G722")
    assert Settings.load(environ={"FOURWIRE_CODECS": "opus"}).codecs == ("opus",)
    with pytest.raises(SettingsError, match=r"codecs = .*G729"):
        Settings.load(environ={}, flags={"codecs": "G729"})
    with pytest.raises(SettingsError, match=r"codecs = \[\]"):
        Settings.load(path, environ={}, flags={"codecs": []})


def test_a_secret_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="stays in this process"):
        pickle.dumps(Secret("KEY", "do-not-show"))


def test_a_secret_is_blacked_out_of_any_text() -> None:
    Secret("KEY", "cm9vdDp0b29y")
    assert redact("Authorization: Basic cm9vdDp0b29y") == "Authorization: Basic [secret]"


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text('max_calls = 1\nworkers = 1\naddress = "192.0.2.1"\n')
    settings = Settings.load(
        path,
        environ={"FOURWIRE_MAX_CALLS": "2", "FOURWIRE_WORKERS": "2"},
        flags={"workers": 3, "journal": None},
    )
    assert (settings.address, settings.max_calls, settings.workers) == ("192.0.2.1", 2, 3)


def test_listeners_come_from_a_list_or_from_a_line_with_commas(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text('listen = ["udp:127.0.0.1:5062", "tcp:[::1]:5062"]\n')
    of_file = Settings.load(path, environ={})
    of_environment = Settings.load(
        environ={"FOURWIRE_LISTEN": "udp:127.0.0.1:5062, tcp:[::1]:5062"}
    )
    assert of_file == of_environment
    assert of_file.listen[1].host == "::1"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('max_calls = "many"', r":1: max_calls = 'many': Expected int, got str"),
        ("max_calls = 0", r"max_calls = 0: Expected int >= 1"),
        ('rtp_ports = "20000-10000"', r"rtp_ports = '20000-10000': a range of ports is written"),
        ("rtp_ports = 10000", r"rtp_ports = 10000"),
        ('listen = ["sctp:::1:5060"]', r":1: listen = 'sctp:::1:5060': a listener is written"),
        ("append_ms = 500", r"append_ms = 500: Expected int <= 200"),
        ("max_cals = 5", r"there is no setting max_cals; did you mean max_calls\?"),
        ("max_calls =", r"is not TOML"),
        ('address = "pbx.example"', r"address = 'pbx.example': must be the IP address"),
        ('address = "0.0.0.0"', r"address = '0.0.0.0': must be the IP address"),
        ('codecs = ["PCMU", "PCMU"]', r":1: codecs = .*: names PCMU twice"),
        ("max_calls = 99999999999999999999999", r"max_calls = 9+: Expected int <= "),
    ],
)
def test_a_wrong_setting_is_named_with_file_key_and_value(
    tmp_path: Path, line: str, complaint: str
) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(line)
    with pytest.raises(SettingsError, match=complaint) as caught:
        Settings.load(path, environ={})
    assert str(path) in str(caught.value)


def test_a_settings_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match="cannot read /nowhere: no such file"):
        Settings.load("/nowhere", environ={})


@pytest.mark.parametrize("text", ["5060", "1-2", "10000-10000", "10000-70000", "a-b", "-5"])
def test_what_is_no_range_of_ports_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="10000-20000"):
        PortRange(text)


@pytest.mark.parametrize("text", ["5060", "udp:5060", "udp:host:99999", "udp:::1:5060", "x:h:1"])
def test_what_is_no_listener_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"udp:0\.0\.0\.0:5060"):
        Listen(text)


def test_a_listener_reads_back_as_it_was_written() -> None:
    assert repr(Listen("tcp:[::1]:5060")) == "Listen('tcp:[::1]:5060')"


def test_how_sip_is_spoken_comes_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[sip]\nsession_expires_s = 600\nmin_se_s = 300\nprovisionals = "plain"\n')
    settings = Settings.load(file, environ={})
    assert settings.sip == SipOptions(session_expires_s=600, min_se_s=300, provisionals="plain")
    assert Settings().sip.session_expires_s == 1800


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("session_expires_s = 60", "sip.session_expires_s = 60: must be 0, or at least min_se_s"),
        ("session_expires_s = 200\nmin_se_s = 300", "which is 300"),
        ("min_se_s = 30", "sip.min_se_s = 30"),
        ('provisionals = "often"', "sip.provisionals = 'often'"),
    ],
)
def test_a_way_to_speak_sip_that_is_none_is_named(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"[sip]\n{text}\n")
    with pytest.raises(SettingsError, match=problem):
        Settings.load(file, environ={})


def test_the_folder_of_recordings_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('recordings = "a"\n[recording]\nformat = "flac"\n')
    assert Settings.load(path, environ={}).recording.format == "flac"
    path.write_text('recordings = "a"\n[recording]\ndir = "b"\n')
    with pytest.raises(SettingsError, match=r"recordings = 'a': is also recording\.dir"):
        Settings.load(path, environ={})
    path.write_text('[recording]\ntranscripts = ["srt"]\n')
    with pytest.raises(SettingsError, match=r"transcripts = 'srt'.*json, text, vtt"):
        Settings.load(path, environ={})
