"""Which use cases a door can reach, read from the imports; and the refusals that those make."""

from __future__ import annotations

import ast
from pathlib import Path

import parley

ROOT = Path(parley.__file__).parent


def _app_imports(path: Path) -> set[str]:
    """The modules of app that this file imports, by name, for running and for typing alike."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = path.relative_to(ROOT).parts[: -node.level]
        stem = [*base, *(node.module or "").split(".")] if node.module else [*base]
        names = [stem] if len(stem) > 1 else [[*stem, alias.name] for alias in node.names]
        found |= {name[1] for name in names if name[0] == "app" and len(name) > 1}
    return found


def reached(door: str) -> set[Path]:
    """The files of app that a door's package imports, and those that they import."""
    waiting = {name for path in (ROOT / "doors" / door).glob("*.py") for name in _app_imports(path)}
    found: set[Path] = set()
    while waiting:
        path = ROOT / "app" / f"{waiting.pop()}.py"
        if path.exists() and path not in found:
            found.add(path)
            waiting |= _app_imports(path)
    return found


def refusals_raised(door: str) -> list[dict[str, str]]:
    """code and constant data of every Refusal that a door's use cases construct."""
    found = []
    for path in sorted(reached(door)):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal"):
                continue
            data = {k.arg: k.value.value for k in node.keywords if k.arg and isinstance(k.value, ast.Constant)}
            if isinstance(node.args[0], ast.Constant):
                found.append({"code": node.args[0].value, **data})
    return found
