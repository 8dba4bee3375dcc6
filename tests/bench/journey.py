"""The journey that every contestant runs: who tells what, who hears it, and what follows. `pathways/bench/round.yaml`.

The platform gets there by its pathway, the others by this table, so that all of them tell and store the same facts.
"""

from collections.abc import Mapping, Sequence

HOME = ("referral", "reporting")
HEARD_BY: Mapping[str, Sequence[str]] = {
    "referral.received": HOME,
    "case.opened": HOME,
    "consent.requested": ("consent", "reporting"),
    "meeting.requested": ("booking", "reporting"),
    "assessment.requested": ("assessment", "reporting"),
    "consent.granted": HOME,
    "meeting.booked": HOME,
    "meeting.held": HOME,
    "assessment.opened": HOME,
    "assessment.completed": HOME,
    "deadline.met": ("reporting",),
    "case.closed": HOME,
}
"""By what is told: the services whose queues it goes to."""

FOLLOWS: Mapping[str, Sequence[str]] = {
    "referral.received": ("case.opened", "consent.requested", "meeting.requested", "assessment.requested"),
    "consent.granted": ("deadline.met",),
    "meeting.booked": ("deadline.met",),
    "meeting.held": ("deadline.met",),
    "assessment.completed": ("deadline.met", "case.closed"),
}
"""By what home hears: what it tells then."""

BEGINS: Sequence[Mapping[str, Sequence[str]]] = (
    {"referral": ("referral.received",)},
    {
        "consent": ("consent.granted",),
        "booking": ("meeting.booked", "meeting.held"),
        "assessment": ("assessment.opened", "assessment.completed"),
    },
)
"""The two fillings, by the service that people act at: what each referral puts into its event log."""


def told(filling: int) -> list[str]:
    """All that one referral makes the services tell after that filling, what was filled in first."""
    facts = [fact for facts in BEGINS[filling].values() for fact in facts]
    return facts + [after for fact in facts for after in FOLLOWS.get(fact, ())]


def stored(filling: int) -> dict[str, int]:
    """How many facts of one referral each service stores after that filling."""
    counts: dict[str, int] = {}
    for fact in told(filling):
        for service in HEARD_BY[fact]:
            counts[service] = counts.get(service, 0) + 1
    return counts


def teller_of(fact: str) -> str:
    """Who tells it: people's moves are told where they are made, all else by home."""
    return next((service for begins in BEGINS for service, facts in begins.items() if fact in facts), "referral")
