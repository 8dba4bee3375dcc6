"""An OTLP collector that counts: `python -m bench.sink <port>`; `GET /` answers how many spans came, by first word."""

import gzip
import json
import sys
from collections import Counter
from typing import Any

import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .program import main

Receive = Any
Send = Any


class Sink:
    """A bare ASGI app."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        if scope["method"] == "POST":
            if dict(scope["headers"]).get(b"content-encoding") == b"gzip":
                body = gzip.decompress(body)
            self._count(body)
        answer = b"" if scope["method"] == "POST" else json.dumps(self.counts).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": answer})

    def _count(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.counts.update(span.name.partition(" ")[0] for span in scope.spans)


if __name__ == "__main__":
    config = uvicorn.Config(Sink(), port=int(sys.argv[1]), log_level="warning", lifespan="off")
    main(uvicorn.Server(config).serve())
