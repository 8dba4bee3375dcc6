"""What home tells an addressee of interpreters and standing groups, and who gets a part by it."""

from pathlib import Path
from typing import Any

import pytest

from referral.domain import Case
from referral.usecases.telling import Teller
from shared.ids import uuid7
from shared.parties import Parties
from shared.pathways import CaseFile, Received, Score, Told, play, resolve
from shared.tasks import Participant, TaskRequest
from shared.testing.asking import MONDAY

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture(scope="module")
def adults() -> Score:
    return resolve(DEPLOY / "pathways", "trollhattan/adults")


def asked(score: Score) -> TaskRequest:
    """The meeting that home asks for when the waiver is given."""
    case = uuid7()
    known = {"referrer": "social_services", "door": "booking_document"}
    _, file = play(score, CaseFile.start(case=case, received=MONDAY, attributes=known), Received(MONDAY))
    granted = Told(at=MONDAY, play=file.askings[0].play, moment="granted")
    decisions, file = play(score, file, granted)
    ids: dict[str, Any] = {"id": case, "case_id": case, "referral_id": uuid7(), "person_id": uuid7()}
    pinned: dict[str, Any] = {"pathway": score.name, "pathway_version": score.version, "sha256": score.sha256}
    row = Case(**ids, **pinned, home=score.home, file=file.to_text(), changed_at=MONDAY)
    teller = Teller(row, score, file, Parties.load(DEPLOY / "parties"))
    (told,) = [each for each in map(teller.event, decisions) if isinstance(each, TaskRequest)]
    return told


def test_the_addressee_hears_who_orders_of_whom_and_until_when(adults: Score):
    told = asked(adults).interpreters
    assert told is not None
    assert told.model_dump(by_alias=True) == {
        "orderedBy": "social_services",
        "providers": [
            {"party": "interpreter_agency", "organisation": "tolkbyran", "acts": False},
            {"party": "second_interpreter_agency", "organisation": "sprakbron", "acts": False},
        ],
        "lead": "2 working days",
        "answerWithin": "4 hours on working days",
    }


def test_who_orders_takes_part_and_acts_though_it_has_no_seat(adults: Score):
    ordered = adults.model_copy(
        update={
            "interpreter": "school_officer",
            "roles": adults.roles | {"school_officer": adults.roles["coach"].model_copy(update={"party": "school"})},
        }
    )
    told = asked(ordered)
    assert Participant(party="school", organisation="trollhattan", acts=True) in told.participants
    assert not {"interpreter_agency", "second_interpreter_agency"} & {each.party for each in told.participants}
    assert told.audience("trollhattan") == {"trollhattan"}


def test_without_providers_nobody_orders(adults: Score):
    told = asked(adults.model_copy(update={"interpreters": type(adults.interpreters)()}))
    assert (told.interpreters, "interpreters" in told.body().decode()) == (None, False)
