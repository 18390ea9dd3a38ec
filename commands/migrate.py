"""`aliance migrate`: the schema moved on purpose, up or down."""

from alembic.util import CommandError

from commands.run import CannotRun
from core.settings import Settings
from core.storage import migrate


async def move(settings: Settings, *, down: bool, revision: str) -> int:
    """Go to a revision; raises CannotRun where there is no such one in that direction."""
    go = migrate.downgrade if down else migrate.upgrade
    try:
        await go(settings.database_url, revision)
    except CommandError as wrong:
        raise CannotRun(str(wrong)) from wrong
    return 0
