"""What consent tells. Every fact repeats the play that home asked for; there is never a person in it."""

from datetime import datetime

from shared.tasks import TaskFact


class ConsentGranted(TaskFact, type="consent.granted"):
    """The person has given it; outcome `given`. In force until it is withdrawn, or until the instant named."""

    until: datetime | None = None


class ConsentRefused(TaskFact, type="consent.refused"):
    """The person does not give it; outcome `refused`."""


class ConsentWithdrawn(TaskFact, type="consent.withdrawn"):
    """It is withdrawn, and that is acknowledged: no release by it is under way, and none will come.

    `time` is when the person withdrew it; the event comes when every permit is used up or void.
    """


class ConsentExpired(TaskFact, type="consent.expired"):
    """The period for which it was given has ended."""
