"""Who calls: an organisation's party, as its token says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified bearer of a token. `party` is the caller's role name in pathways, inside its organisation."""

    organisation: str
    party: str
    subject: str
    client_id: str
    scopes: frozenset[str]
