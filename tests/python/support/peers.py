"""Programs that nobody here wrote, for calls between them and us."""

import os
import shutil

import pytest


def require(program: str, *elsewhere: str) -> str:
    """The path of ``program``, or the first of `elsewhere` that there is.

    Without it the test is skipped, but where CI is set it fails.
    """
    path = next(filter(None, map(shutil.which, (program, *elsewhere))), None)
    if path is None:
        reason = f"{program} is not installed (see CONTRIBUTING.md)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
