"""Who was asked, and who gives its part before what was asked for is done: the same for assessments and plans."""

from collections.abc import Mapping, Sequence

from shared.errors import Fault, Refused
from shared.tasks import HeardRequest

REQUIRED = "required"


class ContributorUnknown(Refused):
    """A party is to contribute but takes no part."""

    fault = Fault.SCHEMA


class NotAsked(Refused):
    """Your party is not asked to do this here."""

    status = 403


class ContributedAlready(Refused):
    """Your party has contributed already."""


class ContributionsMissing(Refused):
    """Somebody who must contribute has not."""


def asked_of(asked: Sequence[str], party: str) -> None:
    """Raises `NotAsked` unless home asked that party."""
    if party not in asked:
        raise NotAsked(f"Ask the party that home asked: {', '.join(asked)}.")


def contributors(needs: Mapping[str, str], request: HeardRequest) -> dict[str, str]:
    """Which parties contribute, required or optional. Raises `ContributorUnknown`."""
    if not needs.keys() <= {each.party for each in request.participants}:
        raise ContributorUnknown("Name everybody who contributes among the participants.")
    return dict(needs)


def contribution(needs: Mapping[str, str], given: Sequence[str], party: str) -> list[str]:
    """Who has contributed, now that this party has. Raises `NotAsked`, `ContributedAlready`."""
    if party not in needs:
        raise NotAsked("Only the parties that the request names contribute.")
    if party in given:
        raise ContributedAlready("It was taken in; there is nothing to do.")
    return [*given, party]


def missing(needs: Mapping[str, str], given: Sequence[str]) -> None:
    """Raises `ContributionsMissing` while somebody who must contribute has not."""
    if wanted := sorted(party for party, need in needs.items() if need == REQUIRED and party not in given):
        raise ContributionsMissing(f"Wait for: {', '.join(wanted)}.")
