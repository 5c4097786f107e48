"""The hand-written pages name only what there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
MODULE = re.compile(r"`([A-Za-z0-9_/.*]+\.(?:py|js))`")
SOURCES = ROOT / "src" / "parley"


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link of a page names a file or a directory of this repository."""
    for target in LINK.findall(page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_module_that_is_named_exists(page: Path) -> None:
    """A module in backquotes is found in the sources, the tests, the benches or the scripts."""
    for module in MODULE.findall(page.read_text()):
        places = [SOURCES, ROOT, ROOT / "src"]
        found = any(list(place.glob(module)) for place in places)
        assert found or list(SOURCES.rglob(module)) or list((ROOT / "tests").rglob(module)), module


def test_the_index_of_decisions_is_complete() -> None:
    """Each page of docs/decisions stands in its README once."""
    folder = ROOT / "docs" / "decisions"
    listed = LINK.findall((folder / "README.md").read_text())
    assert sorted(listed) == sorted(page.name for page in folder.glob("0*.md"))
