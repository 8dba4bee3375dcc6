"""What the bodies of several routes have in common."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import AwareDatetime, Field

from assessment.domain.signing import Manner
from shared.http.examples import shown
from shared.http.views import Body, View

Word = Annotated[str, Field(max_length=100)]


class Happening(Body):
    """When it happened, by the word of your party; now, if left out."""

    at: AwareDatetime | None = None


class Contribution(Happening):
    """Your party has given its part; when that was (now, if left out)."""

    model_config = shown({"at": "2026-11-03T10:30:00+01:00"})


class ContributionView(View):
    """Whether a party must contribute, and whether it has."""

    party: str
    need: str
    given: bool

    @classmethod
    def all(cls, needs: Mapping[str, str], given: Sequence[str]) -> list[Self]:
        return [cls(party=name, need=need, given=name in given) for name, need in needs.items()]


class Signing(Happening):
    """Your party signs, if no signer is named. Of a person (participant, guardian) say how; then you take it in."""

    signer: Word | None = None
    manner: Manner | None = None
