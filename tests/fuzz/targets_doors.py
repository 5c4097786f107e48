"""Targets for what clients, operators and files say to the doors, the app and the settings."""

from __future__ import annotations

import contextlib
import json
from os import getpid
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from pydantic import BaseModel, ValidationError

from parley.app.event_codec import EventUnreadable, decode_line, encode_line
from parley.app.input_codec import InputUnreadable, decode, encode
from parley.app.replay import Replay
from parley.core.outbound import BadTarget, parse_target
from parley.doors.cms import fields as cms
from parley.doors.cms import plan_fields, profile_fields, space_fields
from parley.doors.cms.requests import Garbled, TooMuch, parse_form
from parley.doors.huawei import account_fields, conference_fields, control_fields
from parley.doors.huawei import fields as huawei
from parley.doors.huawei.requests import parse_query
from parley.doors.web.native import (
    admin_live,
    admin_people,
    admin_profiles,
    admin_spaces,
    my_spaces,
    sessions,
    settings,
)
from parley.doors.web.native.values import In
from parley.doors.webrtc import messages
from parley.settings_sources import SettingsError, load
from tests.fuzz.target import target, text_of


def _tables(kind: type, *modules: Any) -> list[Any]:
    return [value for module in modules for value in vars(module).values() if isinstance(value, kind)]


CMS_TABLES = _tables(cms.Table, plan_fields, profile_fields, space_fields)
HUAWEI_TABLES = _tables(huawei.Table, account_fields, conference_fields, control_fields)
_NATIVE = (admin_live, admin_people, admin_profiles, admin_spaces, my_spaces, sessions, settings)
MODELS: list[type[BaseModel]] = [
    value for module in _NATIVE for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, In) and value is not In
]  # fmt: skip
assert CMS_TABLES and HUAWEI_TABLES and MODELS


def _json(data: bytes) -> Any:
    """As the doors read it; None where it is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


@target("cms-form", "doors.cms.requests", "doors.cms.codecs", "doors.cms.fields", seeds=(
    b"name=Room&uri=room&callId=100&passcode=1234&needsActivation=true", b"limit=10&offset=0&filter=a%20b+c",
    b"priority=%1e1&participantLimit=\x1e0",
    b"deactivationMode=disconnect&deactivationModeTime=10&participantLimit=3&domain=example.com&priority=1",
))  # fmt: skip
def cms_form(data: bytes) -> None:
    """A form is read or refused; each table reads it or names every wrong parameter."""
    try:
        form = parse_form(data)
    except (Garbled, TooMuch):
        return
    for table in CMS_TABLES:
        for create in (True, False):
            with contextlib.suppress(cms.BadParameters):
                table.parse(form, create=create)


@target("huawei-json", "doors.huawei.requests", "doors.huawei.codecs", "doors.huawei.fields", seeds=(
    b'{"subject":"x","startTime":"2026-01-01 10:00","length":60,"attendees":[{"name":"a","phone":"+49"}]}',
    b'{"conferencePassword":"123","mute":1,"cycleParams":{"cycle":"DAY","interval":1}}',
    b'{"isLock":1,"participantID":"x"}',
))  # fmt: skip
def huawei_json(data: bytes) -> None:
    """Any JSON body is read by each table or refused field by field; a query is read or ValueError."""
    with contextlib.suppress(ValueError):
        parse_query(text_of(data))
    body = _json(data)
    for table in HUAWEI_TABLES:
        for partial in (True, False):
            with contextlib.suppress(huawei.BadFields):
                table.parse(body, partial=partial)


@target("native-json", "doors.web.native.values", "doors.web.native.routing", seeds=(
    b'{"name":"Room","uri":"room","call_id":"100","passcode":"1234"}',
    b'{"jid":"ann@example.com","password":"x"}', b"{}",
))  # fmt: skip
def native_json(data: bytes) -> None:
    """Any body is a model or a ValidationError, for every model of the API."""
    for model in MODELS:
        with contextlib.suppress(ValidationError):
            model.model_validate_json(data)


@target("browser-message", "doors.webrtc.messages", seeds=(
    b'{"type":"join","id":1,"version":1,"name":"Ann","entry":{"link":"abc"},"language":"en"}',
    b'{"type":"say","text":"hi"}', b'{"type":"offer","sdp":"v=0"}', b'{"type":"mute","id":2,"muted":true}',
))  # fmt: skip
def browser_message(data: bytes) -> None:
    """A message, NotAMessage, or a Problem that can be answered."""
    try:
        messages.read(text_of(data))
    except messages.NotAMessage:
        return
    except messages.Problem as problem:
        assert isinstance(json.loads(messages.error(problem)), dict)


@target("journal-line", "app.event_codec", seeds=(
    b'{"at":"2026-01-01T00:00:00Z","event":"LegActivated","fields":{"meeting":"m","leg":"l"}}',
    b'{"at":"2026-01-01T00:00:00Z","event":"LegEnded","fields":{"leg":"l","number":1,"ending":{"side":"remote",'
    b'"reason":"hang-up"},"connected":true,"duration":1.5,"active_duration":0,"encrypted_media":false}}',
))  # fmt: skip
def journal_line(data: bytes) -> None:
    """An event that is written again and read as the same, or EventUnreadable."""
    try:
        at, event = decode_line(data)
    except EventUnreadable:
        return
    written = encode_line(at, event)
    assert encode_line(*decode_line(written)) == written


@target("input-line", "app.input_codec", "app.replay", seeds=(
    b'{"kind":"leg","id":"a","how":"new","made":["a",1,1,{"is":"EntrySettings"},5.0],"at":"2026-01-01T00:00:00"}\n'
    b'{"id":"a","now":5.0,"in":{"is":"Digit","digit":"0"},"out":[],"digest":"x"}\n',
    b'{"kind":"leg","id":"a","how":"new","made":["a",1,1,{"is":"Entry"},5.0],"at":"2026-01-01T00:00:00"}\n',
    b'{"format":1,"version":"0"}\n{"lost":3}\n', b'{"is":"Resolved","target":{"is":"Ivr","id":"i","uri":"9000"}}',
))  # fmt: skip
def input_line(data: bytes) -> None:
    """Lines are replayed or refused; a value that is read is written and read as the same."""
    with contextlib.suppress(InputUnreadable):
        for step in Replay().run(data.splitlines(keepends=True)):
            assert step.id is not None
    body = _json(data)
    try:
        value = decode(body)
    except InputUnreadable:
        return
    with contextlib.suppress(TypeError):  # what no machine is told, such as a class in the place of a number
        written = encode(value)
        assert encode(decode(written)) == written


@target("settings-file", "settings_sources", "config", seeds=(
    b'[sip]\nudp = "[::]:5060"\ndomains = ["a.example"]\n[media]\nports = "20000-20099"\n',
    b'data_dir = "x"\n[turn]\nurls = []\n',
    b'[limits]\nlegs = 5\n[log]\nlevel = "debug"\n[echo]\nname = ""\n',
))  # fmt: skip
def settings_file(data: bytes) -> None:
    """A file of settings holds, or every fault is told."""
    file = Path(gettempdir()) / f"parley-fuzz-{getpid()}.toml"
    file.write_bytes(data)
    try:
        load({}, file)
    except SettingsError as error:
        assert error.problems
    finally:
        file.unlink()


@target(
    "dialled-target",
    "core.outbound",
    seeds=(b"sip:ann@example.com:5060", b"tel:+49 (30) 123", b"2000", b"a@[::1]:5061"),
)
def dialled_target(data: bytes) -> None:
    """Whom to call or BadTarget; the URI of a target is one, and leads to the same."""
    with contextlib.suppress(BadTarget):
        found = parse_target(text_of(data), "example.com")
        assert parse_target(found.uri, None) == found
