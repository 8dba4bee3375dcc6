"""What carries messages: one Protocol, RabbitMQ for real use and an in-process bus for the embedded default."""

from .connect import connect

__all__ = ["connect"]
