"""Soaks: many calls of all kinds against a gateway, which must bear them and be as before.

The gateway, the agents and the callers are processes of their own; the gateway is watched from
outside, by the kernel's account of it and by its own pages. Each part is one function, and what it
gives says by ``complaints()`` what is not as it must be.
"""

from benches.soak.draining import Drained, drained
from benches.soak.injection import Injected, injected
from benches.soak.loads import Plan, soak
from benches.soak.overload import Overloaded, above_capacity, above_the_processor
from benches.soak.soaked import Soaked
from benches.soak.thousand import MOST_KB, MOST_LEFT_KB, UpAndDown, up_and_down

__all__ = [
    "MOST_KB",
    "MOST_LEFT_KB",
    "Drained",
    "Injected",
    "Overloaded",
    "Plan",
    "Soaked",
    "UpAndDown",
    "above_capacity",
    "above_the_processor",
    "drained",
    "injected",
    "soak",
    "up_and_down",
]
