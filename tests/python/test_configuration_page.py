"""The reference in the docs names every setting that can be given, as the code reads it."""

import runpy
from pathlib import Path

import pytest

from fourwire.agent_file import AgentFile
from fourwire.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "make_configuration.py"))


@pytest.mark.parametrize("group", [Settings, AgentFile])
def test_every_setting_says_what_it_means(group: type) -> None:
    assert list(SCRIPT["undocumented"](group)) == []


@pytest.mark.parametrize("group", [Settings, AgentFile])
def test_every_setting_stands_in_the_reference(group: type) -> None:
    for name in group.__struct_fields__:  # type: ignore[attr-defined]
        assert f"\n| `{name}` | " in PAGE


def test_the_reference_is_as_the_code_is() -> None:
    said = PAGE[PAGE.index(SCRIPT["MARK"]) :]
    assert said == SCRIPT["reference"](), "run: python scripts/make_configuration.py"
