"""Calls of `audioop` functions: how they are drawn, and what comes of them."""

from types import ModuleType
from typing import Any

from hypothesis import strategies as st

Arguments = tuple[Any, ...]


def outcome(module: ModuleType, function: str, arguments: Arguments) -> object:
    """What a call gives, or the error that it ends in, so that two modules can be compared."""
    try:
        result = getattr(module, function)(*arguments)
    except Exception as error:
        kind = "error" if isinstance(error, module.error) else type(error).__name__
        return ("raises", kind, str(error))
    # No number equals itself that is none, but it is written like itself.
    return repr(result)


def calls(function: str) -> st.SearchStrategy[Arguments]:
    """Arguments for `function`: mostly good ones, and every way of being bad."""
    return _CALLS[function]


_WRONG = st.sampled_from([None, "2", 2.0, b"2", 2**31, -(2**31) - 1, 2**63, -(2**70)])
_WIDTH = st.sampled_from([1, 2, 3, 4])
_ANY_WIDTH = _WIDTH | st.sampled_from([0, 5, -1, True]) | _WRONG
_BYTES = st.binary(max_size=120)
_FACTOR = (
    st.floats(-3, 3) | st.floats() | st.integers(-3, 3) | st.sampled_from(["x", None, 10**400])
)
_INT32 = st.integers(-(2**31), 2**31 - 1)
_INT = _INT32 | st.integers(-10, 10) | _WRONG
_RATE = st.sampled_from([8000, 11025, 16000, 44100, 48000, 1, 7]) | st.integers(-2, 30) | _WRONG
_ADPCM_STATE = (
    st.none()
    | st.tuples(st.integers(-32768, 32767), st.integers(0, 88))
    | st.tuples(st.integers(-40000, 40000), st.integers(-3, 95))
    | st.lists(_INT, max_size=3).map(tuple)
    | st.sampled_from([0, [], "state"])
)


@st.composite
def _fragment(draw: st.DrawFn, width: int, frames: int = 1) -> bytes:
    """Whole samples, smooth or rough, short or longer than any loop takes at a time."""
    samples = draw(st.integers(0, 40).map(lambda n: n * frames))
    rough = draw(st.binary(min_size=samples * width, max_size=samples * width))
    return rough * draw(st.sampled_from([1, 1, 1, 7, 60]))


@st.composite
def _sampled(draw: st.DrawFn, *more: st.SearchStrategy[Any], frames: int = 1) -> Arguments:
    """A fragment and its width, and further arguments."""
    width = draw(_WIDTH)
    good = (draw(_fragment(width, frames)), width)
    fragment, width = draw(st.just(good) | st.just(good) | st.tuples(_BYTES, _ANY_WIDTH))
    return (fragment, width, *(draw(strategy) for strategy in more))


@st.composite
def _mixed(draw: st.DrawFn) -> Arguments:
    one, width = draw(_sampled())
    size = len(one)
    other = draw(st.binary(min_size=size, max_size=size) | _BYTES)
    return (one, other, width)


@st.composite
def _converted(draw: st.DrawFn) -> Arguments:
    width, channels = draw(_WIDTH), draw(st.integers(1, 3))
    fragment = draw(_fragment(width, channels) | _BYTES)
    # A position at or above zero is none that a conversion ends with: C would write past its room.
    position = st.integers(-50_000, -1) | st.sampled_from([-(2**31), -(2**31) - 1, 2**31, "x"])
    pairs = st.lists(st.tuples(_INT32, _INT32), min_size=channels, max_size=channels).map(tuple)
    bad = st.lists(st.tuples(_INT) | st.tuples(_INT, _INT) | st.just([]), max_size=3).map(tuple)
    state = st.tuples(position, pairs | pairs | bad | st.just([]))
    return (
        fragment,
        draw(st.just(width) | _ANY_WIDTH),
        draw(st.just(channels) | st.just(channels) | _INT),
        draw(_RATE),
        draw(_RATE),
        draw(st.none() | state | st.sampled_from([0, (), (1,), [], (1, (), 2)])),
        *draw(st.lists(st.integers(-1, 5) | _WRONG, max_size=2)),
    )


_TOLD = ["max", "minmax", "avg", "rms", "avgpp", "maxpp", "cross"]
_PLAIN = [*_TOLD, "reverse", "byteswap", "lin2ulaw", "lin2alaw"]
_EVEN = _fragment(2) | _BYTES
_CALLS: dict[str, st.SearchStrategy[Arguments]] = {
    **{name: _sampled() for name in _PLAIN},
    "getsample": _sampled(st.integers(-2, 50) | _WRONG),
    "mul": _sampled(_FACTOR),
    "bias": _sampled(_INT),
    "lin2lin": _sampled(_ANY_WIDTH),
    "tomono": _sampled(_FACTOR, _FACTOR, frames=2),
    "tostereo": _sampled(_FACTOR, _FACTOR),
    "add": _mixed(),
    "ulaw2lin": st.tuples(_fragment(1), _ANY_WIDTH),
    "alaw2lin": st.tuples(_fragment(1), _ANY_WIDTH),
    "findfit": st.tuples(_EVEN, _fragment(2).map(lambda whole: whole[:16]) | _BYTES),
    "findfactor": st.tuples(_EVEN, _EVEN) | _EVEN.map(lambda one: (one, one[::-1])),
    "findmax": st.tuples(_EVEN, st.integers(-2, 50) | _WRONG),
    "lin2adpcm": _sampled(_ADPCM_STATE),
    "adpcm2lin": st.tuples(_fragment(1), _ANY_WIDTH, _ADPCM_STATE),
    "ratecv": _converted(),
}
FUNCTIONS: list[str] = sorted(_CALLS)
