"""The words of the pages: all there, in every language, and all of them used."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "src/parley/doors/web/static"
LANGUAGES = ["en", "zh", "pt"]
WORD_FILES = sorted((STATIC / "words").glob("*.js"))
LINE = re.compile(r'    "?([A-Za-z_][\w.-]*)"?: ("(?:[^"\\]|\\.)*"),')
USED = re.compile(r"""\bt\(\s*["']([\w.-]+)["']""")


def words_of(file: Path) -> dict[str, dict[str, str]]:
    """Reads the one form that word files have: a language per block, a key and its text per line."""
    found: dict[str, dict[str, str]] = {}
    language = ""
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if opened := re.fullmatch(r"  (\w+): \{", line):
            language = opened[1]
            found[language] = {}
        elif word := LINE.fullmatch(line):
            assert word[1] not in found[language], f"{file.name}:{number} says {word[1]} twice"
            found[language][word[1]] = json.loads(word[2])
        else:
            assert line in ("export default {", "  },", "};"), f"{file.name}:{number} has another form: {line}"
    return found


@pytest.mark.parametrize("file", WORD_FILES, ids=lambda file: file.stem)
def test_every_language_has_every_word(file: Path) -> None:
    """The same keys in the same order, none empty, with the same places for values."""
    words = words_of(file)
    assert list(words) == LANGUAGES
    for language in LANGUAGES[1:]:
        assert list(words[language]) == list(words["en"]), language
        for key, text in words[language].items():
            assert text.strip(), key
            if not key.endswith("_one"):
                assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", words["en"][key])), key


@pytest.mark.parametrize("script", sorted(STATIC.glob("**/*.js")), ids=lambda script: str(script.relative_to(STATIC)))
def test_every_word_that_a_script_asks_for_is_there(script: Path) -> None:
    """A key that nobody has written would be shown as it is."""
    text = script.read_text("utf-8")
    sources = [script.parent / name for name in re.findall(r'from "(\.{1,2}/(?:\.\./)?words/[\w-]+\.js)"', text)]
    sources = sources or WORD_FILES  # its speaker is made elsewhere
    known = {key for source in sources for key in words_of(source)["en"]}
    assert not set(USED.findall(text)) - known
