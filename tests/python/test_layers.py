"""Which layer may know which: the arrows of CONTRIBUTING.md, held against the imports."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "fourwire"

#: Which of our crates a crate may depend on.
CRATES = {
    "kernels": set[str](),
    "core": {"fourwire-kernels"},
    "audioop": {"fourwire", "fourwire-kernels"},
    "engine": {"fourwire"},
    "network": set[str](),
    "python": {"fourwire", "fourwire-audioop", "fourwire-engine", "fourwire-network"},
}

#: Parts of the package that stand alone, and what of ours each may import.
PARTS = {
    "sdp": set[str](),
    "sip": {"sdp"},
    "inworld": set[str](),
    "standin": {"_core"},
}

#: What the core must not reach for: it is told the time and handed its packets.
OUTSIDE = ["std::net", "std::thread", "std::fs", "std::env", "Instant", "SystemTime", "unsafe {"]


@pytest.mark.parametrize("crate", CRATES)
def test_a_crate_depends_on_lower_layers_alone(crate: str) -> None:
    manifest = tomllib.loads((ROOT / "rust" / crate / "Cargo.toml").read_text())
    ours = {name for name in manifest.get("dependencies", {}) if name.startswith("fourwire")}
    assert ours == CRATES[crate]


@pytest.mark.parametrize("crate", ["core", "network"])
def test_the_core_and_the_network_have_no_clock_socket_thread_or_unsafe_code(crate: str) -> None:
    sources = list((ROOT / "rust" / crate / "src").rglob("*.rs"))
    assert sources
    code = {path: re.sub(r"//.*", "", path.read_text()) for path in sources}
    found = [(path.name, word) for path, text in code.items() for word in OUTSIDE if word in text]
    assert found == []
    assert "#![forbid(unsafe_code)]" in (ROOT / "rust" / crate / "src" / "lib.rs").read_text()


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_package_stands_alone(part: str) -> None:
    imported = {name for path in _sources(part) for name in _imports(path)} - {part}
    assert imported <= PARTS[part]


def test_no_sample_is_touched_in_python_but_to_judge_a_demo_by_other_code_than_its_own() -> None:
    users = {
        path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py") if _uses_numpy(path)
    }
    assert users == {"demo"}


def _sources(part: str) -> list[Path]:
    folder = PACKAGE / part
    sources = list(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    assert sources
    return sources


def _imports(path: Path) -> Iterator[str]:
    """The parts of ours that a file imports, whichever way it is written."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = _full_names(path, node)
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("fourwire."))


def _full_names(path: Path, node: ast.ImportFrom) -> list[str]:
    base = node.module or ""
    if node.level:
        folder = path.parent
        for _ in range(node.level - 1):
            folder = folder.parent
        inside = ".".join(folder.relative_to(PACKAGE.parent).parts)
        base = f"{inside}.{base}" if base else inside
    return [f"{base}.{alias.name}" for alias in node.names] if base == "fourwire" else [base]


def _uses_numpy(path: Path) -> bool:
    return any(
        isinstance(node, ast.Import)
        and any(alias.name.split(".")[0] == "numpy" for alias in node.names)
        for node in ast.walk(ast.parse(path.read_text()))
    )
