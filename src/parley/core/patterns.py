"""Regular expressions that administrators write, matched in bounded time whatever they write.

Python's own `re` tries one way after another, and a pattern such as `(a+)+b` makes it try for hours. Here all ways are
followed at once (Thompson's construction, as Pike's machine runs it), so that a match costs at most the length of the
text times the length of the program, and what that may cost has a bound of its own. Hence no look-around and no
back-references.

Understood: literals, `.`, `[...]` with ranges and `^`, `\\d \\w \\s` and their opposites, `^ $`, groups (also `(?:`),
`|`, and `* + ? {n} {n,} {n,m}` with the lazy forms of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

PATTERN_MOST = 200  # characters
PROGRAM_MOST = 500  # instructions, after repetitions have been written out
WORK_MOST = 100_000  # instructions run for one answer, some 50 ms; nothing that is meant needs a hundredth of it
TEXT_MOST = 512  # characters that are matched
REPEAT_MOST = 64  # in braces
DEPTH_MOST = 20  # groups within groups

Test = Callable[[str], bool]


class BadPattern(ValueError):
    """The text is no pattern of this kind, or passes a bound."""


class _Kind(Enum):
    TEST = auto()  # consume one character that passes
    SPLIT = auto()  # go on at both, `first` preferred
    SAVE = auto()  # remember where a group begins or ends
    START = auto()
    END = auto()
    MATCH = auto()


@dataclass(slots=True)
class _Step:
    kind: _Kind
    test: Test | None = None
    first: int = 0  # SPLIT: preferred next; SAVE: slot
    second: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A match: text[start:end], and what each group held (None: it took no part)."""

    start: int
    end: int
    groups: tuple[str | None, ...]


# --- from text to tree ---------------------------------------------------------------------------------------

# A node writes its steps at the end of a program.
_Node = Callable[[list[_Step]], None]


def _push(program: list[_Step], step: _Step) -> int:
    if len(program) >= PROGRAM_MOST:
        raise BadPattern("too complex")
    program.append(step)
    return len(program) - 1


def _one(test: Test) -> _Node:
    def write(program: list[_Step]) -> None:
        _push(program, _Step(_Kind.TEST, test))

    return write


def _anchor(kind: _Kind) -> _Node:
    def write(program: list[_Step]) -> None:
        _push(program, _Step(kind))

    return write


def _sequence(nodes: list[_Node]) -> _Node:
    def write(program: list[_Step]) -> None:
        for node in nodes:
            node(program)

    return write


def _nothing(program: list[_Step]) -> None:
    """One instruction all the same, so that repetitions of nothing have a bound too."""
    at = _push(program, _Step(_Kind.SPLIT))
    program[at].first = program[at].second = at + 1


def _either(left: _Node, right: _Node) -> _Node:
    def write(program: list[_Step]) -> None:
        split = _push(program, _Step(_Kind.SPLIT))
        program[split].first = len(program)
        left(program)
        # A jump is a split both of whose ways are the same.
        jump = _push(program, _Step(_Kind.SPLIT))
        program[split].second = len(program)
        right(program)
        program[jump].first = program[jump].second = len(program)

    return write


def _group(node: _Node, number: int) -> _Node:
    def write(program: list[_Step]) -> None:
        _push(program, _Step(_Kind.SAVE, first=2 * number))
        node(program)
        _push(program, _Step(_Kind.SAVE, first=2 * number + 1))

    return write


def _maybe(node: _Node, lazy: bool) -> _Node:
    def write(program: list[_Step]) -> None:
        split = _push(program, _Step(_Kind.SPLIT))
        inside = len(program)
        node(program)
        _aim(program[split], inside, len(program), lazy)

    return write


def _star(node: _Node, lazy: bool) -> _Node:
    def write(program: list[_Step]) -> None:
        split = _push(program, _Step(_Kind.SPLIT))
        inside = len(program)
        node(program)
        _push(program, _Step(_Kind.SPLIT, first=split, second=split))
        _aim(program[split], inside, len(program), lazy)

    return write


def _aim(split: _Step, inside: int, after: int, lazy: bool) -> None:
    split.first, split.second = (after, inside) if lazy else (inside, after)


def _repeated(node: _Node, least: int, most: int | None, lazy: bool) -> _Node:
    nodes = [node] * least
    if most is None:
        return _sequence([*nodes, _star(node, lazy)])
    rest: _Node = _sequence([])
    for _ in range(most - least):
        rest = _maybe(_sequence([node, rest]), lazy)
    return _sequence([*nodes, rest])


_CLASSES: dict[str, Test] = {
    "d": lambda char: "0" <= char <= "9",
    "w": lambda char: char == "_" or (char.isascii() and char.isalnum()),
    "s": lambda char: char in " \t\r\n\f\v",
}


def _opposite(test: Test) -> Test:
    return lambda char: not test(char)


def _is(wanted: str) -> Test:
    return lambda char: char == wanted


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.groups = 0

    def whole(self) -> _Node:
        node = self._alternatives(0)
        if self._at < len(self._text):
            raise BadPattern("a bracket that nothing opens")
        return node

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise BadPattern("it ends too soon")
        self._at += 1
        return char

    def _alternatives(self, depth: int) -> _Node:
        if depth > DEPTH_MOST:
            raise BadPattern("too deep")
        nodes = [self._branch(depth)]
        while self._peek() == "|":
            self._at += 1
            nodes.append(self._branch(depth))
        node = nodes.pop()
        while nodes:
            node = _either(nodes.pop(), node)
        return node

    def _branch(self, depth: int) -> _Node:
        nodes: list[_Node] = []
        while self._peek() not in ("", "|", ")"):
            nodes.append(self._counted(self._atom(depth)))
        return _sequence(nodes) if nodes else _nothing

    def _atom(self, depth: int) -> _Node:
        char = self._take()
        if char == "(":
            return self._in_brackets(depth)
        if char == "[":
            return _one(self._set())
        if char == ".":
            return _one(lambda char: char != "\n")
        if char in "^$":
            return _anchor(_Kind.START if char == "^" else _Kind.END)
        if char in "*+?":
            raise BadPattern("nothing to repeat")
        return _one(self._escaped() if char == "\\" else _is(char))

    def _in_brackets(self, depth: int) -> _Node:
        number = None
        if self._peek() == "?":
            self._at += 1
            if self._take() != ":":
                raise BadPattern("only (?: is known of that kind")
        else:
            self.groups += 1
            number = self.groups
        node = self._alternatives(depth + 1)
        if self._take() != ")":
            raise BadPattern("a bracket is not closed")
        return node if number is None else _group(node, number)

    def _escaped(self) -> Test:
        char = self._take()
        if char.lower() in _CLASSES:
            test = _CLASSES[char.lower()]
            return test if char.islower() else _opposite(test)
        if char.isalnum():
            raise BadPattern(f"\\{char} is not known")
        return _is(char)

    def _set(self) -> Test:
        negated = self._peek() == "^"
        if negated:
            self._at += 1
        tests: list[Test] = []
        while not tests or self._peek() != "]":
            char = self._take()
            if char == "\\":
                tests.append(self._escaped())
            elif self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                last = self._take()
                if last in "\\[" or last < char:
                    raise BadPattern("not a range")
                tests.append(_within(char, last))
            else:
                tests.append(_is(char))
        self._at += 1
        return lambda char: any(test(char) for test in tests) is not negated

    def _counted(self, node: _Node) -> _Node:
        bounds = self._bounds()
        if bounds is None:
            return node
        lazy = self._peek() == "?"
        if lazy:
            self._at += 1
        if self._peek() in ("*", "+", "?") and self._peek():
            raise BadPattern("repeated twice")
        return _repeated(node, *bounds, lazy)

    def _bounds(self) -> tuple[int, int | None] | None:
        char = self._peek()
        if char and char in "*+?":
            self._at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        if char != "{":
            return None
        inside, closing, _ = self._text[self._at + 1 :].partition("}")
        least, comma, most = inside.partition(",")
        if not closing or not _is_number(least) or not (most == "" or _is_number(most)):
            raise BadPattern("not a repetition")
        self._at += len(inside) + 2
        lowest, highest = int(least), int(most) if most else (None if comma else int(least))
        if max(lowest, highest or 0) > REPEAT_MOST or (highest is not None and highest < lowest):
            raise BadPattern(f"repeated more than {REPEAT_MOST} times, or fewer than none")
        return lowest, highest


def _within(first: str, last: str) -> Test:
    return lambda char: first <= char <= last


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3


# --- matching --------------------------------------------------------------------------------------------------

_Saved = tuple[int | None, ...]


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
        if len(text) > PATTERN_MOST:
            raise BadPattern(f"longer than {PATTERN_MOST} characters")
        parser = _Parser(text)
        node = parser.whole()
        self._program: list[_Step] = []
        _group(node, 0)(self._program)
        _push(self._program, _Step(_Kind.MATCH))
        self._slots = 2 * (parser.groups + 1)

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
                if self._program[step].kind is _Kind.MATCH:
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
                case _Kind.SPLIT:
                    waiting += [(step.second, kept), (step.first, kept)]
                case _Kind.SAVE:
                    waiting.append((number + 1, (*kept[: step.first], at, *kept[step.first + 1 :])))
                case _Kind.START | _Kind.END:
                    if at == (0 if step.kind is _Kind.START else length):
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
