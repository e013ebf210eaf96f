"""A pointer to a test that holds something: it names the test, and can be held against it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent.parent


class Test(NamedTuple):
    """A test, by its file and its name."""

    __test__ = False

    module: str
    name: str


def missing(test: Test, word: str) -> str:
    """What is wrong with the claim that `test` is about `word`; empty where nothing is.

    A test is about the words in it, and in all that it uses of its file.
    """
    path = TESTS / f"{test.module}.py"
    if not path.exists():
        return f"there is no {path.name}"
    defined = {name: each for each in ast.parse(path.read_text()).body for name in _names(each)}
    if test.name not in defined:
        return f"there is no {test.name} in {path.name}"
    words = set(_words(test.name, defined, set()))
    return "" if word in words else f"{test.name} says nothing of {word}"


def _words(name: str, defined: dict[str, ast.stmt], seen: set[str]) -> Iterator[str]:
    """All names and texts of a definition, and of those in the same file that it uses."""
    seen.add(name)
    for node in ast.walk(defined[name]):
        word = _word(node)
        if word is not None:
            yield word
        if word in defined and word not in seen:
            yield from _words(word, defined, seen)


def _word(node: ast.AST) -> str | None:
    match node:
        case ast.keyword(arg=str(word)) | ast.Name(id=word) | ast.Attribute(attr=word):
            return word
        case ast.Constant(value=str(word)):
            return word
    return None


def _names(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
