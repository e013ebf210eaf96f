"""Long-term memory: what a session that enables it is told every few turns, without asking."""

from collections.abc import Mapping

__all__ = ["Memory"]


class Memory:
    """Counts the caller's turns, and remembers their words as facts."""

    def __init__(self) -> None:
        self._turns = 0
        self._version = 0
        self._facts: list[str] = []

    def turn(self, words: str, wire: Mapping[str, object]) -> dict[str, object] | None:
        """The new state, where a cycle of the session's `memory` ends with this turn."""
        self._turns += 1
        self._facts.append(words)
        interval = _whole(wire, "turn_interval", DEFAULT_INTERVAL)
        if wire.get("enabled") is not True or self._turns % interval:
            return None
        self._version += 1
        facts = self._facts[-_whole(wire, "max_facts", DEFAULT_FACTS) :]
        self._facts = facts
        summary = f"The caller has spoken {self._turns} times."
        return {
            "version": self._version,
            "facts": list(facts),
            "summary": summary,
            "context_text": summary,
            "turns_since_gen": 0,
            "total_turns": self._turns,
            "items_trimmed": 0,
        }


def _whole(wire: Mapping[str, object], key: str, default: int) -> int:
    value = wire.get(key)
    return max(1, int(value)) if isinstance(value, int | float) else default


DEFAULT_INTERVAL = 3

DEFAULT_FACTS = 20
