"""Runs the scripts on the connection that `projections.migrations.prepare` hands over."""

from alembic import context

from projections.models import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
