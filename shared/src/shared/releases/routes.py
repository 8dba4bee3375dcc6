"""What a releasing service mounts: the fence, and the dependency that its releasing routes declare."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request

from shared.http.policies import fencing
from shared.http.route import Service, Transaction
from shared.http.views import View

from . import receipts
from .release import Release


async def release_of(request: Request, here: Service) -> Release:
    """The release that this request is; only where the policy is `releasing`."""
    return Release(here, request.state.caller, request.state.attempt)


Releasing = Annotated[Release, Depends(release_of)]


class FenceView(View):
    """What became of a release id: void, for ever, or really released under that permit number."""

    release_id: UUID
    void: bool
    permit: int | None = None


def add_fence(routes: APIRouter) -> None:
    """Gives a service the route by which the consent service makes sure that a permit is used up."""

    @routes.post(
        "/releases/{releaseId}/fence", tags=["releases"], summary="Make a release id void, or find its receipt"
    )
    @fencing
    async def fence_release(
        uow: Transaction, release_id: Annotated[UUID, Path(alias="releaseId", description="Of a permit given here")]
    ) -> FenceView:
        """Spärra ett utlämnande. For the consent service of the case's home; asked again it says the same."""
        assert uow.caller is not None
        found = await receipts.fence(uow, release_id, home=uow.caller.organisation)
        return FenceView(release_id=release_id, void=found.void, permit=found.permit)
