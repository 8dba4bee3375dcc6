"""A verifier that trusts one issuer, at an instant that stands still."""

from pathlib import Path

import pytest

from shared.clock import StoppedClock
from shared.testing.key_sets import BOOKING, KEY, NOW, RSA, key_set, trusting
from shared.tokens import Verifier


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOW)


@pytest.fixture
def verifier(tmp_path: Path, clock: StoppedClock) -> Verifier:
    return Verifier(BOOKING, trusting(key_set(tmp_path / "jwks.json", KEY, RSA)), clock)
