"""Who may tell a service anything that it hears."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from shared.envelope import PREFIX
from shared.parties import Forwarding, Parties
from shared.subscriptions import Subscriptions
from shared.whoami import Whoami

EVERYTHING = ["#"]


@dataclass(frozen=True, slots=True)
class Source:
    """One teller, and which facts of it are heard here, in whatever version, as `meeting.booked`; none: all.

    `user`: as whom the broker knows it. `by_feed`: nobody sends it here, it is to be fetched.
    """

    organisation: str
    service: str
    user: str
    facts: frozenset[str] | None
    by_feed: bool = False

    @property
    def name(self) -> str:
        """As events name it."""
        return f"/{self.organisation}/{self.service}"

    @property
    def hears(self) -> str:
        """Another where something else is heard: then all is compared from the beginning."""
        return hashlib.sha256(" ".join(sorted(self.facts or "*")).encode()).hexdigest()[:16]


def sources_of(whoami: Whoami, parties: Parties, subscriptions: Subscriptions) -> list[Source]:
    """The own organisation's services, this one among them, then those of organisations that tell ours anything."""
    patterns = subscriptions.bindings()
    heard = None if patterns == EVERYTHING else frozenset(".".join(each.split(".")[1:3]) for each in patterns)
    return sorted(_sources(whoami, parties, heard), key=lambda source: source.organisation != whoami.organisation)


def _sources(whoami: Whoami, parties: Parties, heard: frozenset[str] | None) -> Iterator[Source]:
    for name, organisation in parties.organisations.items():
        how = organisation.forwards_to.get(whoami.organisation)
        if how is None and name != whoami.organisation:
            continue
        for service in organisation.own:
            user = organisation.broker_user(service)
            told = (fact for fact in heard or () if parties.may_tell(user, f"/{name}/{service}", f"{PREFIX}{fact}.v1"))
            facts = None if heard is None else frozenset(told)
            if facts is None or facts:
                yield Source(name, service, user, facts, by_feed=how is Forwarding.FEED)
