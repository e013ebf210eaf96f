"""What `import fourwire` brings, and what it leaves alone."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import fourwire


def modules_after(statement: str) -> set[str]:
    """What a fresh Python has loaded after `statement`."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("name", fourwire.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(fourwire, name) is not None
    assert name in dir(fourwire)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'fourwire' has no attribute 'Fax'"):
        _ = fourwire.Fax  # type: ignore[attr-defined]


def test_importing_the_package_loads_nothing_that_was_not_asked_for() -> None:
    loaded = modules_after("import fourwire")
    assert loaded.isdisjoint({"asyncio", "anyio", "numpy", "websockets", "fourwire._core"})


def test_the_parts_need_no_event_loop_and_no_numpy() -> None:
    loaded = modules_after("from fourwire import Leg, Playout, Resampler, RtpPacket, g711")
    assert "fourwire._core" in loaded
    assert loaded.isdisjoint({"asyncio", "anyio", "numpy", "websockets", "socket"})


def test_the_package_knows_its_version() -> None:
    assert fourwire.__version__.count(".") == 2


def test_no_public_name_is_that_of_a_module_which_would_hide_it() -> None:
    folder = Path(str(fourwire.__file__)).parent
    names = [
        name for name in fourwire.__all__ if not isinstance(getattr(fourwire, name), ModuleType)
    ]
    assert [name for name in names if (folder / f"{name}.py").exists()] == []
