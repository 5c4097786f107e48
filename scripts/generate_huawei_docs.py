"""Writes docs/huawei-api.md from the routes and tables of the JSON door: `python scripts/generate_huawei_docs.py`."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from parley.app.people import People  # noqa: E402
from parley.doors.huawei import account_fields, conference_fields, control_fields, history  # noqa: E402
from parley.doors.huawei.accounts import account_routes  # noqa: E402
from parley.doors.huawei.codes import CODES  # noqa: E402
from parley.doors.huawei.fields import Access, Field, Table  # noqa: E402
from parley.doors.huawei.meeting_door import meeting_door  # noqa: E402
from parley.doors.huawei.operations import NOT_DONE, OPERATIONS, reason  # noqa: E402
from parley.doors.huawei.router import Route  # noqa: E402

HEAD = """# The JSON dialect: every operation, field and error

Generated from `src/parley/doors/huawei`; change that and run `scripts/generate_huawei_docs.py`.

The API stands at `/v1` and `/v2` of the HTTP and HTTPS listeners, in JSON with UTF-8. A program signs in with an
application's ID and key (`POST /v2/usg/acs/auth/appauth`) or a person with account and password
(`POST /v1/usg/acs/auth/account`) and sends the access token as `X-Access-Token`. Numbers and booleans are read from
text too, `null` means absent, unknown fields are passed over; what is sent has the JSON type given here. An error is
`{"error_code", "error_msg", "error_detail"}`: the detail names field and reason. Success with nothing to say is 200
and empty. Every answer carries `X-Request-Id`.

An application that names a user who is not known yet brings that user, unless `autoUserCreate` of the enterprise is
off. A signed login works once: its nonce is remembered while the signature is good, in memory, so a restart forgets
it. There is no portal here: what `portal-ref-nonce` gives signs nobody in. Ten wrong passwords of one account, or thirty from one address, lock for 60 seconds. A program has at most 64
sessions a user, other kinds of client one. An access token lasts 16 hours, its refresh token 30 days; refreshing with
the access token leaves that one alive until its own end, because clients exist that never look for the new one.

A control token commands as a host's by the host's password. By the guests' password it is a guest's; when somebody
signed in asked for it, it mutes and unmutes that user's own participant, and commands as a co-host's for as long as
the host has made that participant a co-host. Whose participant it is, is told by membership, by the address under
which the user was invited, or by the user's own. Co-hosts may do all but these, which are the host's: `stop`,
`duration`, `participants/cohost`, giving the host's role back, and whatever is ordered against a host. Everybody who
knows the host's password may take the role while nobody has it.

`allowUnmuteByOneself` binds guests, those still to come as well; hosts and co-hosts may always be heard again. On a
phone `*6` mutes and unmutes, and a prompt says which, or that the host does not allow it. A lock keeps guests waiting
and lets hosts in. Whom the server calls at the start passes lock and waiting room, and waits for the first host where
guests do. A password that is made here (`admin/reset`, or a new user without `pwd`) goes to its owner by mail, in the
enterprise's language, with the change or not at all; without mail none is made and `admin/reset` answers 403.
"""

FIELDS_HEAD = """## Fields

"Sets" is the attribute inside; **stored only** is kept with its object, returned, and without effect in this version.
`*` marks what a request must hold. Names of objects in the column "Values" are the headings of their tables.
"""


class Unused:
    """Stands for every service: routes are read here, never served."""

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: object, **__: object) -> Any:
        return self


def all_routes() -> list[Route]:
    """Every operation that is served."""
    unused: Any = Unused()
    people = People(unused, unused, unused, unused, unused, unused, unused, "example.com")
    meetings = meeting_door(**dict.fromkeys(inspect.signature(meeting_door).parameters, unused))
    return [*account_routes(people, unused, unused, unused, unused), *meetings.routes]


def all_tables() -> list[Table]:
    """Every table of fields, once."""
    modules: tuple[ModuleType, ...] = (account_fields, conference_fields, control_fields, history)
    found: dict[str, Table] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, Table):
                found.setdefault(value.name, value)
    return list(found.values())


def operations(routes: list[Route]) -> list[str]:
    served = {(route.method, route.template): route for route in routes}
    lines = [
        "## Operations of the vendor's SDK",
        "",
        f"What is left out answers 501 with `{NOT_DONE}` and the reason.",
        "",
        "| Operation | Method and path | State | Body |",
        "|---|---|---|---|",
    ]
    done = 0
    for one in OPERATIONS:
        route = served.pop((one.method, one.path), None)
        done += route is not None
        state = "done" if route is not None else f"left out: {reason(one.path)}"
        lines.append(f"| `{one.name}` | {one.method} `{one.path}` | {state} | {bodies(route)} |")
    lines += ["", f"{done} of {len(OPERATIONS)} are done.", "", "## Other operations", ""]
    lines += ["Older spellings that clients still use, and what Parley has besides.", ""]
    lines += ["| Method and path | Body |", "|---|---|"]
    lines += [f"| {method} `{path}` | {bodies(route)} |" for (method, path), route in sorted(served.items())]
    return [*lines, ""]


def bodies(route: Route | None) -> str:
    return ", ".join(table.name for table in route.tables) if route is not None else ""


def row(field: Field) -> str:
    effect = "stored only" if field.attribute is None or not field.effect else f"`{field.attribute}`"
    notes = [] if field.access is Access.READ_WRITE else [field.access.value]
    notes += [f"also spelt `{alias}`" for alias in field.aliases]
    if field.default is not None:
        notes.append(f"sent as `{field.default}` when there is nothing else to say")
    if field.error is not None:
        notes.append(f"`{field.error}`")
    if field.note:
        notes.append(field.note)
    star = "*" if field.required else ""
    word = field.codec.word.replace("|", "\\|")
    return f"| `{field.wire}`{star} | {effect} | {word} | {'; '.join(notes)} |"


def section(table: Table) -> list[str]:
    head = [f"### {table.name}", "", "| Field | Sets | Values | Notes |", "|---|---|---|---|"]
    return [*head, *(row(field) for field in table.fields), ""]


def errors() -> list[str]:
    lines = ["## Error codes", "", "| Code | HTTP | Text |", "|---|---|---|"]
    return [*lines, *(f"| `{code}` | {status} | {text} |" for code, (status, text) in CODES.items()), ""]


def page() -> str:
    """The whole page."""
    lines = [HEAD, *operations(all_routes()), FIELDS_HEAD]
    for table in all_tables():
        lines += section(table)
    return "\n".join([*lines, *errors()]).rstrip() + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "huawei-api.md").write_text(page())
