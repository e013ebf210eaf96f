"""The transcript of a caller's turn, told while they speak."""

from typing import Literal

__all__ = ["Transcription"]


class Transcription:
    """The transcription events of one user item; the words come a piece at a time."""

    def __init__(self, item_id: str, style: Literal["cumulative", "incremental"]) -> None:
        self.item_id = item_id
        self._cumulative = style == "cumulative"
        self._told = 0

    def partial(self, speech_ms: int) -> list[dict[str, object]]:
        """Deltas that are due after so much speech; the length of the turn is not known yet."""
        due = min(speech_ms // PIECE_MS, len(OPENING))
        return [self._delta(OPENING) for _ in range(self._told, due)]

    def final(self, words: str, voice_profile: dict[str, object]) -> list[dict[str, object]]:
        """The deltas that are missing, and the authoritative transcript."""
        pieces = _pieces(words)
        deltas = [self._delta(pieces) for _ in range(self._told, len(pieces))]
        return [*deltas, self._event("completed", transcript=words) | voice_profile]

    def _delta(self, pieces: list[str]) -> dict[str, object]:
        first = 0 if self._cumulative else self._told
        self._told += 1
        return self._event("delta", delta="".join(pieces[first : self._told]))

    def _event(self, kind: str, **fields: object) -> dict[str, object]:
        return {
            "type": f"conversation.item.input_audio_transcription.{kind}",
            "item_id": self.item_id,
            "content_index": 0,
            **fields,
        }


def _pieces(words: str) -> list[str]:
    first, second, rest = words.split(" ", 2)
    return [first, f" {second}", f" {rest}"]


OPENING = ["[caller", " speech,"]
"""How every transcript begins."""

PIECE_MS = 500
"""So much speech brings the next piece."""
