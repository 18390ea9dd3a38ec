"""Alembic's entry: runs the migrations on the connection that core.storage.migrate opened."""

from alembic import context

from core.storage import (
    alert_tables,
    autopay_tables,
    broadcast_tables,
    def_tables,
    message_tables,
    proof_tables,
    staff_tables,
    tables,
)

MODULES = (
    alert_tables, autopay_tables, broadcast_tables, def_tables, message_tables, proof_tables, staff_tables,
    tables,
)  # fmt: skip
(metadata,) = {module.metadata for module in MODULES}
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
