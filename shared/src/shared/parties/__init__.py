"""Who takes part: organisations as deployed, the services they run, and by what they are believed."""

from .files import PartiesWrong
from .organisation import Forwarding, Organisation, TrustedIssuer
from .register import NotServed, Parties, UnknownOrganisation

__all__ = [
    "Forwarding",
    "NotServed",
    "Organisation",
    "Parties",
    "PartiesWrong",
    "TrustedIssuer",
    "UnknownOrganisation",
]
