"""Logs as JSON lines on standard error, with the trace they belong to; never a value of a person."""

import json
import logging
import sys
from datetime import UTC, datetime

from opentelemetry import trace


class JsonLines(logging.Formatter):
    """One object a line. Of an exception only its kind and place are kept: its text may hold values.

    Of a message only the first line is kept: asyncio writes the text of a lost exception below it.
    """

    def format(self, record: logging.LogRecord) -> str:
        span = trace.get_current_span().get_span_context()
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage().partition("\n")[0],
        }
        if span.is_valid:
            line["trace"] = f"{span.trace_id:032x}"
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["at"] = _place(record)
        return json.dumps(line, ensure_ascii=False)


def logs(level: int = logging.INFO) -> None:
    """Sends the logs of this process there."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("aiormq", "aio_pika", "httpx", "alembic", "uvicorn.access", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL if noisy.startswith("uvicorn") else logging.WARNING)


def _place(record: logging.LogRecord) -> list[str]:
    found: list[str] = []
    where = record.exc_info[2] if record.exc_info else None
    while where is not None:
        code = where.tb_frame.f_code
        found.append(f"{code.co_filename.rpartition('/src/')[2]}:{where.tb_lineno} {code.co_name}")
        where = where.tb_next
    return [place for place in found if not place.startswith("/")][-8:]
