"""When to try again."""

import pytest

from parley.core.retry import CALL_AGAIN, Retries


@pytest.mark.parametrize(
    ("retries", "expected"),
    [
        (Retries(), [None, None]),
        (Retries((1.0, 5.0)), [1.0, 5.0, None, None]),
        (Retries((1.0, 5.0), for_good=True), [1.0, 5.0, 5.0, 5.0]),
        (CALL_AGAIN, [60.0, 60.0, None]),
    ],
)
def test_each_try_has_its_wait(retries: Retries, expected: list[float | None]) -> None:
    """After the last one it is given up, or the last wait is repeated."""
    assert [retries.after(tries) for tries in range(1, len(expected) + 1)] == expected
