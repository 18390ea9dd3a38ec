"""Around what has to be written down: a database that is away for a moment is waited for."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError, NotSupportedError, ProgrammingError

from core.storage.batch import is_of_its_data

OUTLAST_SECONDS = 12.0  # less than a lease: what is said later is nobody's word any more
AGAIN_SECONDS = 0.5
OF_THE_STATEMENT = (IntegrityError, NotSupportedError, ProgrammingError)

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger()


def outlasting(write: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """For what may be written twice: again until the database is back, or its trouble after a while."""

    @functools.wraps(write)
    async def written(*args: P.args, **kwargs: P.kwargs) -> T:
        until = time.monotonic() + OUTLAST_SECONDS
        while True:
            try:
                return await write(*args, **kwargs)
            except (DBAPIError, OSError) as trouble:
                refused = isinstance(trouble, OF_THE_STATEMENT) or is_of_its_data(trouble)
                if refused or time.monotonic() > until:
                    raise
                log.warning("database away", waits=write.__name__, error=type(trouble).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    return written
