"""What `import fourwire` brings, and what it leaves alone."""

import subprocess
import sys

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
