"""Where settings come from: defaults, then one TOML file, then the environment; the later wins.

Everything wrong is reported at once, each with the field's name and the place that set it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from .config import BOOTSTRAP_FIELDS, Bootstrap, Settings, contradictions, parse_bootstrap
from .settings_words import fault_words, meant, unknown

FILE_NAME = "parley.toml"
PREFIX = "PARLEY_"
MAX_FILE = 1 << 20  # a settings file of more than a mebibyte is a mistake


@dataclass(frozen=True, slots=True)
class Problem:
    """field: dotted name as in the file; source: where its value comes from."""

    field: str
    source: str
    message: str

    def __str__(self) -> str:
        return f"{self.field} ({self.source}): {self.message}"


class SettingsError(Exception):
    """The settings cannot be used. `problems` is never empty."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, where each set field came from (`sources`), and words about what was passed over (`warnings`)."""

    settings: Settings
    sources: Mapping[str, str]
    warnings: tuple[str, ...]
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One settable field as it is written down."""

    name: str  # dotted
    variable: str
    default: Any
    unit: str
    help: str


def sections() -> dict[str, type[BaseModel]]:
    """The sections by name, in order."""
    return {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def all_fields() -> Iterator[FieldFacts]:
    """Every field that a file or the environment may set."""
    yield _facts("data_dir", f"{PREFIX}DATA_DIR", Settings.model_fields["data_dir"])
    for section, model in sections().items():
        for name, field in model.model_fields.items():
            yield _facts(f"{section}.{name}", f"{PREFIX}{section}__{name}".upper(), field)


def _facts(name: str, variable: str, field: FieldInfo) -> FieldFacts:
    extra = field.json_schema_extra
    unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
    return FieldFacts(name, variable, field.default, unit, field.description or "")


def load(environment: Mapping[str, str], config: Path | None = None, data_dir: Path | None = None) -> Loaded:
    """Read and check everything.

    config and data_dir are what the command line named; both win over the environment. Raises SettingsError.
    """
    problems: list[Problem] = []
    values, sources, warnings = _from_environment(environment, problems)
    if data_dir is not None:
        values["data_dir"], sources["data_dir"] = str(data_dir), "--data-dir"
    file = _find_file(environment, config, values, problems)
    if file is not None:
        _merge_file(file, values, sources, problems)
        named = config is not None or environment.get(f"{PREFIX}CONFIG")
        if not named and sources.get("data_dir") == f"file {file}" and Path(values["data_dir"]) != file.parent:
            message = "a file found in the data directory cannot name another one; use --config"
            problems.append(Problem("data_dir", sources["data_dir"], message))
    bootstrap = {name: _bootstrap(environment, name, problems) for name in sorted(BOOTSTRAP_FIELDS)}
    settings = _build(values, bootstrap, sources, problems)
    if settings is None or problems:
        raise SettingsError(problems)
    return Loaded(settings, sources, tuple(warnings), file)


def _from_environment(
    environment: Mapping[str, str], problems: list[Problem]
) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    known = {facts.variable: facts.name for facts in all_fields()}
    others = {f"{PREFIX}CONFIG"} | {f"{PREFIX}{name}".upper() for name in BOOTSTRAP_FIELDS}
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    warnings: list[str] = []
    for variable in sorted(environment):
        if not variable.startswith(PREFIX) or variable in others:
            continue
        if variable in known:
            _put(values, known[variable], environment[variable])
            sources[known[variable]] = f"environment {variable}"
        elif "__" in variable:
            field = variable.removeprefix(PREFIX).lower().replace("__", ".")
            problems.append(Problem(field, f"environment {variable}", unknown(variable, known)))
        else:
            found = meant(variable, known)
            hint = f"; did you mean {found}?" if found else ""
            warnings.append(f"environment {variable} is not a setting and is passed over{hint}")
    return values, sources, warnings


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    section, dot, field = name.partition(".")
    if dot:
        values.setdefault(section, {})[field] = value
    else:
        values[name] = value


def _find_file(
    environment: Mapping[str, str], config: Path | None, values: Mapping[str, Any], problems: list[Problem]
) -> Path | None:
    """The named file must exist; the one in the data directory may."""
    variable = f"{PREFIX}CONFIG"
    named = config or (Path(environment[variable]) if environment.get(variable) else None)
    if named is None:
        found = Path(values.get("data_dir") or Settings.model_fields["data_dir"].default) / FILE_NAME
        return found if found.is_file() else None
    if named.is_file():
        return named
    problems.append(Problem("config", "--config" if config else f"environment {variable}", f"there is no file {named}"))
    return None


def _merge_file(file: Path, values: dict[str, Any], sources: dict[str, str], problems: list[Problem]) -> None:
    """What the environment has set already stays."""
    where = f"file {file}"
    try:
        with file.open("rb") as stream:
            tree = tomllib.loads(stream.read(MAX_FILE).decode())
    except (OSError, ValueError) as error:
        problems.append(Problem("config", where, str(error)))
        return
    known = {facts.name for facts in all_fields()}
    for name, value in _flatten(tree):
        if name in sections():
            problems.append(Problem(name, where, "is a section: write its fields below [" + name + "]"))
        elif name not in known:
            problems.append(Problem(name, where, unknown(name, known)))
        elif name not in sources:
            _put(values, name, value)
            sources[name] = where


def _flatten(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Dotted names, as deep as the tree goes; an empty section is nothing."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{name}", inner) for name, inner in _flatten(value))
            if not value and key not in sections():
                yield key, value
        else:
            yield key, value


def _is_secret(name: str) -> bool:
    section, _, field = name.partition(".")
    model = sections().get(section)
    return model is not None and field in model.model_fields and "Secret" in str(model.model_fields[field].annotation)


def _bootstrap(environment: Mapping[str, str], name: str, problems: list[Problem]) -> Bootstrap | None:
    variable = f"{PREFIX}{name}".upper()
    text = environment.get(variable, "")
    if not text:
        return None
    try:
        return parse_bootstrap(text)
    except ValueError as error:
        problems.append(Problem(name, f"environment {variable}", str(error)))
        return None


def _build(
    values: dict[str, Any], bootstrap: Mapping[str, Any], sources: Mapping[str, str], problems: list[Problem]
) -> Settings | None:
    if "data_dir" in values and not str(values["data_dir"]).strip():
        problems.append(Problem("data_dir", sources["data_dir"], "must not be empty"))
        return None
    try:
        settings = Settings(**values, **bootstrap)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            name = ".".join(str(part) for part in fault["loc"][:2])
            message = fault_words(fault, secret=_is_secret(name))
            problems.append(Problem(name, sources.get(name, "default"), message))
        return None
    for name, message in contradictions(settings):
        problems.append(Problem(name, sources.get(name, "default"), message))
    return settings
