"""The transcript of a recording as files: JSON, text to be read, and WebVTT for players."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from fourwire.recording_settings import TranscriptFormat
from fourwire.take import Take
from fourwire.transcript import ToolUse, Transcript, Turn

__all__ = ["Document", "document", "file_of", "path_of"]

Document = dict[str, Any]
"""All that the files tell, made of what JSON has."""

SUFFIXES: dict[TranscriptFormat, str] = {"json": ".json", "text": ".txt", "vtt": ".vtt"}

SHOWN_S = 2.0
"""How long a player shows words of which the end is not known."""


def document(
    take: Take, transcript: Transcript, began_at: float, about: Mapping[str, Any]
) -> Document:
    """What was said and done while `take` ran, on its clock; `began_at` is its Unix time.

    What was said while it paused is withheld: who had the recording paused wants it nowhere.
    """
    began = datetime.fromtimestamp(began_at, UTC).isoformat(timespec="milliseconds")
    return {
        **about,
        "recording": Path(take.path).name if take.audio and not take.failed else None,
        "began": began.replace("+00:00", "Z"),
        "duration_s": take.duration_s,
        "latency": transcript.latencies.summary(),
        "turns": [_turn(take, turn) for turn in _turns(take, transcript)],
        "tools": [_tool(take, use) for use in transcript.tools if take.holds(use.t, use.t)],
    }


def path_of(recording: str, how: TranscriptFormat) -> Path:
    """Where the transcript of the recording at that path lies."""
    path = Path(recording)
    stem = path.stem if path.suffix.lower() in (".wav", ".wave", ".flac") else path.name
    return path.with_name(stem + SUFFIXES[how])


def file_of(told: Document, how: TranscriptFormat) -> bytes:
    """The file that tells of `told` in that way."""
    if how == "json":
        return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"
    return (_text(told) if how == "text" else _vtt(told)).encode()


def _turns(take: Take, transcript: Transcript) -> list[Turn]:
    """The turns that the recording holds, by their beginning."""
    held = [turn for turn in transcript.turns if take.holds(_begin(turn), _end(turn))]
    return sorted(held, key=_begin)


def _begin(turn: Turn) -> float:
    return turn.t if turn.begin is None else turn.begin


def _end(turn: Turn) -> float:
    if turn.end is not None:
        return turn.end
    return turn.t if turn.begin is None else float("inf")


def _turn(take: Take, turn: Turn) -> dict[str, Any]:
    known = {
        name: value
        for name in turn.__struct_fields__
        if name not in ("t", "begin", "end") and (value := getattr(turn, name)) not in (None, False)
    }
    begin, end = _begin(turn), turn.end
    if turn.speaker == "agent":
        known["heard"] = _heard(turn)
    placed = {
        "speaker": turn.speaker,
        "begin": round(take.place(begin), 3),
        "end": None if end is None else round(take.place(end), 3),
    }
    if take.is_withheld(begin, _end(turn)):
        words = ("text", "raw", "heard_text")
        known = {name: value for name, value in known.items() if name not in words}
        known |= {"text": "", "withheld": True}
    return placed | known


def _heard(turn: Turn) -> str:
    """How much of the agent's turn the caller heard."""
    if turn.begin is None or (turn.cut and not turn.heard_ms):
        return "nothing"
    if turn.cut:
        return "part"
    return "unknown" if turn.heard_ms is None else "all"


def _tool(take: Take, use: ToolUse) -> dict[str, Any]:
    told = {"at": round(take.place(use.t), 3), "function": use.function, "took_ms": use.took_ms}
    if take.is_withheld(use.t, use.t if use.ended is None else use.ended):
        return told | {"withheld": True}
    return told | {"arguments": use.arguments, "output": use.output, "error": use.error}


def _text(told: Document) -> str:
    who = f"from {told.get('caller')} to {told.get('dialled')}"
    lines = [
        f"Call {told.get('call')} {who}, {told['began']}",
        f"Recording: {told['recording'] or 'none'}",
        "",
    ]
    said = [(turn["begin"], f"{_speaker(turn)}: {_words(turn)}") for turn in told["turns"]]
    done = [(use["at"], f"tool: {_use(use)}") for use in told["tools"]]
    rows = sorted(said + done, key=lambda row: row[0])
    return "\n".join(lines + [f"[{_clock(at)[:-2]}] {row}" for at, row in rows]) + "\n"


def _vtt(told: Document) -> str:
    """WebVTT (W3C): the voice is the speaker, and nothing of the words can end a cue."""
    cues = ["WEBVTT", f"NOTE call {_plain(str(told.get('call')))}"]
    for turn in told["turns"]:
        if not _line(turn.get("text", "")):
            continue
        begin, end = turn["begin"], turn["end"]
        end = max(begin + SHOWN_S if end is None else end, begin + 0.001)
        words = f"<v {_speaker(turn).title()}>{_plain(_words(turn))}"
        cues.append(f"{_clock(begin)} --> {_clock(end)}\n{words}")
    return "\n\n".join(cues) + "\n"


def _speaker(turn: dict[str, Any]) -> str:
    return "caller" if turn["speaker"] == "user" else str(turn["speaker"])


def _words(turn: dict[str, Any]) -> str:
    """What was said, in one line, and which words of it were not heard."""
    if turn.get("withheld"):
        return "[withheld: the recording paused]"
    text, heard = _line(turn.get("text", "")), _line(turn.get("heard_text") or "")
    match turn.get("heard"):
        case "nothing":
            return f"[not heard: {text}]"
        case "part":
            return f"{heard} — [not heard: {text[len(heard) :].strip()}]".strip()
        case "unknown":
            return f"{text} — [how much of it was heard is not known]"
    return text


def _use(use: dict[str, Any]) -> str:
    if use.get("withheld"):
        return f"{use['function']} [withheld: the recording paused]"
    came = use["error"] or use["output"] or "no result"
    return _line(f"{use['function']}({use['arguments']}) → {came}")


def _line(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    return re.sub(r"[&<>]", lambda it: {"&": "&amp;", "<": "&lt;", ">": "&gt;"}[it[0]], text)


def _clock(seconds: float) -> str:
    """`00:01:02.345`, as WebVTT has it."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
