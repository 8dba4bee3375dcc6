"""The rules of referrals, cases and answers; no session, no clock, no network."""

from .answers import Answer
from .cases import Case, PinnedScore
from .referrals import Referral
from .table import Table

__all__ = ["Answer", "Case", "PinnedScore", "Referral", "Table"]
