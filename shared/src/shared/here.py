"""What one running service consists of."""

from dataclasses import dataclass

from .broker.protocol import Broker
from .clock import Clock
from .db import Database
from .errors import Fault, Refused
from .flow import Flow
from .forwarder import Forwarding
from .inbox import Inbox
from .parking import Parking
from .parties import Parties
from .partners import Partners
from .reconciling import Reconciler
from .relay import Relay
from .retries import Retries
from .settings import Settings
from .subscriptions import Subscriptions
from .timers import TimerLoop
from .tokens import Verifier
from .vault import Vault
from .whoami import Whoami


class NoVault(Refused):
    """This service keeps nobody's person data."""

    status = 500
    fault = Fault.PLATFORM


@dataclass(frozen=True)
class Here:
    """The parts of one service, wired once at start."""

    settings: Settings
    whoami: Whoami
    clock: Clock
    database: Database
    events: Database
    broker: Broker
    flow: Flow
    parties: Parties
    partners: Partners
    verifier: Verifier
    persons: Vault | None
    subscriptions: Subscriptions
    parking: Parking
    retries: Retries
    inbox: Inbox
    relay: Relay
    forwarding: Forwarding
    timers: TimerLoop
    reconciler: Reconciler
    secret: bytes

    @property
    def vault(self) -> Vault:
        """Raises `NoVault` in a service whose settings do not say that it keeps persons."""
        if self.persons is None:
            raise NoVault("Say `persons = True` in its settings.")
        return self.persons
