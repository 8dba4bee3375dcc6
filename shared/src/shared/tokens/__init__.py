"""Who is believed: access tokens (RFC 9068) and the keys of the issuers that sign them."""

from shared.caller import Caller

from .keys import KeysUnavailable
from .verifier import Reason, Unauthenticated, Verifier

__all__ = ["Caller", "KeysUnavailable", "Reason", "Unauthenticated", "Verifier"]
