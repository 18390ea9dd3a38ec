"""Alembic's entry: runs the migrations on the connection that core.storage.migrate opened."""

from alembic import context

from core.storage.tables_refunds import refund  # the newest module of tables imports the others

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=refund.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
