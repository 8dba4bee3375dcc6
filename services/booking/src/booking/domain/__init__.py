"""The rules of meetings, their interpreters, and agendas. No session, no clock, no network: call them as they are."""

from .agendas import AgendaItem
from .interpreters import Order
from .meetings import Meeting
from .tables import Table

__all__ = ["AgendaItem", "Meeting", "Order", "Table"]
