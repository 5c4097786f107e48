"""The OpenAPI 3.1 document, written from the routes and their models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ....app.sessions import COOKIE
from .errors import Error
from .routing import Route, Who

BASE = "/api/parley/v1"
STATUSES = {
    400: "The request is not valid.",
    401: "Nobody is signed in, or the credential is wrong.",
    403: "Not permitted, the CSRF token is missing, or the password must be changed first.",
    404: "There is no such thing.",
    409: "It clashes with something there is.",
    413: "The request is too long.",
    429: "Too many wrong passwords.",
    503: "Busy; try again in a moment.",
}
TAGS = {"session": "Signing in", "spaces": "A member's spaces", "admin": "Administration", "server": "The server"}


def document(routes: Sequence[Route], version: str) -> bytes:
    """JSON."""
    taken = [(model, "validation") for route in routes for model in (route.body,) if model is not None]
    given = [(route.answer, "serialization") for route in routes if route.answer is not None]
    wanted: list[Any] = list(dict.fromkeys([*taken, *given, (Error, "serialization")]))
    references, schemas = models_json_schema(wanted, ref_template="#/components/schemas/{model}")
    paths: dict[str, dict[str, Any]] = {"/openapi.json": {"get": _own()}}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Parley", "version": version, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": BASE}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def statuses(route: Route) -> set[int]:
    """Those of errors that the route may answer."""
    found = {413, *route.refusals}
    if route.who is not Who.ANYBODY:
        found |= {401, 403}
    if "{" in route.path:
        found.add(404)
    if route.body is not None or route.query is not None:
        found.add(400)
    if route.method != "GET":
        found |= {400, 403}
    return found


def _operation(route: Route, references: Any) -> dict[str, Any]:
    def schema(model: type[BaseModel], mode: str) -> dict[str, Any]:
        return {"application/json": {"schema": references[(model, mode)]}}

    responses: dict[str, Any] = {str(route.success): {"description": "Done."}}
    if route.answer is not None:
        responses[str(route.success)]["content"] = schema(route.answer, "serialization")
    for status in sorted(statuses(route)):
        responses[str(status)] = {"description": STATUSES[status], "content": schema(Error, "serialization")}
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}-" + "-".join(part.strip("{}") for part in route.segments),
        "summary": route.what,
        "tags": [route.segments[0]],
        "security": _security(route),
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": responses,
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": schema(route.body, "validation")}
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.who is Who.ANYBODY:
        return []
    by_cookie: dict[str, list[str]] = {"cookie": []} if route.method == "GET" else {"cookie": [], "csrf": []}
    return [by_cookie, {"bearer": []}]


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = [part.strip("{}") for part in route.segments if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    described = route.query.model_json_schema()
    required = set(described.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in described["properties"].items()
    ]


def _own() -> dict[str, Any]:
    return {
        "operationId": "get-openapi",
        "summary": "This document",
        "tags": ["server"],
        "security": [],
        "responses": {"200": {"description": "OpenAPI 3.1.", "content": {"application/json": {}}}},
    }
