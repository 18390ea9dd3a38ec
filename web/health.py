"""What a watchdog asks: is the database reachable, and how old is the oldest unfinished work."""

from http import HTTPStatus

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from core.use_cases.queues import Queues

log = structlog.get_logger()


class Health:
    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/health", self.tell)]

    async def tell(self, request: web.Request) -> web.Response:
        """200 while the database answers, else 503; ages are whole seconds, null where nothing waits."""
        try:
            ages = await self._queues.oldest()
        except (SQLAlchemyError, OSError) as error:
            log.error("database not reachable", error=type(error).__name__)
            return web.json_response({"database": "unreachable"}, status=HTTPStatus.SERVICE_UNAVAILABLE)
        seconds = {name: None if age is None else int(age.total_seconds()) for name, age in ages.items()}
        return web.json_response({"database": "ok", "oldest_unfinished_seconds": seconds})
