"""The organisations that take part, as a command line names them: by a directory."""

from pathlib import Path

from shared.errors import Invalid
from shared.parties import Parties


class NoParties(Invalid):
    """It is not said who takes part."""


def read_parties(directory: Path) -> Parties:
    """Raises `NoParties`, and `PartiesWrong` with file and field."""
    if not directory.is_dir():
        raise NoParties(f"Run this where {directory} is, or give the directory with --parties.")
    return Parties.load(directory)
