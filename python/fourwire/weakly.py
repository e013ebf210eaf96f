"""A verb of a whole, for its parts: they can call it, and do not keep the whole alive."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar
from weakref import WeakMethod

__all__ = ["weakly"]

P = ParamSpec("P")
T = TypeVar("T")


def weakly(verb: Callable[P, T]) -> Callable[P, T]:
    """The bound method `verb`, for what its object holds.

    A part that held it as it is would make a circle with its whole, which lies in memory until the
    collector comes by. Whoever calls it must know that the whole is still there.
    """
    method = WeakMethod(verb)

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        whole = method()
        assert whole is not None, f"{verb_name} was called after its object was gone"
        return whole(*args, **kwargs)

    verb_name = getattr(verb, "__qualname__", "a verb")
    return call
