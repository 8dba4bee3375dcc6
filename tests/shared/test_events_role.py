"""Two roles a service: what inbox, relay and timers log in as can carry a case, and cannot read who the person is."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from shared.engines import open_engine
from shared.migrate import migrate
from shared.testing.apps import FIVE, Platform

DEPLOY = Path(__file__).parents[2] / "deploy"
VAULT = ("vault", "vault_key", "vault_index")
BODY = {
    "pathway": "bengtsfors/income-support",
    "door": "application",
    "attests": ["entitled_to_income_support", "no_other_activity"],
    "person": {
        "identity": {"type": "personnummer", "value": "199001012385"},
        "contact": {"givenName": "Alma", "familyName": "Almkvist"},
    },
}


async def limited(url: str) -> str:
    """The same database for a role that has every table but the vault's."""
    engine = open_engine(url)
    await migrate(engine, "referral")
    async with engine.begin() as owner:
        role = f"events_{urlsplit(url).path.strip('/')}"
        await owner.execute(text(f'CREATE ROLE "{role}" LOGIN'))
        await owner.execute(text(f'GRANT ALL ON ALL TABLES IN SCHEMA public TO "{role}"'))
        await owner.execute(text(f'GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "{role}"'))
        await owner.execute(text(f'REVOKE ALL ON {", ".join(VAULT)} FROM "{role}"'))
    await engine.dispose()
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}@{parts.hostname}:{parts.port}"))


async def test_the_events_role_carries_a_case_without_the_vault(tmp_path: Path, database_url: str) -> None:
    role = await limited(database_url)
    organisations = {"bengtsfors": FIVE, "af": ()}
    async with Platform(tmp_path, deploy=DEPLOY, organisations=organisations) as platform:
        referral = await platform.start(
            "bengtsfors",
            "referral",
            database_url=SecretStr(database_url),
            events_database_url=SecretStr(role),
        )
        answer = await referral.as_party("social_services").post("/referrals", json=BODY)
        assert answer.status_code == 201, answer.text
        await platform.quiet()
        assert [fact.fact for fact in await referral.told()][-1] == "meeting.requested"
        assert await referral.parked() == []


async def test_the_vault_is_closed_to_it(new_database: Callable[[], str]) -> None:
    engine = open_engine(await limited(new_database()))
    async with engine.connect() as connection:
        for table in VAULT:
            with pytest.raises(ProgrammingError):
                await connection.execute(text(f"SELECT count(*) FROM {table}"))
            await connection.rollback()
    await engine.dispose()
