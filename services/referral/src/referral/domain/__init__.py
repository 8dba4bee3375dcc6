"""The rules of referrals, cases, answers and roles; no session, no clock, no network."""

from .answers import Answer
from .cases import Case, PinnedScore
from .documents import Document, DocumentRow
from .referrals import Referral
from .roles import RoleHolding
from .table import Table

__all__ = ["Answer", "Case", "Document", "DocumentRow", "PinnedScore", "Referral", "RoleHolding", "Table"]
