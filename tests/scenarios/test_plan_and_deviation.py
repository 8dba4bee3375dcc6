"""Home and assessment together: each decides by its own rules, a plan that all sign, a deviation and its meeting."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from shared.testing.apps import FIVE, Platform
from shared.testing.assessment_plans import sign, sign_for, step, write

ROOT = Path(__file__).parents[2]
AREA = """
area: norrby
title: {sv: Norrby, en: Norrby}
organisation: norrby
parties:
  social_services: {organisation: norrby}
  labour_market_unit: {organisation: norrby}
  af: {organisation: agency}
"""
PATHWAY = """
pathway: norrby/planned
version: 1
title: {sv: Plan, en: Plan}
uses: [deviation]
settings: {plan_owner: coach}
roles: {coach: {party: labour_market_unit}, officer: {party: af}}
entry:
  receiver: labour_market_unit
  doors: [{door: referral, by: [social_services], via: referral}]
stages:
  - stage: decide
    tasks:
      - {decision: own-rules, by: coach, signed_by: [social_services, af], each_decides: true, authority: true,
         outcomes: [rehabilitation, not_rehabilitation]}
  - stage: plan
    tasks:
      - {plan: common-plan, by: coach, signed_by: [participant, coach, officer], contributions: {af: optional},
         finds: {load: [full, half]}, hours: 40}
  - stage: work
    tasks: [{activity: work, by: coach}]
endings: [{ending: finished, title: {sv: Slut, en: End}}]
words:
"""
NAMES = "coach officer referral decide own-rules rehabilitation not_rehabilitation plan common-plan load full half work"
CONTACT = {"givenName": "Alma", "familyName": "Almkvist", "phone": "070-1740601"}
WORDS = "".join(f"  {name}: {{sv: Ord, en: Word}}\n" for name in NAMES.split())


@dataclass(frozen=True)
class Asked:
    """What home asked for, by the id that its service knows it by."""

    play: UUID


@pytest.mark.parametrize("runs", [("assessment", "booking"), ("booking",)], ids=["own assessment", "hosted by home"])
async def test_a_plan_is_decided_signed_and_a_deviation_leads_to_a_meeting(tmp_path: Path, runs: tuple[str, ...]):
    """P03, P08 and P16: also where a party whose signature is wanted runs the service itself."""
    deploy = tmp_path / "deploy"
    shutil.copytree(ROOT / "deploy", deploy)
    (deploy / "pathways/norrby").mkdir()
    (deploy / "pathways/norrby/area.yaml").write_text(AREA)
    (deploy / "pathways/norrby/planned.yaml").write_text(PATHWAY + WORDS)
    async with Platform(tmp_path, deploy=deploy, organisations={"norrby": FIVE, "agency": runs}) as platform:
        for name in FIVE:
            await platform.start("norrby", name)
        for name in runs:
            await platform.start("agency", name)
        assessment = platform.apps["norrby", "assessment"]
        referral = platform.apps["norrby", "referral"]
        person = {"identity": {"type": "personnummer", "value": "199001012385"}, "contact": CONTACT}
        body = {"pathway": "norrby/planned", "door": "referral", "person": person}
        answer = await referral.as_party("social_services").post("/referrals", json=body)
        assert answer.status_code == 201
        case = answer.json()["caseId"]
        await platform.quiet()
        coach = assessment.as_party("labour_market_unit")
        social, officer = assessment.as_party("social_services"), assessment.as_party("af", organisation="agency")

        (decision,) = (await coach.get("/decisions")).json()["items"]
        assert (decision["eachDecides"], decision["signedBy"]) == (True, ["social_services", "af"])
        for client, outcome in ((social, "rehabilitation"), (officer, "not_rehabilitation")):
            signed = await client.post(f"/decisions/{decision['id']}/signatures", json={"outcome": outcome})
            assert signed.status_code == 201
        made = await coach.post(f"/decisions/{decision['id']}/makings", json={"outcome": "rehabilitation"})
        assert made.status_code == 201
        await platform.quiet()

        (plan,) = (await coach.get("/plans")).json()["items"]
        assert (plan["signedBy"], plan["hours"]) == (["participant", "labour_market_unit", "af"], 40)
        asked = Asked(UUID(plan["id"]))
        await write(coach, asked, step("practice", 40), findings={"load": "full"})
        assert (await sign(officer, asked)).status_code == 201
        assert (await sign(coach, asked)).status_code == 201
        assert (await sign_for(coach, asked)).json()["status"] == "agreed"
        await platform.quiet()
        assert ("activity.requested", "work") in [(e.fact, e.said.get("task")) for e in await referral.told()]

        reported = await officer.post("/deviations", json={"caseId": case, "reason": "absence"})
        assert reported.status_code == 201
        await platform.quiet()
        assert ("meeting.requested", "deviation-meeting") in [
            (e.fact, e.said.get("task")) for e in await referral.told()
        ]
        for app in platform.apps.values():
            assert await app.parked() == []
