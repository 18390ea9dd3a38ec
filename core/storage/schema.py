"""The revision that this code needs, told without importing Alembic (half a second of CPU)."""

from sqlalchemy import inspect, text

from core.storage.database import Database

HEAD = "0012"  # the newest file of migrations/versions; a test holds the two together


async def is_current(database: Database) -> bool:
    """Whether the database stands at HEAD."""
    async with database.read() as tx:
        tables = await tx.connection.run_sync(lambda connection: inspect(connection).get_table_names())
        if "alembic_version" not in tables:
            return False
        return bool(await tx.scalar(text("SELECT version_num FROM alembic_version")) == HEAD)
