"""What is got from another service: its JSON, of a size that an honest answer has, or who is away."""

import asyncio
from pathlib import Path

import httpx
import pytest

from shared.errors import Refused
from shared.parties import Organisation, Parties
from shared.partners import PartnerAway, PartnerRefused, Partners
from shared.service_tokens import NoTokens


class Tokens(NoTokens):
    """Any will do."""

    async def token(self, organisation: str, service: str) -> str:
        return f"{organisation}.{service}"


class Answers(httpx.AsyncBaseTransport):
    """A service that answers each question alike."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answer


def partners(network: httpx.AsyncBaseTransport | None, url: str = "https://booking.norrby.example") -> Partners:
    described = {
        "name": "norrby",
        "title": {"sv": "Norrby", "en": "Norrby"},
        "services": {"booking": "own"},
        "urls": {"booking": url},
    }
    norrby = Organisation.model_validate(described)
    return Partners(Parties(directory=Path(), organisations={"norrby": norrby}, tells={}), Tokens(), network)


async def test_what_is_got_is_asked_for_with_a_token_and_a_query():
    network = Answers(httpx.Response(200, json={"items": []}))
    asked = [("fact", "meeting.booked"), ("fact", "meeting.held")]
    said = await partners(network).get("norrby", "booking", "/event-ids", asked, seconds=5, largest=100)
    assert said == {"items": []}
    (request,) = network.asked
    assert str(request.url) == (
        "https://booking.norrby.example/booking/v1/event-ids?fact=meeting.booked&fact=meeting.held"
    )
    assert request.headers["authorization"] == "Bearer norrby.booking"


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (httpx.Response(200, json={"items": ["x" * 200]}), PartnerRefused),
        (httpx.Response(200, json=["a list"]), PartnerRefused),
        (httpx.Response(403, json={"code": "sender/forbidden"}), PartnerRefused),
        (httpx.Response(302, json={}, headers={"location": "https://elsewhere.example"}), PartnerRefused),
        (httpx.Response(503, json={}), PartnerAway),
        (httpx.Response(200, content=b"<html>"), PartnerAway),
        (httpx.Response(200, content=b"\xff"), PartnerAway),
    ],
)
async def test_what_is_no_answer_is_refused(answer: httpx.Response, refused: type[Refused]):
    with pytest.raises(refused):
        await partners(Answers(answer)).get("norrby", "booking", "/event-ids", seconds=5, largest=100)


async def test_a_partner_that_was_silent_is_reached_again_as_soon_as_it_answers():
    """However many calls ran out of time at once: none keeps its connection."""
    silent = True

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if not silent:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            await writer.drain()
        else:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    calls = partners(None, f"http://127.0.0.1:{port}")
    ran_out = await asyncio.gather(
        *[calls.post("norrby", "booking", "/permits", seconds=0.3) for _ in range(60)], return_exceptions=True
    )
    assert {type(each) for each in ran_out} == {PartnerAway}
    silent = False
    assert [await calls.post("norrby", "booking", "/permits", seconds=10) for _ in range(3)] == [{}] * 3
    await calls.close()
    server.close()
