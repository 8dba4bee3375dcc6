"""A referral to the deployment's pathway for income support, as social services send it; nobody in it exists."""

from typing import Any

NUMBER = "199001012385"
"""A test number of the Tax Agency's: born on New Year's Day 1990."""

CONTACT = {
    "givenName": "Kanarina",
    "familyName": "Fågelsson",
    "phone": "070-1740605",
    "email": "kanarina@example.se",
    "address": "Burgatan 1",
    "language": "som",
}


def referral_of(pathway: str, number: str = NUMBER, **changes: Any) -> dict[str, Any]:
    """One person to that pathway."""
    sent: dict[str, Any] = {
        "pathway": pathway,
        "door": "application",
        "person": {"identity": {"type": "personnummer", "value": number}, "contact": CONTACT},
        "attests": ["entitled_to_income_support", "no_other_activity"],
    }
    return sent | changes
