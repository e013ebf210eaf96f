"""Trunks in a settings file: what is wrong with one is named, and passwords never show."""

from pathlib import Path

import pytest

from fourwire.settings import MissingSecret, Settings, SettingsError
from fourwire.trunks import access_of

GOOD = """
[access]
strangers = "drop"

[[trunk]]
name = "carrier"
sources = ["203.0.113.0/24", "2001:db8::1"]
trusted = true
max_calls = 30

[[trunk]]
name = "pbx"
transports = ["tls"]
takes_over = ["carrier"]
users = [{ username = "alice", password = "PBX_PASSWORD" }]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text)
    return path


def test_trunks_come_from_the_file_and_passwords_from_the_environment(tmp_path: Path) -> None:
    settings = Settings.load(written(tmp_path, GOOD), environ={})
    access = access_of(
        settings.trunk, settings.access, {"PBX_PASSWORD": "wonderland"}, registers=False
    )
    carrier, pbx = access.trunks
    assert access.strangers == "drop"
    assert [str(network) for network in carrier.networks] == ["203.0.113.0/24", "2001:db8::1/128"]
    assert (carrier.trusted, carrier.max_calls) == (True, 30)
    assert (carrier.takes_over, pbx.takes_over) == (set(), {"carrier"})
    assert (pbx.transports, pbx.passwords) == ({"tls"}, {"alice": "wonderland"})
    assert "wonderland" not in repr(access)
    assert "wonderland" not in repr(settings)


def test_a_password_that_is_not_set_says_what_to_set(tmp_path: Path) -> None:
    settings = Settings.load(written(tmp_path, GOOD), environ={})
    with pytest.raises(MissingSecret, match="PBX_PASSWORD is not set"):
        access_of(settings.trunk, settings.access, {}, registers=False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[trunk]]\nname = "a"\n', r"trunk.name = 'a': is known by nothing"),
        ('[[trunk]]\nname = "a b"\nsources = ["1.2.3.4"]', "trunk.name = 'a b'"),
        ('[[trunk]]\nname = "a"\nsources = ["pbx"]', "trunk.sources = 'pbx': is no address"),
        (
            '[[trunk]]\nname = "a"\nserver = "sip:pbx"\ntakes_over = ["a", "b"]',
            "trunk.takes_over = .*names b, which is neither a trunk nor a registration",
        ),
        ('[[trunk]]\nname = "a"\nserver = "pbx"', "trunk.server = 'pbx': uri is not one"),
        (
            '[[trunk]]\nname = "a"\nserver = "sip:pbx.example;transport=tsl"',
            "trunk.server = .*names the transport tsl; there are udp, tcp and tls",
        ),
        (
            '[[trunk]]\nname = "a"\nserver = "sip:pbx"\nusername = "x"',
            "trunk.password: is missing beside username",
        ),
        ('[[trunk]]\nname = "a"\nsourcs = []', "no setting sourcs in trunk; did you mean sources"),
        ('[access]\nstrangers = "shoot"', "access.strangers = 'shoot'"),
        (
            '[[trunk]]\nname = "a"\nserver = "sip:x"\n[[trunk]]\nname = "a"\nserver = "sip:y"',
            "trunk.name = 'a': is the name of two of them",
        ),
    ],
)
def test_what_is_wrong_with_a_trunk_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        Settings.load(written(tmp_path, text), environ={})
    assert "settings.toml" in str(caught.value)


def test_who_registers_refuses_strangers_as_who_has_trunks(tmp_path: Path) -> None:
    text = '[[register]]\nname = "office"\nserver = "sip:pbx.example"\nuser = "1001"\n'
    settings = Settings.load(written(tmp_path, text), environ={})
    access = access_of(settings.trunk, settings.access, {}, registers=bool(settings.register))
    assert access.of_strangers == "refuse"
    assert access_of((), settings.access, {}, registers=False).of_strangers == "admit"
