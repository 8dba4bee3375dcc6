"""What one running service consists of."""

from dataclasses import dataclass

from .broker.protocol import Broker
from .clock import Clock
from .db import Database
from .flow import Flow
from .forwarder import Forwarding
from .inbox import Inbox
from .parking import Parking
from .parties import Parties
from .partners import Partners
from .relay import Relay
from .retries import Retries
from .settings import Settings
from .subscriptions import Subscriptions
from .timers import TimerLoop
from .tokens import Verifier
from .vault import Vault
from .whoami import Whoami


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
    vault: Vault
    subscriptions: Subscriptions
    parking: Parking
    retries: Retries
    inbox: Inbox
    relay: Relay
    forwarding: Forwarding
    timers: TimerLoop
    secret: bytes
