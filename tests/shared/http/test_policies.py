"""Who may call: nobody, where a route does not say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from joserfc.jwk import ECKey
from starlette.routing import Mount, Route, WebSocketRoute

from shared.http.about import Api
from shared.http.policies import FEED, NoPolicy, party, public
from shared.http.route import routes
from shared.issuer import Signer
from shared.service import create_service
from shared.settings import Settings
from shared.subscriptions import Subscriptions
from shared.testing.apps import App, Platform
from shared.testing.callers import Bearer
from shared.testing.things import Things

API = Api(name="booking", title="Things", sv="Saker.", en="Things.")


async def read_thing() -> None:
    """Without a policy."""


def bare(router: APIRouter) -> None:
    router.get("/things")(read_thing)


def included(router: APIRouter) -> None:
    inner = routes("inner")
    bare(inner)
    router.include_router(inner)


def included_twice(router: APIRouter) -> None:
    middle = APIRouter(prefix="/middle")
    included(middle)
    router.include_router(middle)


def unenforced(router: APIRouter) -> None:
    """With a policy, on a route that nobody asks for it."""
    inner = APIRouter()

    @inner.get("/things")
    @party
    async def _() -> None: ...

    router.include_router(inner)


def plain(router: APIRouter) -> None:
    router.routes.append(Route("/things", endpoint=read_thing))


def socket(router: APIRouter) -> None:
    async def talk(_: Any) -> None: ...

    router.routes.append(WebSocketRoute("/things", talk))


def mounted(router: APIRouter) -> None:
    router.routes.append(Mount("/things", FastAPI()))


WAYS = [bare, included, included_twice, unenforced, plain, socket, mounted]


async def start(platform: Platform, add: Callable[[APIRouter], None]) -> App:
    def create(settings: Settings) -> FastAPI:
        router = routes("booking")
        add(router)
        return create_service(settings, API, router, Subscriptions())

    return await platform.start("norrby", "booking", create=create)


@pytest.mark.parametrize("add", WAYS, ids=[way.__name__ for way in WAYS])
async def test_a_service_with_a_route_of_which_nobody_said_who_may_call_does_not_start(
    platform: Platform, add: Callable[[APIRouter], None]
):
    with pytest.raises(NoPolicy, match="things"):
        await start(platform, add)


async def test_a_route_that_comes_later_answers_nobody(platform: Platform):
    app = await start(platform, lambda _: None)
    late = routes("booking")
    bare(late)
    app.app.include_router(late)
    assert (await app.as_nobody().get("/booking/v1/things")).status_code == 500
    assert (await app.as_party("clinic").get("/things")).status_code == 500


async def test_public_routes_answer_anybody(platform: Platform):
    def add(router: APIRouter) -> None:
        router.get("/things", response_model=None)(public(read_thing))

    app = await start(platform, add)
    for path in ("/booking/v1/things", "/booking/v1/api-info", "/booking/v1/openapi.json", "/livez", "/readyz"):
        assert (await app.as_nobody().get(path)).status_code == 200, path


async def test_a_party_s_route_asks_for_a_believable_token(things: Things):
    nobody = things.app.as_nobody()
    for header in ("", "Basic eDp5", "Bearer", "Bearer x", "Bearer a.b.c", "Bearer å"):
        answer = await nobody.get("/booking/v1/things", headers={b"Authorization": header.encode("latin-1")})
        assert (answer.status_code, answer.json()["code"]) == (401, "sender/unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")


class Then:
    """A clock that stands at another time."""

    def __init__(self, away: timedelta) -> None:
        self.away = away

    def now(self) -> datetime:
        return datetime.now(UTC) + self.away


async def test_tokens_of_another_time_audience_or_organisation(things: Things, platform: Platform):
    """Each kind is tried by the verifier's own tests; here, that the routes ask it."""
    clinic = things.app.as_party("clinic")
    assert isinstance(clinic.auth, Bearer)
    key = ECKey.generate_key("P-256", auto_kid=True)
    signer, own = Signer(clinic.auth.signer.name, key), clinic.auth.audience
    signer.write_public_keys(platform.directory / "parties" / "norrby.jwks.json")
    tried: list[tuple[Signer, str, str, str]] = [
        (Signer(signer.name, key, clock=Then(timedelta(hours=-1))), "norrby", own, "expired"),
        (Signer(signer.name, key, clock=Then(timedelta(hours=1))), "norrby", own, "early"),
        (signer, "norrby", "samspar.referral", "audience"),
        (signer, "agency", own, "organisation"),
        (Signer(signer.name), "norrby", own, "key"),
        (Signer("https://login.elsewhere.example"), "norrby", own, "issuer"),
    ]
    for signed_by, organisation, audience, reason in tried:
        clinic.auth = Bearer(
            signed_by, organisation=organisation, party="clinic", audience=audience, scopes=["samspar.booking"]
        )
        answer = await clinic.get("/things")
        assert (answer.status_code, answer.json()["reason"]) == (401, reason)


async def test_scopes(things: Things):
    for scopes, status in (
        (["samspar.booking"], 200),
        (["samspar.referral"], 403),
        (["samspar.operate"], 403),
        (["samspar.bookings", "booking"], 403),
        ([], 403),
    ):
        answer = await things.app.as_party("clinic", scopes=scopes).get("/things")
        assert answer.status_code == status, scopes
    assert answer.json()["code"] == "sender/forbidden"
    assert answer.json()["scope"] == "samspar.booking"


async def test_operators_are_those_of_the_organisation_itself(things: Things):
    assert (await things.app.as_operator().get("/dead-letters")).status_code == 200
    assert (await things.app.as_operator("agency").get("/dead-letters")).status_code == 403
    assert (await things.app.as_party("clinic").get("/dead-letters")).status_code == 403
    assert (await things.app.as_operator().get("/things")).status_code == 403


async def test_the_feed_of_an_organisation_is_not_for_each_of_its_parties(things: Things):
    assert (await things.app.as_party("clinic").get("/events")).status_code == 403
    assert (await things.app.as_party("reader", scopes=[FEED]).get("/events")).status_code == 200


async def test_the_clock_moves_by_its_own_key_alone(platform: Platform):
    things = Things()
    things.app = await platform.start("norrby", "booking", create=things.create, demo_key="turn")
    later = {"now": "2026-12-01T00:00:00Z"}
    nobody = things.app.as_nobody()
    for key in ("", "wrong"):
        assert (await nobody.put("/clock", json=later, headers={"X-Demo-Key": key})).status_code == 404
    assert (await nobody.put("/clock", json=later, headers={"X-Demo-Key": "turn"})).status_code == 200


async def test_others_things_are_not_there(things: Things):
    (thing,) = await things.make_many(["lamp"])
    for stranger in (things.app.as_party("school"), things.app.as_party("clinic", organisation="agency")):
        for method, path in (("GET", ""), ("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/words")):
            body = None if method in ("GET", "DELETE") else {"word": "chair"}
            answer = await stranger.request(method, f"/things/{thing}{path}", json=body, headers={"If-Match": "*"})
            assert (answer.status_code, answer.json()["code"]) == (404, "sender/not-found"), method


async def test_who_may_read_it_may_not_therefore_change_it(things: Things):
    (thing,) = await things.make_many(["lamp"])
    onlooker = things.app.as_party("onlooker")
    assert (await onlooker.get(f"/things/{thing}")).status_code == 200
    for method, path in (("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/words")):
        body = None if method == "DELETE" else {"word": "chair"}
        answer = await onlooker.request(method, f"/things/{thing}{path}", json=body, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["code"]) == (403, "sender/not-your-move"), method
    assert (await onlooker.get(f"/things/{thing}")).json()["word"] == "lamp"
