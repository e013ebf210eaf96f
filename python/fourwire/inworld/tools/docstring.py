"""What a docstring says of a function and of its parameters."""

import re
from dataclasses import dataclass, field
from inspect import cleandoc

SECTION = re.compile(r"(?P<title>[A-Z][A-Za-z ]*):?\s*\Z")
PARAMETERS = frozenset({"Args", "Arguments", "Parameters", "Params"})
SECTIONS = PARAMETERS | {
    "Returns", "Return", "Yields", "Raises", "Example", "Examples", "Note", "Notes",
}  # fmt: skip
ENTRY = re.compile(r"(?P<name>\*{0,2}\w+)\s*(?:\([^)]*\))?\s*:\s*(?P<text>.*)")
FIELD = re.compile(r":(?P<kind>\w+)(?P<about>[^:]*):\s*(?P<text>.*)")


@dataclass(slots=True)
class Docstring:
    """A function's description, and that of its parameters by name."""

    description: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


def read_docstring(text: str | None) -> Docstring:
    """What `text` says, in plain words or with parameters as Google or Sphinx write them."""
    lines = cleandoc(text or "").splitlines()
    end = next((number for number, line in enumerate(lines) if _ends_description(line)), len(lines))
    parameters = _of_fields(lines[end:]) | _of_section(lines[end:])
    return Docstring(_joined(lines[:end]), parameters)


def _ends_description(line: str) -> bool:
    heading = SECTION.match(line)
    is_section = heading is not None and heading["title"] in SECTIONS
    return is_section or FIELD.match(line) is not None


def _of_section(lines: list[str]) -> dict[str, str]:
    """Entries `name: text` that stand indented under a heading for parameters."""
    found: dict[str, list[str]] = {}
    inside, name, margin = False, "", 0
    for line in lines:
        bare = line.strip()
        if bare and not line.startswith(" "):
            heading = SECTION.match(line)
            inside, margin = heading is not None and heading["title"] in PARAMETERS, 0
        elif inside and bare:
            indent = len(line) - len(line.lstrip())
            margin = margin or indent
            entry = ENTRY.match(bare) if indent <= margin else None
            name = entry["name"] if entry else name
            found.setdefault(name, []).append(entry["text"] if entry else bare)
    return {name: " ".join(text).strip() for name, text in found.items()}


def _of_fields(lines: list[str]) -> dict[str, str]:
    """Entries `:param name: text`, each up to the next."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        entry = FIELD.match(line)
        if entry is not None:
            about = str(entry["about"]).split()
            name = about[-1] if about and entry["kind"] in ("param", "parameter", "arg") else ""
            found.setdefault(name, []).append(entry["text"])
        elif name and line.startswith(" "):
            found[name].append(line.strip())
    return {name: " ".join(text).strip() for name, text in found.items() if name}


def _joined(lines: list[str]) -> str:
    """Paragraphs, each on one line."""
    paragraphs = "\n".join(line.strip() for line in lines).strip().split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs if each.strip())
