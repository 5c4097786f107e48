"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. holds: None where it could not be."""

    what: str
    holds: bool | None
    told: str
