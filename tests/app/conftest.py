"""Fixtures of the app layer's tests."""

from collections.abc import Iterator

import pytest

from tests.app.floor import Floor, no_errors


@pytest.fixture
def floor() -> Iterator[Floor]:
    """An empty server; nothing of it may fail unseen."""
    with no_errors():
        yield Floor()
