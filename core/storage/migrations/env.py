"""Alembic's entry: runs the migrations on the connection that core.storage.migrate opened."""

from alembic import context

from core.storage import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.account.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
