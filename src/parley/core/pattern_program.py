"""From the text of a pattern to the program that finds it (Thompson's construction).

A node of the tree that the text is read into writes its own steps at the end of a program, which `patterns` runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

PATTERN_MOST = 200  # characters
PROGRAM_MOST = 500  # instructions, after repetitions have been written out
REPEAT_MOST = 64  # in braces
DEPTH_MOST = 20  # groups within groups

Test = Callable[[str], bool]


class BadPattern(ValueError):
    """The text is no pattern of this kind, or passes a bound."""


class Kind(Enum):
    TEST = auto()  # consume one character that passes
    SPLIT = auto()  # go on at both, `first` preferred
    SAVE = auto()  # remember where a group begins or ends
    START = auto()
    END = auto()
    MATCH = auto()


@dataclass(slots=True)
class Step:
    kind: Kind
    test: Test | None = None
    first: int = 0  # SPLIT: preferred next; SAVE: slot
    second: int = 0


Node = Callable[[list[Step]], None]  # writes its steps at the end of a program


def program_of(text: str) -> tuple[list[Step], int]:
    """The steps that match the text, and how many groups it has. Raises BadPattern."""
    if len(text) > PATTERN_MOST:
        raise BadPattern(f"longer than {PATTERN_MOST} characters")
    parser = _Parser(text)
    node = parser.whole()
    program: list[Step] = []
    _group(node, 0)(program)
    _push(program, Step(Kind.MATCH))
    return program, parser.groups


def _push(program: list[Step], step: Step) -> int:
    if len(program) >= PROGRAM_MOST:
        raise BadPattern("too complex")
    program.append(step)
    return len(program) - 1


def _one(test: Test) -> Node:
    def write(program: list[Step]) -> None:
        _push(program, Step(Kind.TEST, test))

    return write


def _anchor(kind: Kind) -> Node:
    def write(program: list[Step]) -> None:
        _push(program, Step(kind))

    return write


def _sequence(nodes: list[Node]) -> Node:
    def write(program: list[Step]) -> None:
        for node in nodes:
            node(program)

    return write


def _nothing(program: list[Step]) -> None:
    """One instruction all the same, so that repetitions of nothing have a bound too."""
    at = _push(program, Step(Kind.SPLIT))
    program[at].first = program[at].second = at + 1


def _either(left: Node, right: Node) -> Node:
    def write(program: list[Step]) -> None:
        split = _push(program, Step(Kind.SPLIT))
        program[split].first = len(program)
        left(program)
        # A jump is a split both of whose ways are the same.
        jump = _push(program, Step(Kind.SPLIT))
        program[split].second = len(program)
        right(program)
        program[jump].first = program[jump].second = len(program)

    return write


def _group(node: Node, number: int) -> Node:
    def write(program: list[Step]) -> None:
        _push(program, Step(Kind.SAVE, first=2 * number))
        node(program)
        _push(program, Step(Kind.SAVE, first=2 * number + 1))

    return write


def _maybe(node: Node, lazy: bool) -> Node:
    def write(program: list[Step]) -> None:
        split = _push(program, Step(Kind.SPLIT))
        inside = len(program)
        node(program)
        _aim(program[split], inside, len(program), lazy)

    return write


def _star(node: Node, lazy: bool) -> Node:
    def write(program: list[Step]) -> None:
        split = _push(program, Step(Kind.SPLIT))
        inside = len(program)
        node(program)
        _push(program, Step(Kind.SPLIT, first=split, second=split))
        _aim(program[split], inside, len(program), lazy)

    return write


def _aim(split: Step, inside: int, after: int, lazy: bool) -> None:
    split.first, split.second = (after, inside) if lazy else (inside, after)


def _repeated(node: Node, least: int, most: int | None, lazy: bool) -> Node:
    nodes = [node] * least
    if most is None:
        return _sequence([*nodes, _star(node, lazy)])
    rest: Node = _sequence([])
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

    def whole(self) -> Node:
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

    def _alternatives(self, depth: int) -> Node:
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

    def _branch(self, depth: int) -> Node:
        nodes: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            nodes.append(self._counted(self._atom(depth)))
        return _sequence(nodes) if nodes else _nothing

    def _atom(self, depth: int) -> Node:
        char = self._take()
        if char == "(":
            return self._in_brackets(depth)
        if char == "[":
            return _one(self._set())
        if char == ".":
            return _one(lambda char: char != "\n")
        if char in "^$":
            return _anchor(Kind.START if char == "^" else Kind.END)
        if char in "*+?":
            raise BadPattern("nothing to repeat")
        return _one(self._escaped() if char == "\\" else _is(char))

    def _in_brackets(self, depth: int) -> Node:
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

    def _counted(self, node: Node) -> Node:
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
