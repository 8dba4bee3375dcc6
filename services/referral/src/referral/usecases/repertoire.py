"""The pathways this home publishes, and the pinned scores of its cases."""

from contextlib import suppress
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from referral.domain.cases import PinnedScore
from shared.errors import Invalid
from shared.pathways import PathwayError, Score, resolve
from shared.uow import UnitOfWork


class UnknownPathway(Invalid):
    """No such pathway is published here."""


class Repertoire:
    """Scores by name, read from the definitions at first use, and by hash, read from the database."""

    def __init__(self, directory: Path, organisation: str) -> None:
        self._directory = directory
        self._organisation = organisation
        self._named: dict[str, Score] = {}
        self._pinned: dict[str, Score] = {}
        self._changed: dict[str, int] = {}
        self._kept: set[str] = set()

    def score(self, name: str) -> Score:
        """The current version. Raises `UnknownPathway`, also for one that another organisation publishes."""
        if name not in self._named:
            try:
                self._named[name] = resolve(self._directory, name)
            except PathwayError as error:
                raise UnknownPathway("Ask the receiver for the name of its pathway.") from error
        score = self._named[name]
        if score.home != self._organisation:
            raise UnknownPathway("Send the referral to the organisation that publishes the pathway.")
        if name in self._changed:
            raise UnknownPathway("It was changed, and its publisher has yet to raise its version.", pathway=name)
        return score

    async def withdraw_changed(self, connection: AsyncConnection) -> dict[str, int]:
        """Those whose text is another than cases are pinned to under the same version; they are not published."""
        rows = await connection.execute(
            select(col(PinnedScore.name), col(PinnedScore.version), col(PinnedScore.sha256))
        )
        for name, version, sha256 in rows:
            with suppress(UnknownPathway):
                score = self.score(name)
                if score.version == version and score.sha256 != sha256:
                    self._changed[name] = version
        return dict(self._changed)

    async def pin(self, uow: UnitOfWork, score: Score) -> None:
        """Keeps the text under its hash, once. Raises `UnknownPathway` where this very version was another before."""
        if score.sha256 in self._kept:
            return
        same = select(col(PinnedScore.sha256)).where(
            col(PinnedScore.name) == score.name, col(PinnedScore.version) == score.version
        )
        if set(await uow.session.scalars(same)) - {score.sha256}:
            self._changed[score.name] = score.version
            self.score(score.name)
        row = {"sha256": score.sha256, "name": score.name, "version": score.version, "text": score.to_text()}
        await uow.session.execute(uow.insert(PinnedScore).values(row).on_conflict_do_nothing())
        uow.after_commit.append(lambda: self._kept.add(score.sha256))

    async def pinned(self, uow: UnitOfWork, sha256: str) -> Score:
        """The score a case is pinned to, whatever the definitions say today."""
        if sha256 not in self._pinned:
            text = await uow.session.scalar(select(col(PinnedScore.text)).where(col(PinnedScore.sha256) == sha256))
            if text is None:
                raise UnknownPathway("The score of this case is not in this database.", sha256=sha256)
            self._pinned[sha256] = Score.from_text(text)
        return self._pinned[sha256]
