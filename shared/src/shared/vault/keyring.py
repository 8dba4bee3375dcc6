"""The keys above the vault, in a file outside the database: key-encryption keys by id, and the blind index's own."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared import secret_file
from shared.errors import Fault, Refused
from shared.identity import Identity

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class VaultDamaged(Refused):
    """What the vault holds about a person is not what was stored there."""

    status = 500
    fault = Fault.PLATFORM


class KeyRingWrong(Refused):
    """The key ring of the vault cannot be used."""

    status = 500
    fault = Fault.PLATFORM


@dataclass(frozen=True, slots=True)
class KeyRing:
    """New data keys are wrapped by the `current` key; the others still open what they wrapped."""

    current: str
    keys: Mapping[str, bytes]
    index: bytes

    @classmethod
    def load(cls, path: Path) -> "KeyRing":
        """Reads `{"current": id, "keys": {id: base64}, "index": base64}`; every key is 256 bits.

        Raises KeyRingWrong, and SecretExposed if others than the owner may read the file.
        """
        try:
            content = cast(dict[str, Any], json.loads(secret_file.read(path)))
            keys = {str(name): _decoded(key) for name, key in content["keys"].items()}
            ring = cls(str(content["current"]), keys, _decoded(content["index"]))
        except OSError:
            raise KeyRingWrong("Put the key ring where the settings say it is.", file=path.name) from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise KeyRingWrong("Restore it from its backup; it is not a key ring.", file=path.name) from None
        if ring.current not in ring.keys or ring.index in ring.keys.values():
            raise KeyRingWrong("Name a current key, and give the index a key of its own.", file=path.name)
        return ring

    @classmethod
    def open(cls, path: Path) -> "KeyRing":
        """As load; makes the file at first use. For one process that owns its data directory."""
        if not path.exists():
            first = os.urandom(KEY_BYTES)
            secret_file.write(path, cls("1", {"1": first}, os.urandom(KEY_BYTES))._encoded())
        return cls.load(path)

    def renewed(self, path: Path, name: str) -> "KeyRing":
        """Adds a key, makes it current, and replaces the file. Then `Vault.rewrap` moves the data keys to it."""
        if name in self.keys:
            raise KeyRingWrong("Give the new key an id that was never used.", file=path.name)
        ring = KeyRing(name, {**self.keys, name: os.urandom(KEY_BYTES)}, self.index)
        secret_file.write(path, ring._encoded(), replace=True)
        return ring

    def wrap(self, key: bytes, owner: str) -> bytes:
        """A data key, encrypted under the current key for its owner alone."""
        return seal(self.keys[self.current], key, f"vault_key|wrapped|{owner}|{self.current}")

    def unwrap(self, wrapped: bytes, owner: str, name: str) -> bytes:
        if name not in self.keys:
            raise VaultDamaged("Put the key of that id back into the key ring.", key=name)
        return unseal(self.keys[name], wrapped, f"vault_key|wrapped|{owner}|{name}")

    def blind(self, identity: Identity) -> bytes:
        """What finds a number without telling it: without this key all numbers could be tried in seconds."""
        return hmac.digest(self.index, f"{identity.type}|{identity.value}".encode(), hashlib.sha256)

    def __repr__(self) -> str:
        return f"KeyRing({len(self.keys)} keys, current {self.current})"

    def _encoded(self) -> bytes:
        keys = {name: base64.b64encode(key).decode() for name, key in self.keys.items()}
        index = base64.b64encode(self.index).decode()
        return json.dumps({"current": self.current, "keys": keys, "index": index}).encode()


def seal(key: bytes, content: bytes, place: str) -> bytes:
    """AES-256-GCM with a random nonce in front. `place` is where it will lie: table|column|row id|key id."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """The content. Raises VaultDamaged if a bit of it, its place or its key differs."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError):
        pass
    raise VaultDamaged("Compare the row with the backup; somebody or something changed it.")


def _decoded(key: Any) -> bytes:
    decoded = base64.b64decode(key, validate=True)
    if len(decoded) != KEY_BYTES:
        raise ValueError("not a 256 bit key")
    return decoded
