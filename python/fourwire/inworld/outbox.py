"""What waits to be sent, in the order it was said."""

from collections import deque

AUDIO_FRAMES = 50
"""How many audio frames may wait: three seconds at 60 ms a frame.

Older speech is worth nothing to a live conversation, and the server's ears would lag behind.
"""

COMMAND_FRAMES = 1024
"""How many commands may wait; a session that takes none of so many is dead."""


class Outbox:
    """Two bounded queues that are read as one.

    Order is kept between audio and commands, because a commit must follow the audio it commits;
    a command therefore waits for `AUDIO_FRAMES` of audio at most. Where the network stalls, the
    oldest audio is dropped, never a command.
    """

    def __init__(self, audio_frames: int = AUDIO_FRAMES, commands: int = COMMAND_FRAMES) -> None:
        self.audio_dropped = 0
        self._audio_frames = audio_frames
        self._most_commands = commands
        self._audio: deque[tuple[int, bytes]] = deque()
        self._commands: deque[tuple[int, bytes]] = deque()
        self._next = 0

    def __len__(self) -> int:
        return len(self._audio) + len(self._commands)

    def push_audio(self, frame: bytes) -> None:
        """Queue audio; the oldest goes where there is no room."""
        if len(self._audio) >= self._audio_frames:
            self._audio.popleft()
            self.audio_dropped += 1
        self._audio.append((self._next, frame))
        self._next += 1

    def push_command(self, frame: bytes) -> bool:
        """Queue a command; `False` where too many wait already."""
        if len(self._commands) >= self._most_commands:
            return False
        self._commands.append((self._next, frame))
        self._next += 1
        return True

    def pop(self) -> bytes | None:
        """The frame to be sent next."""
        if not self._audio:
            return self._commands.popleft()[1] if self._commands else None
        if self._commands and self._commands[0][0] < self._audio[0][0]:
            return self._commands.popleft()[1]
        return self._audio.popleft()[1]
