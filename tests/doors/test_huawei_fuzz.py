"""Nothing that a client of the JSON dialect can send makes the accounts half stumble."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from parley.backends.store.sql import SqlStore
from parley.doors.huawei.accounts import account_routes
from parley.doors.huawei.fields import Access
from parley.doors.huawei.router import Auth
from tests.doors.huawei_people_rig import PeopleRig, basic

JUNK: tuple[Any, ...] = (
    None,
    "",
    " ",
    "x",
    "\ud800",
    "\u0000",
    "王" * 40,
    "x" * 5000,
    "-1",
    "1e9",
    0,
    -1,
    1,
    2**70,
    1.5,
    1e300,
    True,
    [],
    [[]],
    [None, {}],
    {},
    {"": None},
)


def _bodies(dice: random.Random, tables: Any) -> Any:
    """Objects with some fields of the operation's tables, and what is no object at all."""
    if not tables or dice.random() < 0.1:
        return dice.choice([*JUNK, ["x"], ["\ud800"], [1], ["a"] * 200])
    body: dict[str, Any] = {}
    for table in tables:
        for wire, row in table.rows():
            if row.access is not Access.READ_ONLY and "." not in wire and dice.random() < 0.6:
                body[wire] = dice.choice(JUNK)
    return body


@pytest.mark.parametrize("seed", range(3))
async def test_junk_is_answered(seed: int, tmp_path: Path) -> None:
    """Every operation answers junk in path, query, headers and body with JSON, and never with 500."""
    dice = random.Random(seed)
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}", Fernet.generate_key())
    await store.migrate()
    async with PeopleRig(store) as rig:
        routes = account_routes(rig.people, rig.store, rig.clock, rig.rooms, None)  # type: ignore[arg-type]
        token = await rig.token()
        for route in routes * 6:
            if route.template.endswith("/token") and route.method == "DELETE":
                continue
            path = route.template
            while "{" in path:
                start, _, rest = path.partition("{")
                path = start + dice.choice(["admin", "1", "%00", "%ff", "a%2Fb", "x" * 600, "%F0%9F%98%80"])
                path += rest.partition("}")[2]
            names = ("offset", "limit", "accountType", "status", "searchKey", "deptCode", "deptName", "userType")
            values = ["", "0", "-1", "x", "%00", "%F0%9F%98%80", "99999999999999999999", "true", "a" * 2000]
            query = "&".join(f"{name}={dice.choice(values)}" for name in names if dice.random() < 0.2)
            headers = {"X-Access-Token": token}
            if route.auth is Auth.NONE:
                proofs = ["HMAC-SHA256 signature=,access=", "HMAC-SHA256 x", "Basic !", basic("a", "b"), "x" * 3000]
                headers = {"Authorization": dice.choice(proofs)}
            content = json.dumps(_bodies(dice, route.tables)).encode()
            answer = await rig.http.request(route.method, f"{path}?{query}", content=content, headers=headers)
            asked = (route.method, path, query, content)
            assert answer.status_code < 500, (asked, answer.text)
            assert answer.headers["content-type"] == "application/json;charset=UTF-8"
            if answer.status_code != 200:
                assert set(answer.json()) == {"error_code", "error_msg", "error_detail"}, asked
    await store.close()
