"""How fast a client is read, which is what makes a server a slow reader or none at all."""

__all__ = ["Reader"]


class Reader:
    """Tells when the next frame may be read, at so many bytes a second."""

    def __init__(self, bytes_per_s: int | None) -> None:
        self._bytes_per_s = bytes_per_s
        self._next = 0

    def wait_ns(self, now: int) -> int:
        """How long to leave the next frame unread."""
        return max(0, self._next - now)

    def read(self, now: int, size: int) -> None:
        """A frame of that many bytes was read."""
        if self._bytes_per_s:
            self._next = max(now, self._next) + size * NS_PER_S // self._bytes_per_s


NS_PER_S = 1_000_000_000
