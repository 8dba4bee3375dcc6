"""The inbox: each event is handled once, in the order of its stream, and what fails blocks its case, not the queue."""

from .admission import Admission, Delivery, NewerContract, NotYours, OtherContent
from .consume import Inbox

__all__ = ["Admission", "Delivery", "Inbox", "NewerContract", "NotYours", "OtherContent"]
