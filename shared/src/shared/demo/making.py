"""Does what the script says, over HTTP: sends the document, makes a move; and remembers what came of it."""

import asyncio
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.ids import play_id

from .clients import Clients, NotAsTheScriptSays
from .moves import ROUTES, Do, Move
from .script import Document, Person, Script

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LOOK = 0.03
MOST = 100


class Reason(BaseModel):
    """Why a row was refused, as the service says it in both languages."""

    model_config = ConfigDict(frozen=True)
    row: int
    code: str
    sv: str
    en: str


class Sent(BaseModel):
    """What became of the document, in numbers."""

    model_config = ConfigDict(frozen=True)
    file: str
    by: str
    at: datetime
    total: int
    received: int
    refused: int

    @classmethod
    def of(cls, document: Document, answer: dict[str, Any]) -> Self:
        counts = {name: answer[name] for name in ("total", "received", "refused")}
        return cls(file=document.file, by=document.by, at=document.at, **counts)


class Making:
    """Made again over the same services it all comes out the same: every request has its own key.

    `cases` and `refused` are by pseudonym.
    """

    def __init__(self, script: Script, clients: Clients) -> None:
        self._script = script
        self._clients = clients
        self.cases: dict[str, dict[str, str]] = {}
        self.refused: dict[str, Reason] = {}
        self.sent: Sent | None = None

    async def make(self, move: Move, person: Person, n: int) -> None:
        """Raises `NotAsTheScriptSays`."""
        service, path = ROUTES[move.do]
        known = self.cases.get(person.pseudonym, {})
        if move.do is not Do.REFER and not known:
            raise NotAsTheScriptSays(f"{person.pseudonym} has no case.")
        if move.task:
            known = known | {"play": str(play_id(UUID(known["case"]), move.task, move.round, move.asking))}
        if "{order}" in path:
            known = known | {"order": await self._order(move)}
        body = move.said({**self._script.referral, "person": person.person}, known.get("case", ""))
        key = f"{person.pseudonym}-{n}".encode("ascii", "xmlcharrefreplace").decode()
        answer = await self._clients.post(service, path.format(**known), body, party=move.by, key=key)
        if move.do is Do.REFER:
            self.cases[person.pseudonym] = {"referral": answer["id"], "case": answer["caseId"]}

    async def send(self, document: Document) -> None:
        """And follows it until all its rows are done. Raises `NotAsTheScriptSays`."""
        path, party = "/booking-documents", document.by
        content = (XLSX, self._script.content)
        answer = await self._clients.send(
            "referral", f"{path}?rows={document.rows}", content, party=party, key="document"
        )
        path = f"{path}/{answer['id']}"
        while answer["status"] == "working":
            await asyncio.sleep(LOOK)
            answer = await self._clients.get("referral", path, party=party)
        self.sent = Sent.of(document, answer)
        rows = (await self._clients.get("referral", f"{path}/rows?limit={MOST}", party=party))["items"]
        people = {person.row: person for person in self._script.people if person.row is not None}
        if people.keys() != {row["number"] for row in rows}:
            raise NotAsTheScriptSays("Each row of the document is one person of the script.")
        for row in rows:
            await self._became(people[row["number"]], row, party)

    async def _became(self, person: Person, row: dict[str, Any], party: str) -> None:
        """A row is a case, or it was refused."""
        if row["referral"] is None:
            self.refused[person.pseudonym] = Reason(row=row["number"], code=row["code"], **row["reason"])
            return
        referral = row["referral"].rpartition("/")[2]
        found = await self._clients.get("referral", f"/referrals/{referral}", party=party)
        self.cases[person.pseudonym] = {"referral": referral, "case": found["caseId"]}

    async def _order(self, move: Move) -> str:
        """The nth order that the agency finds in its own list for the time. It stays the same when others follow."""
        listed = await self._clients.get("booking", f"/interpreter-orders?limit={MOST}", party=move.by)
        found = [
            each["id"] for each in reversed(listed["items"]) if datetime.fromisoformat(each["starts"]) == move.ordered
        ]
        if len(found) < move.asking:
            raise NotAsTheScriptSays(f"{move.by} was not asked for an interpreter then.")
        return found[move.asking - 1]
