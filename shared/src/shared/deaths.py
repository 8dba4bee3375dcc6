"""Tells whoever sent an event that it has died here: apart from its parking, which nothing may hinder."""

import logging

from sqlalchemy import select, update

from .db import Database, is_away
from .notices import Fate, tell
from .parties import Parties
from .tables import parked

log = logging.getLogger(__name__)

UNTOLD = select(parked.c.seq).where(parked.c.untold).order_by(parked.c.seq).limit(100)


async def tell_deaths(database: Database, parties: Parties) -> None:
    """Each in a transaction of its own, and once: whoever takes the mark away tells."""
    async with database.reading() as connection:
        letters = (await connection.scalars(UNTOLD)).all()
    for seq in letters:
        mine = update(parked).where(parked.c.seq == seq, parked.c.untold).values(untold=False).returning(parked)
        try:
            async with database.transaction() as uow:
                letter = (await uow.session.execute(mine)).one_or_none()
                if letter is not None:
                    await tell(uow, parties, Fate.DIED, letter)
        except Exception as error:
            if is_away(error):
                raise
            log.error("nobody hears that dead letter %s died: %s", seq, type(error).__name__)
