"""Traces: one from the POST through event rows, broker and services; nothing at all where no endpoint is configured."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .broker.protocol import Message
from .envelope import Envelope

PROPAGATOR = TraceContextTextMapPropagator()
HOP = "traceparent"
SILENT: dict[str, Any] = {"record_exception": False, "set_status_on_exception": False}
"""The text of an exception may hold what somebody sent."""


_TRACER = trace.get_tracer("samspar")
"""Of the provider that is set later, if one is."""


def tracer() -> trace.Tracer:
    return _TRACER


def context_of(traceparent: str | None) -> Context:
    """The context a stored or received traceparent names; an empty one for none or nonsense."""
    return PROPAGATOR.extract({HOP: traceparent} if traceparent else {}, context=Context())


def origin_of(traceparent: str | None, *, inside: bool) -> tuple[Context, list[Link]]:
    """What a span begins from: `inside` the context named is its parent; else it is a root with a link to it."""
    context = context_of(traceparent)
    if inside:
        return context, []
    came = trace.get_current_span(context).get_span_context()
    return Context(), [Link(came)] if came.is_valid else []


def traceparent_of(span: Span) -> str | None:
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier, context=trace.set_span_in_context(span, Context()))
    return carrier.get(HOP)


@contextmanager
def sending(messages: Sequence[Message], exchange: str) -> Generator[None]:
    """A PRODUCER span a message, child of the span in which its event was told; its own context is the hop's header."""
    spans: list[Span] = []
    for message in messages:
        span = tracer().start_span(
            f"send {exchange}",
            context_of(message.headers.get("ce-traceparent")),
            SpanKind.PRODUCER,
            {
                "messaging.system": "rabbitmq",
                "messaging.operation.type": "send",
                "messaging.operation.name": "send",
                "messaging.destination.name": f"{exchange}:{message.routing_key}",
                "messaging.message.id": message.id,
                "messaging.message.conversation_id": str(message.headers.get("ce-correlationid", "")),
            },
        )
        hop = traceparent_of(span)
        if hop and isinstance(message.headers, dict):
            message.headers[HOP] = hop
        spans.append(span)
    try:
        yield
    finally:
        for span in spans:
            span.end()


@contextmanager
def processing(envelope: Envelope, queue: str, *, hop: str | None, again: bool = False) -> Generator[str | None]:
    """A CONSUMER span; yields the traceparent for what the handler tells.

    A retry or replay, and what another organisation tells, is linked, not a child.
    """
    own = queue.split(".")[1] == envelope.organisation
    parent, links = origin_of(hop or envelope.traceparent, inside=own and not again)
    attributes: dict[str, Any] = {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": queue,
        "messaging.message.id": str(envelope.id),
        "messaging.message.conversation_id": str(envelope.stream),
        "cloudevents.event_id": str(envelope.id),
        "cloudevents.event_type": envelope.type,
        "cloudevents.event_source": envelope.source,
    }
    span = tracer().start_span(f"process {queue}", parent, SpanKind.CONSUMER, attributes, links)
    try:
        yield traceparent_of(span) or envelope.traceparent
    except BaseException as error:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(trace.StatusCode.ERROR)
        raise
    finally:
        span.end()


@contextmanager
def storing(system: str) -> Generator[None]:
    """A CLIENT span for what a request writes and commits, where it has a span; a batch of the inbox has none."""
    if not trace.get_current_span().is_recording():
        yield
        return
    attributes = {"db.system.name": system, "db.operation.name": "COMMIT"}
    with tracer().start_as_current_span("COMMIT", None, SpanKind.CLIENT, attributes, **SILENT):
        yield


@contextmanager
def telemetry(endpoint: str | None, service: str) -> Generator[None]:
    """Exports spans to the OTLP endpoint for as long as the block lasts. Without an endpoint nothing is set up."""
    if endpoint is None:
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # large; most have no endpoint
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if isinstance(trace.get_tracer_provider(), TracerProvider):
        yield
        return
    provider = TracerProvider(resource=Resource.create({"service.name": service, "service.namespace": "samspar"}))
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=2)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=4096))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()
