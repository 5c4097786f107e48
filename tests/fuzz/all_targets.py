"""Every target, by name."""

from __future__ import annotations

from tests.fuzz import targets_doors, targets_engine, targets_more, targets_wire
from tests.fuzz.target import TARGETS

__all__ = ["TARGETS", "targets_doors", "targets_engine", "targets_more", "targets_wire"]
