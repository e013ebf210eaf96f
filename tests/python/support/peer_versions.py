"""Which version of each peer is here: asked of the peer itself, once."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ASTERISK = Path(
    os.environ.get("FOURWIRE_ASTERISK")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fourwire" / "asterisk"
)
"""Where `scripts/install_asterisk.sh` puts it."""

ENVIRONMENTS = Path(__file__).parents[3] / ".venv"
"""Where peers that come with an environment of their own have it."""

SEARCH = ("/usr/sbin/", "")
"""Where a program may be, before and as the shell would look for it."""


@cache
def version_of(peer: str) -> str:
    """The version of `peer`; "not here" where there is none."""
    return VERSIONS[peer]() or "not here"


def _printed(pattern: str, *command: str) -> Callable[[], str]:
    """The first group of `pattern` in what `command` prints."""

    def ask() -> str:
        for folder in SEARCH:
            try:
                told = subprocess.run(
                    [folder + command[0], *command[1:]],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    timeout=20,
                    check=False,
                )
            except OSError:
                continue
            found = re.search(pattern, told.stdout.decode(errors="replace"))
            return found[1] if found else ""
        return ""

    return ask


def _package(name: str) -> Callable[[], str]:
    """The version of a Python package beside these tests."""

    def ask() -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return ""

    return ask


def _own_package(environment: str, name: str) -> Callable[[], str]:
    """The version of a Python package in an environment of its own."""
    question = f"from importlib.metadata import version; print('v' + version({name!r}))"
    python = ENVIRONMENTS / environment / "bin" / "python"
    return _printed(r"v(\d\S+)", str(python), "-c", question)


VERSIONS: dict[str, Callable[[], str]] = {
    "Asterisk": _printed(r"Asterisk (\d[\d.]*)", str(ASTERISK / "asterisk"), "-V"),
    "baresip": _printed(r"baresip v(\S+)", "baresip", "-h"),
    "Kamailio": _printed(r"kamailio (\d\S+)", "kamailio", "-v"),
    "Linphone": _printed(r"version: (\S+)", "linphonec", "-v"),
    "OpenAI SDK": _package("openai"),
    "OpenSSL": _printed(r"OpenSSL (\d\S+)", "openssl", "version"),
    "Pipecat": _own_package("pipecat", "pipecat-ai"),
    "PJSIP": _package("pjsua2-python"),
    "rtpengine": _printed(r"Version: (\d[\d.]*)", "rtpengine", "--version"),
    "SIPp": _printed(r"SIPp v(\d[\d.]*\d)", "sipp", "-v"),
    "speech-to-speech": _own_package("speech-to-speech", "speech-to-speech"),
    "SoX": _printed(r"SoX v(\S+)", "sox", "--version"),
}
"""How each peer that a test names is asked. A new peer is a line here."""


if __name__ == "__main__":
    for each in VERSIONS:
        sys.stdout.write(f"{each} {version_of(each)}\n")
