"""Settings that every test shares."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from support.asterisk import Asterisk, asterisk
from support.interop_record import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]

settings.register_profile("fast", max_examples=50, deadline=None)
settings.register_profile("slow", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture
def anyio_backend() -> str:
    """The WebSocket library runs on asyncio alone, so that is the loop tested."""
    return "asyncio"


@pytest.fixture(scope="session")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """An Asterisk for all tests that want one."""
    with asterisk(tmp_path_factory.mktemp("asterisk")) as running:
        yield running


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing is skipped: what is missing there has to be installed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("tests were skipped, which CI does not allow", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
