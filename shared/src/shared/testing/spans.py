"""The spans of a test, in memory."""

from collections.abc import Sequence
from functools import cache

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Spans:
    """What was traced since it was made. A process has one tracer provider: from the first on, all is recorded."""

    def __init__(self) -> None:
        self._exporter = _exporter()
        self._exporter.clear()

    @property
    def ended(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        """Those of that name, in the order in which they ended."""
        return [span for span in self.ended if span.name == name]

    def one(self, name: str, **attributes: str) -> ReadableSpan:
        """The only one of that name whose attributes end like these (`cloudevents__event_type=".booked.v1"`)."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        (found,) = [
            span
            for span in self.named(name)
            if all(str((span.attributes or {}).get(key, "")).endswith(value) for key, value in wanted.items())
        ]
        return found

    def text(self) -> str:
        """All that would be exported."""
        return "\n".join(span.to_json() for span in self.ended)


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def is_child(span: ReadableSpan, of: ReadableSpan) -> bool:
    assert of.context is not None
    return span.parent is not None and span.parent.span_id == of.context.span_id and trace_of(span) == trace_of(of)


@cache
def _exporter() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter
