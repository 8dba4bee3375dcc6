"""Reads the description of the organisations; what is wrong is said with its file and field."""

from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError

from shared.errors import Fault, Refused

Model = TypeVar("Model", bound=BaseModel)


class PartiesWrong(Refused):
    """The description of the organisations that take part is wrong."""

    status = 500
    fault = Fault.PLATFORM


def read(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises PartiesWrong."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise wrong(path.name, "(whole file)", "not readable as YAML") from None
    if not isinstance(content, dict):
        raise wrong(path.name, "(whole file)", "a mapping is expected")
    return {str(key): value for key, value in cast(dict[object, Any], content).items()}


def parse(path: Path, model: type[Model], content: dict[str, Any]) -> Model:
    """The file's content as a model. Raises PartiesWrong with the first field that is wrong."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "(whole file)"
        raise wrong(path.name, field, first["msg"]) from None


def wrong(file: str, field: str, problem: str) -> PartiesWrong:
    return PartiesWrong(f"{file}: {field}: {problem}.", file=file, field=field)
