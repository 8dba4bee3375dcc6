"""What a newcomer reads above and below a demo's table: what things are called, and what to try next."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.demo.making import Making
from shared.demo.rows import Row
from shared.demo.table import Scene
from shared.demo.world import World
from shared.parties import Parties
from shared.pathways.fold import fold
from shared.pathways.task import Title

from .instance import as_shown

PROGRAM = "samspar"


def scene(world: World, making: Making, found: Sequence[Row]) -> Scene:
    """In the words of the organisation and its pathway."""
    score = fold(world.pathways, world.script.referral["pathway"]).score
    named = (*score.tasks.items(), *score.parties.items())
    titles: dict[str, Title | None] = {name: each.title for name, each in named}
    return Scene(
        title=_name(world),
        pathway=f"{score.title.sv} ({score.title.en})",
        words={name: title.sv for name, title in (titles | score.words).items() if title is not None},
        rows=found,
        sent=making.sent,
    )


def opening(worlds: Sequence[World]) -> str:
    """What is to be seen now, in one sentence or two."""
    names = " and ".join(_name(world) for world in worlds)
    moves = sum(len(world.script.in_order()) for world in worlds)
    each = ", each with five services of its own" if len(worlds) > 1 else " with its five services"
    where = "in this one process" if worlds[0].embedded else "on real servers"
    return (
        f"{names}{each}, {where}. {moves} moves, every one an HTTP request with the token of the party that makes it."
    )


def next_steps(plays: Sequence[tuple[World, Making, Sequence[Row]]], *, stay: bool) -> Iterator[str]:
    """Where services stay up, they can be asked: best of a case that still waits for somebody."""
    if any(world.elsewhere for world, _, _ in plays):
        return
    yield ""
    if not stay:
        yield "Without --exit the services stay up, and can be asked. What they are for: README.md."
        return
    yield "The services stay up, at the demo's time, until Ctrl-C. In another terminal:"
    program = Path(sys.argv[0])
    command = as_shown(program) if program.name == PROGRAM else PROGRAM
    for world, making, found in plays:
        waiting = [row.person for row in found if row.ended is None and row.refused is None]
        person = [*waiting, *making.cases][0]
        case, data = making.cases[person]["case"], as_shown(world.directory)
        what = f"what {person}'s case waits for, and of whom" if waiting else f"how {person}'s case stands"
        yield f"\n  # {_name(world)}: {what}; then all that happened in it, as JSON"
        yield f"  {command} where {case}"
        token = f"$({command} token operations --service reporting --data {data})"
        yield f'  curl -s -H "Authorization: Bearer {token}" \\'
        yield f"    {world.url('reporting')}/reporting/v1/operations/cases/{case}/timeline"
        services = ", ".join(f"{name} :{port}" for name, port in world.ports.items())
        yield f"  # its services, at 127.0.0.1: {services}"
    yield "\nEach service describes itself: /<service>/v1/openapi.json. A case of your own, move by move:"
    yield "docs/first-case.md. A process of your own, in three files: README.md and docs/pathways.md."


def _name(world: World) -> str:
    return Parties.load(world.parties)[world.script.organisation].title.sv
