"""A key that was used for another body, and none at all."""

import httpx
import pytest

from .case import Case, assert_refused
from .town import PATHWAY, Town, referral_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def reused(town: Town) -> httpx.Response:
    """The key with which the first referral came in; another person by it."""
    return await town.refer(referral_of(PATHWAY), idempotency_key="first")


CASES = [
    Case(
        what="the same key with another body",
        status=422,
        code="sender/key-reused",
        remedy="Use a new key for a new request.",
        send=reused,
    ),
    Case(
        what="no key",
        status=400,
        code="sender/key-missing",
        remedy="Send a key of your own making, and the same key when you send the same again.",
        send=lambda town: town.refer(referral_of(PATHWAY), idempotency_key=" "),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
async def test_it_is_a_clear_problem(town: Town, case: Case):
    await assert_refused(town, case)
