"""The due times: the last word about a key counts, and what is due comes in order."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from parley.app.due_times import DueTimes

T = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.none() | st.integers(0, 9))), st.integers(0, 9))
def test_it_is_a_table_of_last_words(said: list[tuple[str, int | None]], now: int) -> None:
    """Whatever was said before about a key is forgotten."""
    times, table = DueTimes(), dict[str, int]()
    for key, when in said:
        times.set(key, None if when is None else T + timedelta(minutes=when))
        table.pop(key, None)
        if when is not None:
            table[key] = when
    assert len(times) == len(table)
    assert times.next() == (T + timedelta(minutes=min(table.values())) if table else None)
    expected = sorted((when, key) for key, when in table.items() if when <= now)
    at = T + timedelta(minutes=now)
    found = times.due(at, 2) + times.due(at, 100)
    assert [table[key] for key in found] == [when for when, _ in expected]
    assert sorted(found) == sorted(key for _, key in expected)
    assert times.due(at, 100) == [] and len(times) == len(table) - len(expected)
