"""What a crash left in the directory of recordings is named at the start, and stays."""

from pathlib import Path

import msgspec
import pytest
from support.scene import SETTINGS, scene

from fourwire.app import App
from fourwire.problems import SettingsError
from fourwire.recording_folder import recording_of, unfinished
from fourwire.recording_settings import RecordingSettings
from fourwire.settings import Settings


@pytest.mark.anyio
async def test_a_gateway_names_what_was_never_finished_and_leaves_it(tmp_path: Path) -> None:
    left = [tmp_path / name for name in ("a.wav.part", "a.wav.2.part", "b.json.part")]
    for path in left:
        path.write_bytes(b"left")
    (tmp_path / "c.wav").write_bytes(b"whole")
    wanted = RecordingSettings(dir=str(tmp_path))
    async with scene(App(), settings=msgspec.structs.replace(SETTINGS, recording=wanted)) as stage:
        (told,) = stage.notes.named("gateway.recordings_unfinished")
    assert (told["folder"], told["count"]) == (str(tmp_path), 3)
    assert told["files"] == sorted(path.name for path in left)
    assert [path.read_bytes() for path in left] == [b"left"] * 3


def test_a_folder_without_any_is_not_spoken_of(tmp_path: Path) -> None:
    (tmp_path / "c.wav").write_bytes(b"whole")
    assert unfinished(str(tmp_path)) is None
    assert unfinished("") is None
    assert unfinished(str(tmp_path / "gone")) is None


def test_of_very_many_some_are_named_and_all_are_counted(tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / f"{number}.wav.part").touch()
    told = unfinished(str(tmp_path))
    assert told is not None
    assert (told["count"], len(told["files"])) == (120, 50)


def test_the_short_form_is_the_folder() -> None:
    assert recording_of(Settings(recordings="a")).dir == "a"
    long = Settings(recording=RecordingSettings(dir="b", format="flac"))
    assert recording_of(long) == long.recording


@pytest.mark.anyio
async def test_an_announcement_that_cannot_be_played_keeps_a_gateway_from_starting(
    tmp_path: Path,
) -> None:
    wanted = RecordingSettings(dir=str(tmp_path), announcement="/nowhere.wav")
    with pytest.raises(SettingsError, match=r"recording\.announcement = '/nowhere\.wav'"):
        async with scene(App(), settings=msgspec.structs.replace(SETTINGS, recording=wanted)):
            pass


@pytest.mark.parametrize("more", ["", 'dir = "calls"\naudio = false\n'])
def test_an_announcement_that_nobody_would_hear_is_a_mistake_and_names_what_to_set(
    tmp_path: Path, more: str
) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(f'[recording]\nannouncement = "notice.wav"\n{more}')
    with pytest.raises(SettingsError, match=r"announcement.*notice\.wav.*recording\.dir") as told:
        Settings.load(path, environ={})
    assert f"{path}:2" in str(told.value)


def test_an_announcement_may_be_heard_in_recordings_of_the_short_form(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text('[recording]\nannouncement = "notice.wav"\n')
    settings = Settings.load(path, environ={"FOURWIRE_RECORDINGS": "calls"})
    assert recording_of(settings).announcement == "notice.wav"
