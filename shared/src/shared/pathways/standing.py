"""What stands in an area beside its parties: whom it asks for interpreters, and its standing groups."""

from collections.abc import Iterator, Mapping, Sequence

from shared.pathways.documents import Area
from shared.pathways.entry import Group
from shared.pathways.source import Finding, Source, type_path
from shared.pathways.spelling import meant


def interpreters_of(areas: Sequence[Area]) -> dict[str, object]:
    """What each area says, the nearest first in `areas`, laid over what stands above; nothing without providers."""
    said: dict[str, object] = {}
    for area in reversed(areas):
        said |= area.interpreters.model_dump(exclude_unset=True) if area.interpreters else {}
    return said if said.get("providers") else {}


def groups_of(areas: Sequence[Area]) -> dict[str, Group]:
    """The standing groups, the nearest area's where two have the same name."""
    return {name: group for area in reversed(areas) for name, group in area.groups.items()}


def unknown_parties(area: Area, source: Source, parties: Mapping[str, Mapping[str, object]]) -> Iterator[Finding]:
    """Providers and members that are no party, or that no area has bound to an organisation."""
    named: list[tuple[type_path, str]] = [
        (("groups", name, "members"), member) for name, group in area.groups.items() for member in group.members
    ]
    providers = area.interpreters.providers if area.interpreters else ()
    named += [(("interpreters", "providers"), party) for party in providers]
    for path, party in named:
        if party not in parties:
            message, near = f"There is no party '{party}'.", meant(party, parties)
            yield source.finding(path, message, f"{near}Name one of the area's.")
        elif not parties[party].get("organisation"):
            message = f"The party '{party}' belongs to no organisation."
            yield source.finding(path, message, "Bind it in the area.")
