"""The rules of what assessment is asked for. No session, no clock, no network: call them from a test as they are."""

from .activities import Activity
from .assessments import Assessment
from .decisions import Decision
from .deviations import Deviation
from .plans import Plan
from .tables import Table

__all__ = ["Activity", "Assessment", "Decision", "Deviation", "Plan", "Table"]
