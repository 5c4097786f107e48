"""Invariant 1: arrows point inward. Every import of ours is read from the source and checked."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "src" / "parley"

# For each room, the rooms of ours that it may import (itself is always allowed).
ALLOWED: dict[str, set[str]] = {
    "core": set(),
    "wire": set(),
    "app": {"core"},
    "engine": {"wire"},
    # The phones of the demo speak PCMU with the engine's tables.
    "demo": {"wire", "engine.g711"},
    "doors.cms": {"app", "core", "wire", "doors.shared"},
    "doors.huawei": {"app", "core", "wire", "doors.shared"},
    "doors.sip": {"app", "core", "wire", "doors.shared"},
    "doors.webrtc": {"app", "core", "wire", "doors.shared"},
    "doors.ops": {"app", "core", "wire"},
    "doors.shared": {"core", "wire"},
    "doors.http": set(),
    "doors.web": set(),
    "doors.web.native": {"app", "core", "doors.shared"},
    "backends.store": {"app", "core"},
    "backends.journal": {"app", "core"},
    "backends.notify": {"app", "core", "wire"},
    # The engine client speaks the engine's message schema, and only that part of the engine.
    "backends.engine": {"app", "core", "wire", "engine.messages"},
    "config": {
        "config_base",
        "config_notices",
        "config_operations",
        "config_outbound",
        "config_turn",
        "config_values",
    },
}
FORBIDDEN_IN_CORE = {"asyncio", "time", "random", "secrets", "socket", "sqlite3", "logging", "threading", "os"}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def room_of(name: str) -> str | None:
    for room in sorted(ALLOWED, key=len, reverse=True):
        if name == room or name.startswith(room + "."):
            return room
    return None


def imports_of(path: Path) -> list[str]:
    """Every imported module, absolute and relative, wherever it stands (TYPE_CHECKING included)."""
    package = ["parley", *path.relative_to(ROOT).parts[:-1]]
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = package[: len(package) - node.level + 1]
                stem = ".".join([*base, node.module] if node.module else base)
            else:
                stem = node.module or ""
            found += [f"{stem}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda p: module_name(p) or "parley")
def test_every_import_points_inward(path: Path) -> None:
    """A module imports only the rooms that lie further in."""
    room = room_of(module_name(path))
    if room is None:
        return  # wiring, cli and the top package may name everything
    for target in imports_of(path):
        if not (target == "parley" or target.startswith("parley.")):
            continue
        inner = target.removeprefix("parley").removeprefix(".")
        if inner in {"__version__", room} or inner.startswith(room + "."):
            continue
        assert any(inner == ok or inner.startswith(ok + ".") for ok in ALLOWED[room]), (
            f"{module_name(path)} imports {target}: {room} may import only {sorted(ALLOWED[room])}"
        )


@pytest.mark.parametrize("path", sorted((ROOT / "core").rglob("*.py")), ids=module_name)
def test_core_is_pure(path: Path) -> None:
    """Core uses the standard library only, and nothing of it that waits, ticks, rolls dice or logs."""
    import sys

    for target in imports_of(path):
        top = target.split(".")[0]
        assert top in sys.stdlib_module_names or top == "parley", f"core imports {target}"
        assert top not in FORBIDDEN_IN_CORE, f"core imports {target}"
    for node in ast.walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), "core awaits nothing"


def test_only_wiring_names_concrete_classes() -> None:
    """Of everything outside the rooms, only wiring imports doors and backends."""
    for path in ROOT.glob("*.py"):
        if path.stem.startswith("wiring") or path.stem == "config":
            continue
        for target in imports_of(path):
            assert not target.startswith(("parley.doors", "parley.backends", "parley.engine")), (
                f"{path.name} imports {target}"
            )
