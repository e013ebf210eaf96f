"""Whether there is room for one call more, and what is said where there is not."""

from .core import Rules
from .responding import Refusal


def is_full(max_calls: int, calls: int, limit: int | None, of_trunk: int) -> bool:
    """Whether a call would be one too many, for us or for its trunk, which has ``limit`` calls."""
    return calls >= max_calls or (limit is not None and of_trunk >= limit)


def fullness(rules: Rules, draining: bool) -> Refusal:
    """What a call gets that there is no room for."""
    if not draining and rules.full_status != 503:
        return Refusal(rules.full_status)
    return Refusal(503, (("Retry-After", str(rules.retry_after_s)),))
