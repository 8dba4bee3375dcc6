"""Booking documents in: a spreadsheet of referrals, and what became of each row."""

import asyncio
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ValidationError
from sqlmodel import col, select

from referral.documents import reading
from referral.documents.columns import VALUE, CellWrong
from referral.documents.layout import Layout
from referral.documents.reading import CSV, XLSX
from referral.documents.reasons import reason
from referral.documents.rows import Line, lines
from referral.documents.template import template
from referral.domain.documents import Became, Document, DocumentRow
from referral.usecases import documents
from shared.errors import Refused
from shared.http.bodies import Files, takes
from shared.http.examples import shown
from shared.http.paging import Page, Paged
from shared.http.policies import party
from shared.http.route import Route, Service, Transaction
from shared.http.views import View
from shared.pathways.spelling import PATHWAY_ID

from .parts import PlayedAt
from .referrals import NewReferral, sent_of

router = APIRouter(route_class=Route, tags=["booking documents"])

LARGEST = 5 * 1024 * 1024
PLACE = "/referral/v1"

DocumentId = Annotated[UUID, Path(alias="documentId", description="The document")]
Name = Annotated[str, Query(pattern=PATHWAY_ID, max_length=100)]


class Rows(StrEnum):
    """All or nothing, as the document comes in, or the good rows of it."""

    ALL = "all"
    GOOD = "good"


class Said(BaseModel):
    """A reason, for people."""

    sv: str
    en: str


class DocumentView(View):
    """How far a document has come. `pending` rows are still to be received."""

    model_config = shown(
        {
            "id": "0190a0b2-6f3e-7b90-a1c8-2d7e5f80b413",
            "rows": "good",
            "status": "done",
            "total": 12,
            "received": 10,
            "duplicate": 1,
            "refused": 1,
            "pending": 0,
            "sentAt": "2026-11-02T08:00:00Z",
            "doneAt": "2026-11-02T08:00:04Z",
            "version": 2,
        }
    )

    id: UUID
    rows: Rows
    status: str
    total: int
    received: int
    duplicate: int
    refused: int
    pending: int
    sent_at: datetime
    done_at: datetime | None
    version: int


class RowView(View):
    """What became of one row; nothing of what it said. A duplicate names the referral that stands."""

    model_config = shown(
        {
            "number": 7,
            "status": "refused",
            "referral": None,
            "code": "sender/age-outside",
            "reason": {
                "sv": "Personens ålder ligger utanför vägens.",
                "en": "The person's age is outside the pathway's.",
            },
        }
    )

    number: int
    status: Became
    referral: str | None
    code: str | None
    reason: Said | None

    @classmethod
    def of(cls, row: object) -> "RowView":
        assert isinstance(row, DocumentRow)
        said = reason(row.code, row.facts) if row.code else None
        return cls(
            number=row.number,
            status=Became(row.status),
            referral=f"{PLACE}/referrals/{row.referral_id}" if row.referral_id else None,
            code=row.code,
            reason=Said(sv=said.sv, en=said.en) if said else None,
        )


def _rows(request: Request, said: Any) -> list[documents.Row]:
    """Every row as a referral, or why it is none: by the same body as a single one."""
    sheet = reading.heard(said)
    layout = Layout.of(sheet.header)
    score_of = request.app.state.home.repertoire.score
    return [_row(line, layout) for line in lines(sheet, layout, score_of)]


def _row(line: Line, layout: Layout) -> documents.Row:
    refusal = line.refusal
    if line.body is not None:
        try:
            return documents.Row.of(line.number, sent_of(NewReferral.model_validate(line.body)))
        except ValidationError as error:
            places = (layout.letter_of(each["loc"]) for each in error.errors())
            found = sorted({place for place in places if place})
            refusal = CellWrong("Write what the column holds.", columns=", ".join(found))
        except Refused as refused:
            where = layout.letter_of(VALUE) or ""
            refusal = type(refused)(refused.remedy, columns=where)
    return documents.Row(line.number, repr(line.texts), refusal=refusal)


@router.get("/booking-documents/template", summary="The spreadsheet to fill in", response_class=Response)
@party
async def read_template(
    home: PlayedAt, pathway: Annotated[list[Name], Query(min_length=1, max_length=5, description="Which pathways")]
) -> Response:
    """Mallen att fylla i. An XLSX with a column for each field of a referral, drop-downs, and an explanation."""

    def made() -> bytes:
        return template([home.repertoire.score(name) for name in dict.fromkeys(pathway)])

    headers = {"Content-Disposition": 'attachment; filename="bokningsdokument.xlsx"'}
    return Response(await asyncio.to_thread(made), media_type=XLSX, headers=headers)


@router.post(
    "/booking-documents",
    status_code=202,
    summary="Send a booking document",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (CSV, XLSX)},
        }
    },
)
@party
@takes(Files(LARGEST, frozenset(reading.READERS), reading.__name__, _rows))
async def receive_document(
    uow: Transaction,
    here: Service,
    home: PlayedAt,
    request: Request,
    response: Response,
    rows: Annotated[
        Rows, Query(description="`all`: nothing if a row is wrong as it comes in; `good`: the good ones")
    ] = Rows.ALL,
) -> DocumentView:
    """Skicka ett bokningsdokument; en rad som har blivit fel sedan det kom nekas ensam, fast `rows=all` är valt. CSV
    or XLSX of at most 5 MiB and 10,000 rows; 202 while its rows are received. All or nothing is what is wrong
    with the document as it comes in. Age, the pathway as it is published then, and whether the person is referred
    already are asked again as each row is received: it may be refused or a duplicate while the others come in. The
    same document again is answered with the first one (200); a row that was received before changes nothing.
    """
    assert uow.caller is not None
    found = cast(list[documents.Row], request.state.file)
    document, new = await documents.take_in(
        uow, home.repertoire, here.vault, uow.caller, found, good=rows is Rows.GOOD, key=here.secret
    )
    response.status_code = 202 if new else 200
    response.headers["Location"] = f"{here.settings.url}{PLACE}/booking-documents/{document.id}"
    return DocumentView.of(document)


@router.get("/booking-documents", summary="Your booking documents")
@party
async def list_documents(uow: Transaction, paging: Paged) -> Page[DocumentView]:
    """De bokningsdokument som din part har skickat. Newest first."""
    return await DocumentView.page(uow, uow.visible(select(Document), col(Document.id)), col(Document.id), paging)


@router.get("/booking-documents/{documentId}", summary="How far a document has come")
@party
async def read_document(uow: Transaction, document_id: DocumentId) -> DocumentView:
    """Hur långt dokumentet har kommit. With its version as ETag."""
    return DocumentView.of(await uow.get(Document, document_id))


@router.get("/booking-documents/{documentId}/rows", summary="What became of each row")
@party
async def list_rows(
    uow: Transaction,
    paging: Paged,
    document_id: DocumentId,
    status: Annotated[Became | None, Query(description="Only those")] = None,
) -> Page[RowView]:
    """Vad det blev av varje rad, med skäl på svenska och engelska. From the first row on."""
    document = await uow.get(Document, document_id)
    query: Any = select(DocumentRow).where(col(DocumentRow.document_id) == document.id)
    if status is not None:
        query = query.where(col(DocumentRow.status) == status)
    return await RowView.page(uow, query, col(DocumentRow.id), paging)
