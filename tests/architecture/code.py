"""The code itself, read: its functions, which of them are commands, and what each calls, by name."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("carebridge", "scheduling", "waitlist", "reminders", "reporting", "integrations")


def files() -> Iterator[tuple[str, ast.Module]]:
    """Every file of ours with its place, but for migrations and the demo."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if not {"migrations", "demo"} & set(path.parts):
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def is_command(node: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Call) and getattr(each.func, "id", "") == "command" for each in node.decorator_list)


def called_by(node: ast.AST) -> set[str]:
    """Names called, and names handed on to be called, such as the command of an admin action."""
    names = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            for part in (each.func, *each.args, *(keyword.value for keyword in each.keywords)):
                names.add(getattr(part, "attr", getattr(part, "id", "")))
    return names


def calls_of(method: Callable[..., Any]) -> set[str]:
    return called_by(ast.parse(textwrap.dedent(inspect.getsource(method))))


CALLS: dict[str, set[str]] = {}
COMMANDS: list[tuple[str, str]] = []
"""Place and name of each."""
for _place, _module in files():
    for _node in ast.walk(_module):
        if isinstance(_node, ast.FunctionDef):
            CALLS.setdefault(_node.name, set()).update(called_by(_node))
            if is_command(_node):
                COMMANDS.append((_place, _node.name))


def reaches(names: set[str]) -> set[str]:
    """Everything that these functions call, and what those call, and so on."""
    found: set[str] = set()
    while names:
        current = names.pop()
        found.add(current)
        names |= CALLS.get(current, set()) - found
    return found
