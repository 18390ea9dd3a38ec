"""Append-only tables: triggers refuse every UPDATE, DELETE, TRUNCATE and replacing INSERT."""

from sqlalchemy import Connection, event

from core.storage.schema_parts import metadata

APPEND_ONLY = {
    "ledger_transfer": ("id", "key", "reverses"),
    "top_up_event": ("id",),
    "mandate_event": ("id",),
    "audit": ("number", "key"),
}

_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION aliance_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def append_only(table: str, unique: tuple[str, ...], *, dialect: str) -> list[str]:
    """The statements that make `table` append-only; `unique` lists what an insert must not replace."""
    if dialect == "postgresql":
        return [
            _POSTGRES_FUNCTION,
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION aliance_append_only()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION aliance_append_only()",
        ]
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    same = " OR ".join(f"{column} = NEW.{column}" for column in unique)
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}",
    ]


@event.listens_for(metadata, "after_create")
def _create(_target: object, connection: Connection, **_kw: object) -> None:
    for table, unique in APPEND_ONLY.items():
        for statement in append_only(table, unique, dialect=connection.dialect.name):
            connection.exec_driver_sql(statement)
