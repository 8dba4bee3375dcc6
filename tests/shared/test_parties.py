"""Organisations as deployed: who serves whom, who may tell what, who is believed."""

from pathlib import Path

import pytest

from shared.parties import NotServed, Parties, PartiesWrong, UnknownOrganisation

DEPLOYED = Path(__file__).parents[2] / "deploy" / "parties"
SERVICES = "referral: [referral.*, '*.requested']\nbooking: [meeting.*]\n"
MINIMAL = "title: {sv: A, en: A}\n"


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in {"services": SERVICES, **files}.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def deployed() -> Parties:
    return Parties.load(DEPLOYED)


def test_the_shipped_organisations_run_what_they_say(deployed: Parties):
    assert deployed["bengtsfors"].own == ("referral", "assessment", "booking", "consent", "reporting")
    assert deployed["af"].own == ("assessment", "booking")
    assert deployed["bengtsfors"].urls["booking"] == "http://127.0.0.1:8103"


@pytest.mark.parametrize(
    ("asked", "service", "serving"),
    [("af", "booking", "af"), ("af", "consent", "bengtsfors"), ("bengtsfors", "booking", "bengtsfors")],
)
def test_own_serves_itself_and_home_serves_the_rest(deployed: Parties, asked: str, service: str, serving: str):
    assert deployed.serving(asked, service, home="bengtsfors") == serving


def test_a_host_serves_whatever_the_home(tmp_path: Path):
    parties = Parties.load(
        folder(
            tmp_path,
            small=MINIMAL + "services: {booking: {hosted_by: big}}",
            big=MINIMAL + "services: {booking: own}",
            home=MINIMAL + "services: {booking: own}",
        )
    )
    assert parties.serving("small", "booking", home="home") == "big"


def test_nobody_serves_what_home_does_not_run(deployed: Parties):
    with pytest.raises(NotServed) as refusal:
        deployed.serving("bengtsfors", "kitchen", home="af")
    assert refusal.value.facts == {"organisation": "af", "service": "kitchen"}


def test_an_unknown_organisation_is_not_echoed(deployed: Parties):
    with pytest.raises(UnknownOrganisation) as refusal:
        deployed.serving("189001019802", "booking", home="bengtsfors")
    assert "189001019802" not in f"{refusal.value}{refusal.value.facts}"
    assert "Known here: af, bengtsfors, " in str(refusal.value)


@pytest.mark.parametrize(
    ("user", "source", "type_"),
    [
        ("af.booking", "/af/booking", "se.samspar.meeting.booked.v1"),
        ("af.booking", "/af/booking", "se.samspar.interpreter.requested.v1"),
        ("bengtsfors.referral", "/bengtsfors/referral", "se.samspar.meeting.requested.v2"),
        ("bengtsfors.referral", "/bengtsfors/referral", "se.samspar.activity.recalled.v1"),
        ("bengtsfors.assessment", "/bengtsfors/assessment", "se.samspar.deviation.reported.v1"),
    ],
)
def test_a_service_tells_its_own_things(deployed: Parties, user: str, source: str, type_: str):
    assert deployed.may_tell(user, source, type_)


@pytest.mark.parametrize(
    ("user", "source", "type_"),
    [
        ("af.booking", "/bengtsfors/booking", "se.samspar.meeting.booked.v1"),
        ("bengtsfors.referral", "/bengtsfors/booking", "se.samspar.meeting.booked.v1"),
        ("af.booking", "/af/booking", "se.samspar.case.opened.v1"),
        ("af.booking", "/af/booking", "se.samspar.meeting.requested.v1"),
        ("af.booking", "/af/booking", "se.samspar.meeting.recalled.v1"),
        ("af.consent", "/af/consent", "se.samspar.consent.granted.v1"),
        ("x.booking", "/x/booking", "se.samspar.meeting.booked.v1"),
        ("af.booking", "af/booking", "se.samspar.meeting.booked.v1"),
        ("af.booking", "x/af/booking", "se.samspar.meeting.booked.v1"),
        ("af.booking", "/af/booking/x", "se.samspar.meeting.booked.v1"),
        ("af.booking", "/af/booking", "se.samspar.meeting.booked.v0"),
        ("af.booking", "/af/booking", "se.samspar.meeting.booked.v1\n"),
        ("af.booking", "/af/booking", "meeting.booked"),
        ("", "", ""),
    ],
)
def test_nobody_tells_what_is_anothers(deployed: Parties, user: str, source: str, type_: str):
    assert not deployed.may_tell(user, source, type_)


def test_a_broker_user_may_have_a_name_of_its_own(tmp_path: Path):
    a = MINIMAL + "services: {booking: own}\nbroker_users: {booking: legacy-7}"
    parties = Parties.load(folder(tmp_path, town=a))
    assert parties.may_tell("legacy-7", "/town/booking", "se.samspar.meeting.held.v1")
    assert not parties.may_tell("town.booking", "/town/booking", "se.samspar.meeting.held.v1")


def test_an_issuer_speaks_for_those_whose_files_name_it(tmp_path: Path):
    shared_issuer = "issuers: [{issuer: https://login.example, keys: keys/both.json}]"
    own_issuer = "issuers: [{issuer: https://own.example, keys: 'https://own.example/jwks'}]"
    parties = Parties.load(
        folder(tmp_path, aa=MINIMAL + shared_issuer, bb=MINIMAL + shared_issuer, cc=MINIMAL + own_issuer)
    )
    issuers = parties.issuers()
    assert issuers["https://login.example"].organisations == {"aa", "bb"}
    assert issuers["https://login.example"].keys == tmp_path / "keys" / "both.json"
    assert issuers["https://own.example"].organisations == {"cc"}
    assert issuers["https://own.example"].keys == "https://own.example/jwks"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("services: {kitchen: own}", "services.kitchen"),
        ("services: {booking: mine}", "services.booking"),
        ("services: {booking: {hosted_by: nobody}}", "services.booking.hosted_by"),
        ("urls: {booking: 'http://127.0.0.1:1'}", "(whole file)"),
        ("services: {booking: own}\nurls: {booking: 'ftp://x'}", "urls.booking"),
        ("services: {booking: own}\nurls: {booking: 'http://user@x'}", "urls.booking"),
        ("services: {booking: own}\nurls: {booking: 'http://booking.example'}", "urls.booking"),
        ("services: {booking: own}\nurls: {booking: 'http://localhost.example:80'}", "urls.booking"),
        ("broker_users: {booking: x}", "(whole file)"),
        ("forwards_to: {nobody: exchange}", "forwards_to.nobody"),
        ("forwards_to: {town: exchange}", "(whole file)"),
        ("forwards_to: {other: pigeon}", "forwards_to.other"),
        ("issuers: [{issuer: a}]", "issuers.0.keys"),
        ("issuers: [{issuer: a, keys: 'http://login.example/jwks'}]", "issuers.keys"),
        ("issuers: [{issuer: a, keys: 'http://127.0.0.1:x@login.example/jwks'}]", "issuers.keys"),
        ("issuers: [{issuer: shared, keys: mine.json}]", "issuers"),
        ("colour: red", "colour"),
        ("- a list", "(whole file)"),
        ("a: [", "(whole file)"),
    ],
)
def test_a_wrong_file_is_named_with_its_field(tmp_path: Path, text: str, field: str):
    other = MINIMAL + "issuers: [{issuer: shared, keys: other.json}]"
    whole = text if text.startswith(("-", "a:")) else MINIMAL + text
    with pytest.raises(PartiesWrong) as refusal:
        Parties.load(folder(tmp_path, other=other, town=whole))
    assert refusal.value.facts["file"] == "town.yaml"
    assert str(refusal.value.facts["field"]).startswith(field)


def test_an_organisation_is_a_plain_word(tmp_path: Path):
    with pytest.raises(PartiesWrong):
        Parties.load(folder(tmp_path, **{"To.wn": MINIMAL}))


def test_a_folder_without_services_is_refused(tmp_path: Path):
    with pytest.raises(PartiesWrong):
        Parties.load(tmp_path)
