"""What home lays down about interpreters for a meeting: who orders, who is asked in which order, and until when."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from shared.calendar import Span
from shared.errors import Refused
from shared.tasks import Participant

SpanText = Annotated[str, AfterValidator(lambda text: str(Span.parse(text)))]


class NobodyOrders(Refused):
    """Nobody may order an interpreter for this meeting."""

    status = 403


class NotYourOrder(Refused):
    """Another party orders the interpreter for this meeting."""

    status = 403


class Arrangement(BaseModel):
    """`providers` are asked in order. `lead` before it begins, an interpreter is to be confirmed.

    A provider that has not answered within `answer_within` is passed over.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)

    ordered_by: str | None = None
    providers: tuple[Participant, ...] = ()
    lead: SpanText | None = None
    answer_within: SpanText = "4 hours on working days"

    def require_orderer(self, party: str) -> None:
        """Raises `NobodyOrders`, `NotYourOrder`."""
        if self.ordered_by is None or not self.providers:
            raise NobodyOrders("Ask those who keep the pathway to name who orders, and a provider.")
        if party != self.ordered_by:
            raise NotYourOrder("Ask the party that orders it.")
