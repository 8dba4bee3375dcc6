"""The rules of assessments and of activities. No session, no clock, no network: call them from a test as they are."""

from .activities import Activity
from .assessments import Assessment
from .tables import Table

__all__ = ["Activity", "Assessment", "Table"]
