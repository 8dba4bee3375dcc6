"""What an interpreter has to be able to do: codes and closed words, and nowhere a place for a free text."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared.errors import Invalid

SPECIAL = {"mis", "mul", "und", "zxx"}


class LanguageUnknown(Invalid):
    """It is no language that is spoken or signed."""


class NamedAndBlocked(Invalid):
    """An interpreter is either wished for or blocked."""


class Mode(StrEnum):
    """How the interpreter takes part."""

    ON_SITE = "on_site"
    PHONE = "phone"
    VIDEO = "video"


class Level(StrEnum):
    """Kammarkollegiet's levels: court, health care, authorised, trained, other."""

    RT = "RT"
    ST = "ST"
    AT = "AT"
    UT = "UT"
    OT = "ÖT"


class Gender(StrEnum):
    """Whom the person would rather speak through."""

    WOMAN = "woman"
    MAN = "man"


class Signing(StrEnum):
    """Kinds of interpreting for the deaf, deafblind and hard of hearing, as the regions offer them."""

    SIGN_LANGUAGE = "sign_language"
    TACTILE = "tactile"
    DEAFBLIND = "deafblind"
    SIGN_SUPPORTED = "sign_supported"
    SPEECH_TO_TEXT = "speech_to_text"


_ID = r"^([A-Z]{0,4}-?[0-9]{1,7}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$"
InterpreterId = Annotated[
    str,
    Field(pattern=_ID, examples=["T-10234"], description="The agency's own number; no name, nobody's personnummer"),
]
Code = Annotated[str, Field(pattern=r"^[a-z]{3}$", examples=["som"], description="ISO 639-3")]
Region = Annotated[
    str,
    Field(pattern=r"^[A-Z]{2}$", examples=["SO"], description="As it is spoken there: ISO 3166-1, as in BCP 47"),
]
Several = Annotated[tuple[InterpreterId, ...], Field(max_length=10)]


class Requirements(BaseModel):
    """What is asked for. `level` is the least; `named` are wished for, `blocked` are never sent."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=False, hide_input_in_errors=True
    )

    language: Code
    dialect: Region | None = None
    second_language: Code | None = None
    mode: Mode
    level: Level | None = None
    gender: Gender | None = None
    named: Several = ()
    blocked: Several = ()
    signing: Annotated[tuple[Signing, ...], Field(max_length=5)] = ()

    def check(self) -> None:
        """Raises `LanguageUnknown`, `NamedAndBlocked`."""
        for code in (self.language, self.second_language):
            if code is not None and not _is_language(code):
                raise LanguageUnknown("Give the ISO 639-3 code of a language, as som, kmr or swl.")
        if set(self.named) & set(self.blocked):
            raise NamedAndBlocked("Take it out of one of the two.")


def _is_language(code: str) -> bool:
    """One of ISO 639-3 that can be spoken or signed, and neither of its special codes nor one for private use."""
    from langcodes import Language  # large, and asked for with an interpreter alone

    return code not in SPECIAL and not "qaa" <= code <= "qtz" and Language.get(code).is_valid()
