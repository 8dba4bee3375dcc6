"""What several routes of referral need."""

from typing import Annotated, cast

from fastapi import Depends, Request

from referral.usecases.home import Home


async def home_of(request: Request) -> Home:
    return cast(Home, request.app.state.home)


PlayedAt = Annotated[Home, Depends(home_of)]
