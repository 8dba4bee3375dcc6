"""The lean reference's spans, made and exported as the platform makes and exports its own: every one of them."""

from typing import Any
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

PROPAGATOR = TraceContextTextMapPropagator()


class Spans:
    """Without an endpoint spans cost next to nothing, as in the platform."""

    def __init__(self, endpoint: str, service: str) -> None:
        if endpoint:
            provider = TracerProvider(resource=Resource.create({"service.name": service}))
            exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=2)
            provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=4096))
            trace.set_tracer_provider(provider)
        self._tracer = trace.get_tracer("lean")

    def begin(self, name: str, parent: str, id_: UUID, *, sends: bool) -> tuple[Any, str]:
        """An open span and its traceparent."""
        context = PROPAGATOR.extract({"traceparent": parent}, context=Context())
        kind = SpanKind.PRODUCER if sends else SpanKind.CONSUMER
        attributes = {
            "messaging.system": "rabbitmq",
            "messaging.destination.name": "lean",
            "messaging.message.id": str(id_),
        }
        span = self._tracer.start_span(name, context, kind, attributes)
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier, context=trace.set_span_in_context(span, Context()))
        return span, carrier.get("traceparent", parent)
