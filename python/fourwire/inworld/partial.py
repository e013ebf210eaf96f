"""Putting together what the caller is saying."""


def merge_partial(known: str, delta: str) -> str:
    """The text so far, once `delta` has come.

    Inworld's speech recognisers differ: some send what is new, some all of it again.

    >>> merge_partial("Hello", "Hello there")
    'Hello there'
    >>> merge_partial("Hello", " there")
    'Hello there'
    """
    if delta.startswith(known):
        return delta
    return known if known.startswith(delta) else known + delta
