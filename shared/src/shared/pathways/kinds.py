"""The table of task kinds: what each is asked of, what is heard of it, and what settles it. A new process adds rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What the player knows of one kind of task. Moments are listed in the order they are heard."""

    service: str
    request: str | None
    hears: tuple[str, ...]
    settles: Mapping[str, str | None]
    """Moment -> the outcome it stands for, where the fact carries none; None: the fact must carry one."""
    fails: tuple[str, ...] = ()
    """Moments that end the asking badly, unless the task declares an outcome of that name."""
    tried_again: bool = False
    """A bad end is asked again, up to the area's tries, before the area's rule answers."""
    notes: tuple[str, ...] = ()
    """Moments that settle nothing and keep no deadline. One stands in the case file until the next is heard."""
    revokes: tuple[str, ...] = ()
    """Moments that undo what was settled."""
    at_home: bool = False
    """Home's own instance serves it, whoever is asked: the bases of a case live beside its player."""
    seats_move: bool = False
    """Whoever has a seat makes its moves, not only who is asked and who owns the deadline."""
    begins: str | None = None
    """From this moment people end it, and it is no longer taken back."""
    keys: frozenset[str] = field(default_factory=lambda: frozenset[str]())
    """Keys of the grammar that only this kind reads."""

    @property
    def moments(self) -> frozenset[str]:
        """Everything that may be heard of it."""
        return frozenset({*self.hears, *self.settles, *self.fails, *self.notes, *self.revokes})

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes of a task that declares none: the first settling moment's own."""
        return tuple(word for word in self.settles.values() if word)[:1]


KINDS: dict[str, Kind] = {
    "meeting": Kind(
        service="booking",
        request="meeting.requested",
        hears=("booked", "held"),
        settles={"held": "held"},
        fails=("missed", "cancelled", "declined"),
        notes=("unready",),
        tried_again=True,
        seats_move=True,
    ),
    "agenda": Kind(
        service="booking",
        request="agenda.requested",
        hears=("listed", "decided"),
        settles={"decided": None},
        notes=("carried_over",),
        keys=frozenset({"group"}),
    ),
    "assessment": Kind(
        service="assessment",
        request="assessment.requested",
        hears=("opened", "contributed", "completed"),
        settles={"completed": "completed"},
        begins="opened",
        keys=frozenset({"contributions", "finds"}),
    ),
    "decision": Kind(
        service="assessment",
        request="decision.requested",
        hears=("signed", "made"),
        settles={"made": None},
        begins="signed",
        keys=frozenset({"signed_by", "each_decides"}),
    ),
    "plan": Kind(
        service="assessment",
        request="plan.requested",
        hears=("signed", "agreed", "revised"),
        settles={"agreed": "agreed"},
        begins="signed",
        keys=frozenset({"signed_by", "contributions", "finds", "hours"}),
    ),
    "activity": Kind(
        service="assessment",
        request="activity.requested",
        hears=("started", "extended", "changed", "ended"),
        settles={"ended": "ended"},
        begins="started",
        keys=frozenset({"choose_from", "package", "lasts", "settles"}),
    ),
    "deviation": Kind(
        service="assessment",
        request=None,
        hears=("reported",),
        settles={"reported": "reported"},
    ),
    "consent": Kind(
        service="consent",
        request="consent.requested",
        hears=("granted", "refused"),
        settles={"granted": "given", "refused": "refused"},
        revokes=("withdrawn", "expired"),
        at_home=True,
        keys=frozenset({"waiver", "between", "obtained_by", "if_withdrawn"}),
    ),
    "answer": Kind(
        service="referral",
        request="answer.requested",
        hears=("given",),
        settles={"given": None},
    ),
    "role": Kind(
        service="referral",
        request="role.requested",
        hears=("assigned",),
        settles={"assigned": "assigned"},
    ),
}
