"""Who a person is to the authorities: a kind of number and its value, never printed."""

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Self

from personnummer.personnummer import (  # pyright: ignore[reportMissingTypeStubs] -- it ships none
    Personnummer,
    PersonnummerException,
)
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic.config import JsonDict

from .errors import Invalid

EXAMPLE: Final[JsonDict] = {"type": "personnummer", "value": "189001019802"}
OLDEST: Final = date(1850, 1, 1)
WRITTEN: Final = re.compile(r"(?:[0-9]{2})?[0-9]{6}[-+]?[0-9]{4}")
ISSUED: Final = re.compile(r"[0-9A-Z]{8,16}")


class IdentityWrong(Invalid):
    """The identity is not a number of the kind it says it is."""


class IdentityType(StrEnum):
    """The kinds of number that a person may be known by."""

    PERSONNUMMER = "personnummer"
    SAMORDNINGSNUMMER = "samordningsnummer"
    RESERVE = "reserve"
    INTERIM = "interim"


class Identity(BaseModel, frozen=True):
    """A person's number, normalised: 12 digits for personnummer and samordningsnummer.

    A samordningsnummer has the day of birth + 60 (18 a § folkbokföringslagen). Reserve numbers come from care
    regions, interim numbers from schools and authorities, for those who have neither; both are taken as they
    are, in capitals without separators, and say nothing about birth. Whatever is wrong raises IdentityWrong,
    never a ValidationError, since that carries the value.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [EXAMPLE]}
    )

    type: IdentityType
    value: Annotated[
        str,
        Field(
            repr=False,
            min_length=8,
            max_length=24,
            description="Numret, helst med 12 siffror. The number, preferably with 12 digits.",
        ),
    ]

    @model_validator(mode="wrap")
    @classmethod
    def _never_echo(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError:
            pass
        raise IdentityWrong(f"Give type (one of {', '.join(IdentityType)}) and value, a text of 8 to 24 signs.")

    @model_validator(mode="after")
    def _normalise(self) -> Self:
        if self.type in (IdentityType.PERSONNUMMER, IdentityType.SAMORDNINGSNUMMER):
            value = _twelve_digits(self.value, coordination=self.type is IdentityType.SAMORDNINGSNUMMER)
        else:
            value = _as_issued(self.value)
        object.__setattr__(self, "value", value)
        return self

    @property
    def born(self) -> date | None:
        """The birth date the number says, where it says one."""
        if self.type not in (IdentityType.PERSONNUMMER, IdentityType.SAMORDNINGSNUMMER):
            return None
        return Personnummer(self.value).get_date()

    def age_on(self, day: date) -> int | None:
        """Whole years on that day. Born on 29 February, one grows older on 1 March (our choice)."""
        if (born := self.born) is None:
            return None
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def __str__(self) -> str:
        return f"<{self.type}>"


def _twelve_digits(written: str, *, coordination: bool) -> str:
    """Ten digits are read as the law does: `-` below the year one turns 100, `+` from it."""
    number = _parse(re.sub(r"\s", "", written))
    if number is None:
        raise IdentityWrong("Check the digits; the last one is a check digit.")
    if number.is_coordination_number() is not coordination:
        raise IdentityWrong("Its day of birth is that of the other kind: check type.")
    if not OLDEST <= number.get_date() <= datetime.now(UTC).date():
        raise IdentityWrong("Give all 12 digits; the year of birth cannot be right.")
    return number.format(long_format=True)


def _as_issued(written: str) -> str:
    value = re.sub(r"[\s-]", "", written).upper()
    if not ISSUED.fullmatch(value):
        raise IdentityWrong("Give 8 to 16 digits and letters, as issued.")
    if _parse(value) is not None:
        raise IdentityWrong("It is a personnummer or samordningsnummer: say so in type.")
    return value


def _parse(written: str) -> Personnummer | None:
    if not WRITTEN.fullmatch(written):
        return None
    try:
        return Personnummer(written)
    except PersonnummerException:
        pass
    return None
