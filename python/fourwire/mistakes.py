"""What a person can put right, told from what is a fault of ours."""

import errno
from collections.abc import Iterator

from fourwire.settings import SettingsError

__all__ = ["mistake_in"]

ADVICE = {
    errno.EADDRINUSE: "choose another with --listen",
    errno.EADDRNOTAVAIL: "choose another with --listen",
    errno.EMFILE: "too many open files; raise the limit with ulimit -n",
}


def mistake_in(error: BaseException) -> str | None:
    """What to tell the person who started the program; None where the fault is not theirs."""
    leaves = list(_leaves(error))
    told = [text for leaf in leaves if (text := _told(leaf)) is not None]
    return told[0] if len(told) == len(leaves) else None


def _told(error: BaseException) -> str | None:
    if isinstance(error, SettingsError):
        return str(error)
    if isinstance(error, OSError):
        advice = ADVICE.get(error.errno or 0)
        return f"{error.strerror or error} ({advice})" if advice else str(error)
    return None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
