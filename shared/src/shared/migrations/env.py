"""Runs migrations on the connection it is given."""

from typing import Any

from alembic import context

given: dict[str, Any] = context.config.attributes
context.configure(
    connection=given["connection"],
    version_table=given["version_table"],
    target_metadata=given.get("metadata"),
    render_as_batch=given["connection"].dialect.name == "sqlite",
    render_item=given.get("render_item"),
    include_object=given.get("include_object"),
)
context.run_migrations()
