"""Where what identifies a person is kept: encrypted under a key of their own, found by number, forgotten for good."""

from .keyring import KeyRing, KeyRingWrong, VaultDamaged
from .store import Json, Vault

__all__ = ["Json", "KeyRing", "KeyRingWrong", "Vault", "VaultDamaged"]
