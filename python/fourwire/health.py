"""Whether a gateway is well, and whether it would take a call: what load balancers ask."""

from dataclasses import dataclass

__all__ = ["Standing", "why_not_ready"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a gateway stands."""

    listeners: int
    """Addresses that are listened on."""
    calls: int
    max_calls: int
    draining: bool = False
    overloaded: str | None = None
    """Why new calls are refused, if they are."""


def why_not_ready(standing: Standing) -> str | None:
    """Why a new call would be refused; None where it would be taken."""
    if standing.draining:
        return "draining"
    if not standing.listeners:
        return "no listener"
    if standing.calls >= standing.max_calls:
        return f"full: {standing.calls} calls of {standing.max_calls}"
    if standing.overloaded is not None:
        return f"overloaded: {standing.overloaded}"
    return None
