"""Files that keys live in: never half written, and secret ones readable by their owner alone."""

import os
from pathlib import Path

from .errors import Fault, Refused


class SecretExposed(Refused):
    """A file with secrets can be read by others than its owner."""

    status = 500
    fault = Fault.PLATFORM


def read(path: Path) -> bytes:
    """The content. Raises SecretExposed unless group and world have no access; OSError if there is none."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise SecretExposed("Take the rights of group and others away (chmod 600).", file=path.name)
        return file.read()


def write(path: Path, content: bytes, *, replace: bool = False, mode: int = 0o600) -> bool:
    """Writes the whole file or nothing, on the disk when it returns.

    False, and nothing changed, if a file is there and is not to be replaced: of two writers the first wins.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
