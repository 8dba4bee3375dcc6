"""The partners: they refer people, and make the moves that carry each case through all five services.

They behave well: each POST has its key and is sent again, the same, until it is answered; what has not arrived yet is
tried again. Some send everything twice at once, and some move a booking while they make it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from bench.deployed import PATHWAY, SENDER
from bench.filling import COACH
from shared.clock import Clock
from shared.ids import play_id

from .stage import Stage
from .wire import Answer, NoAnswer, Wire

POSTING, MOVING = 8, 24
FIRST, LONGEST = 0.5, 3.0
ARRIVES = 1.5
"""Seconds after which a partner looks whether what it waits for is there."""
TOKEN = 60.0
SHOWN = 4
CANARIES = ("Kanariefjun", "070-1740699", "CANARY")
"""Parts of what is said of each person, which may be found nowhere outside the vault."""
CONTACT = {"givenName": "Bo", "familyName": CANARIES[0], "phone": CANARIES[1], "language": "swe"}
EXPECTED = {"sender/not-yet", "sender/booked-in-the-past", "sender/too-early"}
"""What a partner hears whose clock, or whose service's, is not right; and tries again."""


class Again(Exception):
    """Not now."""


class InThePast(Again):
    """A booking came too late for the time it names."""


@dataclass(eq=False)
class Case:
    """One referral as its partners know it."""

    n: int
    id: UUID
    booking: int = 0
    starts: datetime | None = None

    def play(self, task: str) -> UUID:
        return play_id(self.id, task, 1, 1)


Step = Callable[[Case, Wire, Wire], Awaitable[None]]


@dataclass(eq=False)
class Load:
    """All partners of a run, who refer so many from the `first` on. `rate`: referrals a second, at most.

    `waiting`: by key, what was last heard of what is not done.
    """

    stage: Stage
    clock: Clock
    referrals: int
    rate: float
    first: int = 0
    cases: dict[int, Case] = field(default_factory=dict[int, Case])
    answers: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])
    moved: int = 0
    given_up: bool = False
    waiting: dict[str, str] = field(default_factory=dict[str, str])
    _tokens: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict[tuple[str, str], tuple[float, str]])
    _todo: asyncio.Queue[tuple[float, float, Case, Sequence[Step]]] = field(
        default_factory=asyncio.Queue[tuple[float, float, Case, Sequence[Step]]]
    )

    @property
    def progress(self) -> float:
        return len(self.cases) / self.referrals

    def said(self) -> str:
        """How far they are, and what some of them wait for."""
        some = ", ".join(f"{key}: {heard}" for key, heard in list(self.waiting.items())[:SHOWN])
        return (
            f"{len(self.cases)} referred, {self.moved} of {3 * self.referrals} journeys ended; {some or 'none waits'}"
        )

    @property
    def done(self) -> bool:
        return self.moved == 3 * self.referrals

    async def run(self) -> None:
        """Until everybody is referred and every move is made."""
        numbers, began = iter(range(self.first, self.first + self.referrals)), time.monotonic()
        posting = [self._post(numbers, began) for _ in range(POSTING)]
        async with asyncio.TaskGroup() as group:
            movers = [group.create_task(self._move()) for _ in range(MOVING)]
            await asyncio.gather(*posting)
            while not self.done:  # noqa: ASYNC110 -- what is waited for is a count, not an event
                await asyncio.sleep(0.1)
            for mover in movers:
                mover.cancel()

    async def _post(self, numbers: Iterator[int], began: float) -> None:
        with Wire() as wire, Wire() as other:
            for n in numbers:
                await asyncio.sleep(max(0.0, began + (n - self.first) / self.rate - time.monotonic()))
                self.cases[n] = case = await self._refer(n, wire, other)
                for steps in self._journey:
                    self._todo.put_nowait((time.monotonic() + ARRIVES, FIRST, case, steps))

    @property
    def _journey(self) -> Sequence[Sequence[Step]]:
        """What is done in each case: three things side by side, each in its order."""
        return [self._grant], [self._book, self._hold], [self._complete]

    async def _move(self) -> None:
        """Takes what is to be done, in turn; what cannot be done yet goes to the end."""
        with Wire() as wire, Wire() as other:
            while True:
                due, wait, case, steps = await self._todo.get()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                try:
                    await steps[0](case, wire, other)
                except Again:
                    self._todo.put_nowait((time.monotonic() + wait, min(LONGEST, 2 * wait), case, steps))
                    continue
                if steps[1:]:
                    self._todo.put_nowait((0.0, FIRST, case, steps[1:]))
                else:
                    self.moved += 1

    async def _refer(self, n: int, wire: Wire, other: Wire) -> Case:
        """Every fifth is sent twice at the same time, under one key: two answers, one referral."""
        identity = {"type": "reserve", "value": f"{CANARIES[2]}{n:08}"}
        body = {"pathway": PATHWAY, "door": "referral", "person": {"identity": identity, "contact": CONTACT}}
        ask = partial(self._ask, service="referral", path="/referrals", party=SENDER, body=body, key=f"refer-{n}")
        both = [wire] if n % 5 else [wire, other]
        said = [answer.said for answer in await asyncio.gather(*(_until_answered(partial(ask, each)) for each in both))]
        if len({each["id"] for each in said}) > 1:
            self.wrong.append(f"referral {n}: one key, two referrals")
        return Case(n, UUID(said[0]["caseId"]))

    async def _grant(self, case: Case, wire: Wire, _: Wire) -> None:
        path = f"/bases/{case.play('exchange')}/grants"
        await self._ask(
            wire, service="consent", path=path, party=SENDER, body={"form": "written"}, key=f"grant-{case.n}"
        )

    async def _book(self, case: Case, wire: Wire, other: Wire) -> None:
        """Every fourth is booked twice at the same time, under two keys: two facts in one stream."""
        if case.starts is None:
            case.starts = self.clock.now() + timedelta(seconds=1 + 2 * case.booking)
        body = {"starts": case.starts.isoformat(), "ends": (case.starts + timedelta(hours=1)).isoformat()}
        path, key = f"/meetings/{case.play('talk')}/bookings", f"book-{case.n}-{case.booking}"
        ask = partial(self._ask, service="booking", path=path, party=COACH, body=body)
        twice = [] if case.n % 4 else [ask(other, key=f"{key}-again")]
        said = await asyncio.gather(ask(wire, key=key), *twice, return_exceptions=True)
        if refused := [each for each in said if isinstance(each, BaseException)]:
            if any(isinstance(each, InThePast) for each in refused):
                case.starts, case.booking = None, case.booking + 1
                for old in (key, f"{key}-again"):
                    self.waiting.pop(old, None)
            raise refused[0]

    async def _hold(self, case: Case, wire: Wire, _: Wire) -> None:
        path = f"/meetings/{case.play('talk')}/holdings"
        await self._ask(wire, service="booking", path=path, party=COACH, body={}, key=f"hold-{case.n}")

    async def _complete(self, case: Case, wire: Wire, _: Wire) -> None:
        path = f"/assessments/{case.play('mapping')}/completions"
        await self._ask(wire, service="assessment", path=path, party=COACH, body={}, key=f"complete-{case.n}")

    async def _ask(
        self, wire: Wire, *, service: str, path: str, party: str, body: Mapping[str, Any], key: str
    ) -> Answer:
        """The answer, if it is a success. Raises `Again`; what no partner should ever hear is noted as wrong."""
        headers = {"Authorization": f"Bearer {self._token(service, party)}", "Idempotency-Key": key}
        port = self.stage.deployment.ports[service]
        try:
            answer = await wire.ask(port, "POST", f"/{service}/v1{path}", headers, body)
        except NoAnswer as error:
            self.answers[f"{service} no answer"] += 1
            self.waiting[key] = "no answer"
            raise Again from error
        self.answers[f"{service} {answer.status}"] += 1
        if answer.status < 300:
            self.waiting.pop(key, None)
            return answer
        code = _code(answer)
        self.waiting[key] = f"{answer.status} {code}"
        if (answer.status >= 500 and (answer.status != 503 or "retry-after" not in answer.headers)) or (
            answer.status not in (401, 404, 429, 503) and not code.startswith("waiting/") and code not in EXPECTED
        ):
            self.wrong.append(f"{service} answered {answer.status} {code} for {key}")
        raise InThePast if code == "sender/booked-in-the-past" else Again

    def _token(self, service: str, party: str) -> str:
        made, token = self._tokens.get((service, party), (0.0, ""))
        if not token or time.monotonic() - made > TOKEN:
            token = self.stage.token(service, party)
            self._tokens[service, party] = time.monotonic(), token
        return token


async def _until_answered(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    wait = FIRST
    while True:
        try:
            return await ask()
        except Again:
            await asyncio.sleep(wait)
            wait = min(LONGEST, 2 * wait)


def _code(answer: Answer) -> str:
    try:
        return str(answer.said.get("code", ""))
    except ValueError:
        return ""
