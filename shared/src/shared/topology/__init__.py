"""The topology: exchanges, queues, bindings and users of all organisations, made and checked by an administrator."""

from .apply import apply
from .check import check
from .plan import TopologyWrong, of_parties

__all__ = ["TopologyWrong", "apply", "check", "of_parties"]
