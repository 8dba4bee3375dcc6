"""What headers of a booking document are called. Apart from the columns, for the reader that needs no more."""

from typing import Final

from .cells import fold

NUMBER: Final = "Personnummer"
ALSO: Final = {
    "Väg": ("process", "pathway"),
    "Ingång": ("dörr", "door"),
    NUMBER: ("pnr", "personnr", "person-id"),
    "Typ av nummer": ("nummertyp",),
    "Förnamn": (),
    "Efternamn": (),
    "Telefon": ("tfn", "mobil", "telefonnr"),
    "E-post": ("mejl", "mail", "e-postadress"),
    "Adress": (),
    "Språk": (),
}
"""Each header of ours, and what else people write for it."""
OF_THE_PATHWAY: Final = {"attests": "Intygas", "asks": "Fråga", "dates": "Datum"}
"""Fields whose columns the pathway names, and how their headers begin: `Intygas: …`."""
NAMES: Final = {header: frozenset(map(fold, (header, *also))) for header, also in ALSO.items()}
"""The same, folded."""
KNOWN: Final = frozenset[str]().union(*NAMES.values())
BEGINNINGS: Final = tuple(map(fold, OF_THE_PATHWAY.values()))


def is_known(folded: str) -> bool:
    """Whether a header is one of ours."""
    return folded in KNOWN or folded.startswith(BEGINNINGS)
