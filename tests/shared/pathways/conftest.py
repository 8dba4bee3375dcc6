"""Scores to play: the deployed one for income support, and small ones written in a test."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.calendar import STOCKHOLM
from shared.pathways import Received, Score, resolve
from shared.pathways.fold import fold
from shared.pathways.simulate import Playing

DEPLOYED = Path(__file__).parents[3] / "deploy" / "pathways"
SCENARIOS = Path(__file__).parents[2] / "scenarios" / "pathways"

AREA = """
area: try
title: {sv: Prov, en: Trial}
organisation: home
parties: {social_services: {organisation: home}, labour_market_unit: {organisation: home}}
"""
HEAD = """
pathway: try/it
version: 1
title: {sv: Prov, en: Trial}
roles: {coach: {party: labour_market_unit}}
"""
ENTRY = """
entry:
  receiver: labour_market_unit
  asks: {want: [work, studies]}
  dates: [programme_end]
  doors: [{door: referral, by: [social_services], via: referral}]
"""


@pytest.fixture(scope="session")
def income_support() -> Score:
    return resolve(DEPLOYED, "bengtsfors/income-support")


@pytest.fixture(scope="session")
def with_waiver() -> Score:
    return resolve([SCENARIOS, DEPLOYED], "norrby/with-waiver")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a pathway, with an area of its own above which stands the deployed common ground."""

    def write(body: str, *, entry: str = ENTRY, area: str = AREA) -> Path:
        folder = tmp_path / "try"
        folder.mkdir(exist_ok=True)
        (folder / "area.yaml").write_text(area)
        (folder / "it.yaml").write_text(HEAD + entry + body)
        return tmp_path

    return write


@pytest.fixture
def scored(write: Callable[..., Path]) -> Callable[..., Score]:
    """The score of a small pathway, not asked for words in both languages."""

    def scored(body: str, *, entry: str = ENTRY) -> Score:
        return fold([write(body, entry=entry), DEPLOYED], "try/it").score

    return scored


@pytest.fixture
def began() -> Callable[..., Playing]:
    """Receives a referral on a Monday at nine, and answers what the entry asks."""

    def began(score: Score, **answers: str) -> Playing:
        start = datetime(2026, 3, 2, 9, tzinfo=STOCKHOLM)
        known = {"referrer": "social_services", "door": "referral", **answers}
        case = Playing.of(score, start, known, {"programme_end": start + timedelta(days=400)})
        case.hear(Received(start))
        return case

    return began
