"""What people are told of their accounts, in every language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.core.account_words import AccountLetter, written
from parley.core.outbox import Notice
from parley.core.secret import Secret

LETTER = AccountLetter(
    Notice.PASSWORD_RESET, "en", "Example Corp", "Ann", "ann", Secret("Xk3-<p>&w"), "https://meet.example.com"
)
NOTICES = [notice for notice in Notice if notice.tells_password]


@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize("language", ["en", "zh", "pt"])
def test_the_letter_names_account_password_and_server(notice: Notice, language: str) -> None:
    """In text and in HTML, where everything is escaped; the subject tells no secret."""
    told = written(replace(LETTER, notice=notice, language=language))
    for fact in ("Example Corp", "Ann", "ann", "Xk3-<p>&w", "https://meet.example.com"):
        assert fact in told.plain
    assert "Xk3-&lt;p&gt;&amp;w" in told.html and "<p>&w" not in told.html
    assert f'lang="{language}"' in told.html
    assert "Xk3" not in told.subject + repr(told) + repr(LETTER)
    assert "Example Corp" in told.subject


def test_languages_differ_and_an_unknown_one_is_english() -> None:
    """No language is a copy of another."""
    told = {
        written(replace(LETTER, notice=notice, language=one)).plain for notice in NOTICES for one in ("en", "zh", "pt")
    }
    assert len(told) == 6
    assert written(replace(LETTER, language="fr")) == written(LETTER)


def test_without_a_password_none_is_spoken_of_as_told() -> None:
    """Who got one from the administrator is sent to ask there."""
    told = written(replace(LETTER, password=None, notice=Notice.ACCOUNT_CREATED))
    assert "Password:" not in told.plain
    assert "administrator will tell you" in told.plain


def test_texts_of_strangers_are_one_line() -> None:
    """A name cannot write a letter of its own."""
    told = written(replace(LETTER, name="Ann\r\nBcc: x", enterprise="Ex\nample"))
    assert "Hello Ann Bcc: x," in told.plain
    assert told.subject == "Your new password: Ex ample"
