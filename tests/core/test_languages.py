"""What a device says of its languages."""

import pytest

from parley.core.languages import preferred


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("pt-BR", "pt"),
        ("PT", "pt"),
        ("da, en-gb;q=0.8, en;q=0.7", "en"),
        ("en;q=0.5, zh-Hans-CN;q=0.9", "zh"),
        ("zh, en", "zh"),
        ("en;q=0, pt;q=0.001", "pt"),
        ("en;q=0", ""),
        ("*", ""),
        ("fr, de;q=0.4", ""),
        ("", ""),
        (None, ""),
        ("en;q=7, zh ; Q = 0.2", "zh"),
        ("english language, ;;, =, pt", "pt"),
        (", " * 400 + "en", ""),
        ("en-" + "x" * 5000, ""),
    ],
)
def test_the_best_liked_language_that_we_speak_is_taken(header: str | None, language: str) -> None:
    """By weight, the first of equals; what cannot be read, is refused or is none of ours says nothing."""
    assert preferred(header) == language
