"""The forms in which parked events are shown, and in which a note about one may be written."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

SEQUENCE = re.compile(r"0{11}[0-9]{9}")
NAMING = re.compile(r"(?:[0-9][\s.+-]*){6}|@")
"""Six digits, however they are spaced, or an address: a person could be found by it."""


class Seen(BaseModel):
    """What an operator reads."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True)


def _names_nobody(note: str) -> str:
    if NAMING.search(note):
        raise PydanticCustomError("text_without_numbers_of_six_digits_or_addresses", "it may name a person")
    return note


Note = Annotated[
    str,
    Field(min_length=1, max_length=200, description="For operators alone. No person: no name, number or address"),
    AfterValidator(_names_nobody),
]
