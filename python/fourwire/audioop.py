"""The functions of the `audioop` module that Python had until 3.12, in place of it.

Import it by that name, or let others find it by that name::

    import fourwire.audioop as audioop

    sys.modules["audioop"] = fourwire.audioop     # before anything else imports it

Fragments, states, results and errors are those of Python 3.11, to the bit. What is new has to be
asked for by name: `ratecv(…, quality="polyphase")` filters, where `audioop` drew lines.
"""

from fourwire._core import audioop as _core

PolyphaseState = _core.PolyphaseState
add = _core.add
adpcm2lin = _core.adpcm2lin
alaw2lin = _core.alaw2lin
avg = _core.avg
avgpp = _core.avgpp
bias = _core.bias
byteswap = _core.byteswap
cross = _core.cross
error = _core.error
findfactor = _core.findfactor
findfit = _core.findfit
findmax = _core.findmax
getsample = _core.getsample
lin2adpcm = _core.lin2adpcm
lin2alaw = _core.lin2alaw
lin2lin = _core.lin2lin
lin2ulaw = _core.lin2ulaw
max = _core.max
maxpp = _core.maxpp
minmax = _core.minmax
mul = _core.mul
ratecv = _core.ratecv
reverse = _core.reverse
rms = _core.rms
tomono = _core.tomono
tostereo = _core.tostereo
ulaw2lin = _core.ulaw2lin

__all__ = [
    "PolyphaseState",
    "add",
    "adpcm2lin",
    "alaw2lin",
    "avg",
    "avgpp",
    "bias",
    "byteswap",
    "cross",
    "error",
    "findfactor",
    "findfit",
    "findmax",
    "getsample",
    "lin2adpcm",
    "lin2alaw",
    "lin2lin",
    "lin2ulaw",
    "max",
    "maxpp",
    "minmax",
    "mul",
    "ratecv",
    "reverse",
    "rms",
    "tomono",
    "tostereo",
    "ulaw2lin",
]
