"""The faults themselves: one function a kind, which breaks something, waits, and mends what an operator would."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bench.deployed import ORGANISATION
from bench.ground import SERVICES, listener
from shared import topology
from shared.broker.protocol import BrokerAway, queue_of
from shared.installed import bindings
from shared.parties import Parties
from shared.testing.servers import Postgres, RabbitMQ, ServerFailed

from .plan import BROKER, KILLED, Fault, Kind
from .proxy import Way
from .stage import Stage

WAYS = {"both ways": Way.BOTH, "to the server": Way.UP, "from the server": Way.DOWN}
LIMITS = {
    "memory": (("set_vm_memory_high_watermark", "0.000001"), ("set_vm_memory_high_watermark", "0.4")),
    "disk": (("set_disk_free_limit", "100TB"), ("set_disk_free_limit", "50MB")),
}
PATIENCE = 30.0


class Striker:
    """Carries out faults; those on one victim one after the other, all others at the same time."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.lost_with_queues = 0
        self.lasting = 0
        self._victims: dict[str, asyncio.Lock] = {}

    async def strike(self, fault: Fault) -> None:
        """From its beginning until it is mended."""
        self.lasting += 1
        try:
            async with self._victims.setdefault(fault.on, asyncio.Lock()):
                await STRIKES[fault.kind](self, fault)
        finally:
            self.lasting -= 1

    def server(self, name: str) -> Postgres | RabbitMQ:
        ground = self.stage.ground
        return ground.rabbitmq if name == BROKER else ground.postgres

    async def kill(self, fault: Fault) -> None:
        if process := self.stage.processes.get(fault.on):
            process.may_start.clear()
            process.signal(signal.SIGKILL)
            await asyncio.sleep(fault.seconds)
            process.may_start.set()
            return
        server = self.server(fault.on)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(fault.seconds)
        await asyncio.to_thread(server.start)

    async def stop_at_once(self, fault: Fault) -> None:
        """SIGQUIT, which is what `pg_ctl stop -m immediate` sends."""
        await self._end_postmaster(signal.SIGQUIT, fault.seconds)

    async def kill_postmaster(self, fault: Fault) -> None:
        """Its backends notice by and by, and go on with what they do until then."""
        await self._end_postmaster(signal.SIGKILL, fault.seconds)

    async def _end_postmaster(self, number: signal.Signals, seconds: float) -> None:
        postgres = self.stage.ground.postgres
        os.kill(await asyncio.to_thread(listener, postgres.port), number)
        async with asyncio.timeout(PATIENCE):
            while postgres.running:  # noqa: ASYNC110 -- what is waited for is another process
                await asyncio.sleep(0.05)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(postgres.start)

    async def freeze(self, fault: Fault) -> None:
        if process := self.stage.processes.get(fault.on):
            process.signal(signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
            process.signal(signal.SIGCONT)
            return
        server = self.server(fault.on)
        await asyncio.to_thread(server.pause)
        await asyncio.sleep(fault.seconds)
        await asyncio.to_thread(server.resume)

    async def twin(self, fault: Fault) -> None:
        """A second process takes over from the first, which starts anew or wakes up; then the second is killed."""
        first, second = self.stage.processes[fault.on], self.stage.twin(fault.on)
        kept = asyncio.create_task(second.keep_up())
        try:
            await self._listens(int(second.told["SAMSPAR_PORT"]))
            first.signal(signal.SIGKILL if fault.how == KILLED else signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
            first.signal(signal.SIGCONT)
            second.signal(signal.SIGKILL)
        finally:
            kept.cancel()
            await asyncio.gather(kept, return_exceptions=True)

    async def _listens(self, port: int) -> None:
        """Or has not within half a minute: then nobody takes over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        _, writer = await asyncio.open_connection("127.0.0.1", port)
                    except OSError:
                        await asyncio.sleep(0.1)
                        continue
                    writer.close()
                    return

    async def terminate(self, fault: Fault) -> None:
        """All its sessions at once, by the server, which stays."""
        database = self.stage.deployment.databases[fault.on].rpartition("/")[2]
        query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
        with suppress(ServerFailed):  # the server is down for another fault, and its sessions with it
            await asyncio.to_thread(self.stage.ground.postgres.run, query)

    async def cut(self, fault: Fault) -> None:
        """One service alone is without that server, while the others go on and send to it."""
        self.stage.proxies[fault.on].close_off()
        await asyncio.sleep(fault.seconds)
        self.stage.proxies[fault.on].open_up()

    async def half_open(self, fault: Fault) -> None:
        self.stage.proxies[fault.on].half_open(WAYS[fault.how])
        await asyncio.sleep(fault.seconds)
        self.stage.proxies[fault.on].heal()

    async def stall(self, fault: Fault) -> None:
        self.stage.proxies[fault.on].hold()
        await asyncio.sleep(fault.seconds)
        self.stage.proxies[fault.on].go_on()

    async def slow(self, fault: Fault) -> None:
        self.stage.proxies[fault.on].slow(float(fault.how))
        await asyncio.sleep(fault.seconds)
        self.stage.proxies[fault.on].go_on()

    async def late(self, fault: Fault) -> None:
        self.stage.proxies[fault.on].delay_commits(float(fault.how))
        await asyncio.sleep(fault.seconds)
        self.stage.proxies[fault.on].delay_commits(0)

    async def alarm(self, fault: Fault) -> None:
        """The broker stops reading from whoever publishes."""
        broker = self.stage.ground.rabbitmq
        on, off = LIMITS[fault.how]
        await asyncio.to_thread(broker.control, *on)
        await asyncio.sleep(fault.seconds)
        await asyncio.to_thread(broker.control, *off)

    async def jump(self, fault: Fault) -> None:
        self.stage.set_clock(fault.on, float(fault.how))
        await asyncio.sleep(fault.seconds)
        self.stage.set_clock(fault.on, 0)

    async def delete_queue(self, fault: Fault) -> None:
        """With all that is in it; the operator makes it again, empty."""
        broker, deployment = self.stage.ground.rabbitmq, self.stage.deployment
        path = f"/queues/{ORGANISATION}/{queue_of(ORGANISATION, fault.how)}"
        queue = await asyncio.to_thread(broker.manage, "GET", path)
        self.lost_with_queues += queue.get("messages", 0)
        await asyncio.to_thread(broker.manage, "DELETE", path)
        await asyncio.sleep(fault.seconds)
        wanted = topology.of_parties(
            Parties.load(deployment.directory / "parties"), {name: bindings(name) for name in SERVICES}
        )
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await topology.apply(deployment.broker, wanted)
                    return
                except BrokerAway:
                    await asyncio.sleep(1)


STRIKES: dict[Kind, Callable[[Striker, Fault], Awaitable[None]]] = {
    Kind.KILL: Striker.kill,
    Kind.IMMEDIATE: Striker.stop_at_once,
    Kind.POSTMASTER: Striker.kill_postmaster,
    Kind.FREEZE: Striker.freeze,
    Kind.TWIN: Striker.twin,
    Kind.TERMINATE: Striker.terminate,
    Kind.CUT: Striker.cut,
    Kind.HALF_OPEN: Striker.half_open,
    Kind.STALL: Striker.stall,
    Kind.SLOW: Striker.slow,
    Kind.LATE: Striker.late,
    Kind.ALARM: Striker.alarm,
    Kind.CLOCK: Striker.jump,
    Kind.DELETE_QUEUE: Striker.delete_queue,
}
