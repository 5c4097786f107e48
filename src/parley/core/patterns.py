"""Regular expressions that administrators write, matched in bounded time whatever they write.

Python's own `re` tries one way after another, and a pattern such as `(a+)+b` makes it try for hours. Here all ways are
followed at once (Thompson's construction, as Pike's machine runs it), so that a match costs at most the length of the
text times the length of the program, and what that may cost has a bound of its own. Hence no look-around and no
back-references.

Understood: literals, `.`, `[...]` with ranges and `^`, `\\d \\w \\s` and their opposites, `^ $`, groups (also `(?:`),
`|`, and `* + ? {n} {n,} {n,m}` with the lazy forms of each.
"""

from __future__ import annotations

from dataclasses import dataclass

from .pattern_program import Kind, program_of

WORK_MOST = 100_000  # instructions run for one answer, some 50 ms; nothing that is meant needs a hundredth of it
TEXT_MOST = 512  # characters that are matched

_Saved = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A match: text[start:end], and what each group held (None: it took no part)."""

    start: int
    end: int
    groups: tuple[str | None, ...]


class TooMuchWork(Exception):
    """An answer would cost more than WORK_MOST, or the text is longer than TEXT_MOST."""


class _Work:
    def __init__(self) -> None:
        self._left = WORK_MOST

    def done(self, steps: int = 1) -> None:
        self._left -= steps
        if self._left < 0:
            raise TooMuchWork


class Pattern:
    """A pattern that has been read. Raises BadPattern."""

    def __init__(self, text: str) -> None:
        self._program, groups = program_of(text)
        self._slots = 2 * (groups + 1)

    def search(self, text: str, start: int = 0) -> Found | None:
        """The leftmost match at or after `start`. Raises TooMuchWork."""
        return self._search(text, start, _Work())

    def _search(self, text: str, start: int, work: _Work) -> Found | None:
        if len(text) > TEXT_MOST:
            raise TooMuchWork
        found: _Saved | None = None
        threads: dict[int, _Saved] = {}
        for at in range(start, len(text) + 1):
            if found is None:  # a match that began earlier is preferred to one that begins here
                self._follow(threads, 0, (None,) * self._slots, at, len(text), work)
            if not threads:
                break
            going: dict[int, _Saved] = {}
            for step, saved in threads.items():
                if self._program[step].kind is Kind.MATCH:
                    found = saved
                    break  # what comes after it in order is less preferred
                test = self._program[step].test
                if at < len(text) and test is not None and test(text[at]):
                    self._follow(going, step + 1, saved, at + 1, len(text), work)
            threads = going
        return _found(text, found) if found is not None else None

    def replace(self, text: str, by: str) -> str:
        """Every match in turn replaced by `by`, in which `\\1` or `$1` stands for a group. Raises TooMuchWork."""
        work = _Work()
        pieces: list[str] = []
        at = 0
        while at <= len(text) and (found := self._search(text, at, work)) is not None:
            pieces += [text[at : found.start], filled(by, found.groups)]
            at = found.end
            if found.end == found.start:  # an empty match moves on by itself
                pieces.append(text[at : at + 1])
                at += 1
        return "".join(pieces) + text[at:]

    def _follow(self, threads: dict[int, _Saved], first: int, saved: _Saved, at: int, length: int, work: _Work) -> None:
        """Add what can be reached without consuming anything, in the order of preference."""
        waiting = [(first, saved)]
        seen: set[int] = set()
        while waiting:
            number, kept = waiting.pop()
            work.done()
            if number in threads or number in seen:
                continue
            seen.add(number)
            step = self._program[number]
            match step.kind:
                case Kind.SPLIT:
                    waiting += [(step.second, kept), (step.first, kept)]
                case Kind.SAVE:
                    waiting.append((number + 1, (*kept[: step.first], at, *kept[step.first + 1 :])))
                case Kind.START | Kind.END:
                    if at == (0 if step.kind is Kind.START else length):
                        waiting.append((number + 1, kept))
                case _:
                    threads[number] = kept


def _found(text: str, saved: _Saved) -> Found:
    ends = list(zip(saved[::2], saved[1::2], strict=True))
    groups = tuple(None if a is None or b is None else text[a:b] for a, b in ends[1:])
    start, end = ends[0]
    assert start is not None and end is not None
    return Found(start, end, groups)


def filled(template: str, groups: tuple[str | None, ...]) -> str:
    """The template with groups in place of `\\1` ... `\\9` and `$1` ... `$9`; a group that took no part is empty."""
    pieces: list[str] = []
    at = 0
    while at < len(template):
        char, after = template[at], template[at + 1 : at + 2]
        if char in "\\$" and "1" <= after <= "9" and after:
            number = int(after) - 1
            pieces.append((groups[number] if number < len(groups) else None) or "")
            at += 2
        elif char == "\\" and after:
            pieces.append(after)
            at += 2
        else:
            pieces.append(char)
            at += 1
    return "".join(pieces)


def glob_matches(pattern: str, text: str) -> bool:
    """Does the text fit a pattern in which `*` stands for any characters, none included? Costs length times length."""
    at = mark = 0
    star = -1
    for_text = 0
    while for_text < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark = at, for_text
            at += 1
        elif at < len(pattern) and pattern[at] == text[for_text]:
            at += 1
            for_text += 1
        elif star >= 0:
            mark += 1
            at, for_text = star + 1, mark
        else:
            return False
    return all(char == "*" for char in pattern[at:])
