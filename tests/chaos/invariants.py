"""What must hold after any faults, asked of all databases: each function is one promise, and answers its breaches."""

from collections.abc import Awaitable, Callable
from hashlib import sha256

from bench.deployed import ORGANISATION
from bench.ground import SERVICES
from shared.rights import Task

from .found import Found, Hearing, said
from .load import CANARIES

Breaches = list[str]
RIGHTS = [int(Task.RELAY), int(Task.CONSUME)]
LOG = "SELECT id, stream, sequence, type, body, position FROM event ORDER BY seq"
HEARD = """
SELECT s.name AS source, i.id, i.hash, pg_xact_commit_timestamp(i.xmin) AS committed
FROM inbox i JOIN source s ON s.number = i.source
"""


async def no_loss(found: Found) -> Breaches:
    """I1: each event has a position, and its key in the inbox of every service that hears its type."""
    breaches: Breaches = []
    hearing = Hearing()
    told: dict[str, set[tuple[str, str]]] = {name: set() for name in SERVICES}
    for teller in SERVICES:
        log = await found.rows(teller, LOG)
        breaches += said(f"{teller} did not send", [(e["type"], e["id"]) for e in log if e["position"] is None])
        for event in log:
            for hearer in hearing.of(event["type"]):
                told[hearer].add((f"/{ORGANISATION}/{teller}", event["id"]))
    for hearer in SERVICES:
        heard = {(row["source"], row["id"]) for row in await found.rows(hearer, HEARD)}
        breaches += said(f"{hearer} did not hear", sorted(told[hearer] - heard))
    return breaches


async def no_phantom(found: Found) -> Breaches:
    """I2: each key in an inbox is that of an event which was told to it, with the same content."""
    breaches: Breaches = []
    hearing = Hearing()
    hashes: dict[str, dict[tuple[str, str], bytes]] = {name: {} for name in SERVICES}
    for teller in SERVICES:
        for event in await found.rows(teller, LOG):
            content = sha256(f"{event['type']}\n{event['stream']}\n".encode() + event["body"]).digest()
            for hearer in hearing.of(event["type"]):
                hashes[hearer][f"/{ORGANISATION}/{teller}", event["id"]] = content
    for hearer in SERVICES:
        ghosts = [
            (row["source"], row["id"])
            for row in await found.rows(hearer, HEARD)
            if hashes[hearer].get((row["source"], row["id"])) != row["hash"]
        ]
        breaches += said(f"{hearer} heard what nobody told", ghosts)
    return breaches


async def one_effect(found: Found) -> Breaches:
    """I3: whatever was sent twice is there once: rows by their counter `version`, facts by their number."""
    wanted = found.referrals
    breaches = [
        f"{count} rows in {table} of {service}, not {wanted}"
        for service, table in (
            ("referral", "referral"), ("referral", '"case"'), ("consent", "basis"),
            ("booking", "meeting"), ("assessment", "assessment"), ("reporting", "casesummary"),
        )
        if (count := await found.value(service, f"SELECT count(*) FROM {table}")) != wanted
    ]  # fmt: skip
    odd = "SELECT id, version FROM referral WHERE version <> 3"
    breaches += said("a referral was opened and ended more or less than once", await found.rows("referral", odd))
    odd = "SELECT id, version FROM casesummary WHERE version <> 3"
    breaches += said("reporting heard more or less than one begin and end", await found.rows("reporting", odd))
    odd = "SELECT case_id, task, version, state FROM deadline WHERE version <> 2 OR state <> 'held'"
    breaches += said("a deadline was held more or less than once", await found.rows("reporting", odd))
    once = """
        SELECT case_id, type, count(*) FROM event GROUP BY case_id, type
        HAVING count(*) <> CASE WHEN type LIKE '%deadline.met%' THEN 4 ELSE 1 END AND type NOT LIKE '%meeting.booked%'
    """
    for service in SERVICES:
        breaches += said(f"{service} told a fact of a case too often or too seldom", await found.rows(service, once))
    return breaches


async def atomicity(found: Found) -> Breaches:
    """I4: rows and events moved together, and the number of a stream is that of its last event, without a gap."""
    breaches: Breaches = []
    gaps = """
        SELECT s.id, s.sequence, count(e.seq), max(e.sequence) FROM stream s LEFT JOIN event e ON e.stream = s.id
        GROUP BY s.id HAVING s.sequence <> count(e.seq) OR s.sequence <> coalesce(max(e.sequence), 0)
    """
    for service in SERVICES:
        breaches += said(f"{service}: a stream's number is not that of its events", await found.rows(service, gaps))
    meetings = """
        SELECT m.id, m.version, m.sequence, count(e.*) FROM meeting m LEFT JOIN event e ON e.case_id = m.case_id
        GROUP BY m.id HAVING m.version <> 1 + count(e.*) OR m.sequence <> count(e.*) - 2
    """
    breaches += said("a meeting is not what its events say", await found.rows("booking", meetings))
    bases = """
        SELECT b.id, b.version, count(e.*) FROM basis b LEFT JOIN event e ON e.case_id = b.case_id
        GROUP BY b.id HAVING b.version <> 1 + count(e.*)
    """
    breaches += said("a consent is not what its events say", await found.rows("consent", bases))
    assessments = bases.replace("basis", "assessment")
    breaches += said("an assessment is not what its events say", await found.rows("assessment", assessments))
    return breaches


async def order(found: Found) -> Breaches:
    """I5: within a stream, positions and the commits of each recipient follow the order in which it was told."""
    breaches: Breaches = []
    heard = {
        name: {(row["source"], row["id"]): row["committed"] for row in await found.rows(name, HEARD)}
        for name in SERVICES
    }
    hearing = Hearing()
    for teller in SERVICES:
        sent: dict[str, int] = {}
        taken: dict[tuple[str, str], object] = {}
        wrong: list[tuple[str, ...]] = []
        log = await found.rows(teller, LOG.replace("ORDER BY seq", "ORDER BY stream, sequence"))
        for event in log:
            stream, position = event["stream"], event["position"] or 0
            if position < sent.get(stream, 0):
                wrong.append(("sent", event["type"], event["id"]))
            sent[stream] = position
            for hearer in hearing.of(event["type"]):
                at = heard[hearer].get((f"/{ORGANISATION}/{teller}", event["id"]))
                before = taken.get((hearer, stream))
                if at is not None and before is not None and at < before:
                    wrong.append((hearer, event["type"], event["id"]))
                taken[hearer, stream] = at or before
        breaches += said(f"what {teller} told overtook what it told before", wrong)
    return breaches


async def termination(found: Found) -> Breaches:
    """I6: each case came to its end, nothing is parked, no timer is due."""
    breaches: Breaches = []
    ends = {
        ("referral", '"case"'): "closed_at IS NULL OR ending <> 'done'",
        ("referral", "referral"): "status <> 'ended' OR ending <> 'done'",
        ("consent", "basis"): "status <> 'granted'",
        ("booking", "meeting"): "status <> 'held'",
        ("assessment", "assessment"): "status <> 'completed'",
        ("reporting", "casesummary"): "opened_at IS NULL OR closed_at IS NULL OR ending <> 'done'",
    }
    for (service, table), unended in ends.items():
        rows = await found.rows(service, f"SELECT id FROM {table} WHERE {unended}")
        breaches += said(f"{table} of {service} has not come to its end", rows)
    for service in SERVICES:
        parked = "SELECT state, type, last_error FROM parked ORDER BY seq"
        breaches += said(f"{service} has parked events", await found.rows(service, parked))
        overdue = "SELECT kind, key, due FROM timer WHERE due < now() + make_interval(secs => $1)"
        shift = found.stage.shift.total_seconds()
        breaches += said(f"{service} has timers that did not go off", await found.rows(service, overdue, shift))
    return breaches


async def consent_respected(found: Found) -> Breaches:
    """I10: no receipt cites a permit numbered after the withdrawal."""
    ended = {
        row["id"]: row["ended_number"]
        for row in await found.rows("consent", "SELECT id, ended_number FROM basis WHERE ended_number IS NOT NULL")
    }
    breaches: Breaches = []
    for service in SERVICES:
        receipts = await found.rows(service, "SELECT release_id, basis, permit FROM receipt WHERE NOT void")
        late = [row for row in receipts if row["basis"] in ended and row["permit"] > ended[row["basis"]]]
        breaches += said(f"{service} released after the withdrawal", late)
    return breaches


async def privacy(found: Found) -> Breaches:
    """I11: nothing of a person stands in an event, in what is parked, or in a log."""
    breaches: Breaches = []
    for service in SERVICES:
        for canary in CANARIES:
            bodies = """
                SELECT 'event', id::text FROM event WHERE position($1 IN convert_from(body, 'UTF8')) > 0
                UNION ALL SELECT 'parked', seq::text FROM parked WHERE position($1 IN convert_from(body, 'UTF8')) > 0
                UNION ALL SELECT 'parked', seq::text FROM parked
                WHERE position($1 IN concat(first_error, last_error)) > 0
            """
            breaches += said(f"{service} tells of a person", await found.rows(service, bodies, canary))
    for log in found.logs:
        written = log.read_text(errors="replace")
        breaches += [f"{log.name} holds something of a person" for canary in CANARIES if canary in written]
    return breaches


async def one_relay(found: Found) -> Breaches:
    """I13: positions are those of one relay: from 1, without a gap; and one session holds the right to give them."""
    breaches: Breaches = []
    for service in SERVICES:
        dense = "SELECT count(position), max(position) FROM event HAVING count(position) <> max(position)"
        breaches += said(f"{service}: positions have gaps", await found.rows(service, dense))
        rights = """
            SELECT objid::bigint AS task, count(*) FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid::bigint = ANY($1)
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY objid
        """
        held = {row["task"]: row["count"] for row in await found.rows(service, rights, RIGHTS)}
        if held != dict.fromkeys(RIGHTS, 1):
            breaches.append(f"{service}: the rights to send and to take are held {held}")
    return breaches


async def partners_served(found: Found) -> Breaches:
    """What no partner should ever be answered, such as a 500, or a 503 that does not say when to come again."""
    return said("a partner was answered wrongly", [(each,) for load in found.loads for each in load.wrong])


INVARIANTS: dict[str, Callable[[Found], Awaitable[Breaches]]] = {
    "I1 no loss": no_loss,
    "I2 no phantom": no_phantom,
    "I3 one effect": one_effect,
    "I4 atomicity": atomicity,
    "I5 order": order,
    "I6 termination": termination,
    "I10 consent": consent_respected,
    "I11 privacy": privacy,
    "I13 one relay": one_relay,
    "HTTP": partners_served,
}
