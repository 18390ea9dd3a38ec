"""The Telegram door as aliance.py composes it: webhook or polling, delivery, sweep."""

import asyncio

import structlog
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.enums import ParseMode
from aiogram.methods import SetWebhook
from aiohttp import web
from yarl import URL

from bot.bulk import BulkDelivery
from bot.delivery import Delivery
from bot.dispatcher import dispatcher, offered
from bot.fast import keep_response_models
from bot.inbox import Inbox
from bot.introduce import introduce
from bot.lock import SharedLocks, UserLocks
from bot.loops import forever, until_done
from bot.pace import Pace
from bot.polling import ALLOWED_UPDATES, Polling
from bot.session import JsonSession
from bot.webhook import Webhook
from core.messages.rates import LocalRates, RedisRates
from core.redis_client import open_redis
from core.wiring import Core
from handlers.locale import Catalogues
from handlers.telegram.report_files import ReportFiles
from handlers.telegram.watches import Watches

SWEEP_SECONDS = 5.0
WEBHOOK_CONNECTIONS = 40  # at once; the rest waits at Telegram

log = structlog.get_logger()


class TelegramDoor:
    def __init__(self, core: Core, catalogues: Catalogues) -> None:
        self._core = core
        self._catalogues = catalogues
        self._settings = core.settings
        self._redis = open_redis(self._settings.redis_url) if self._settings.redis_url else None
        self._shared = SharedLocks(self._redis) if self._redis is not None else None
        most = float(self._settings.telegram_messages_per_second)
        self._rates = (
            RedisRates(self._settings.redis_url, "telegram", most)
            if self._settings.redis_url
            else LocalRates(most)
        )
        self.bot = Bot(
            self._settings.telegram_token.get_secret_value(),
            session=JsonSession(self._settings.telegram_api),
            default=DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True),
        )
        self._watches = Watches()
        self._report_files = ReportFiles(core.broadcast_reports)
        handled = dispatcher(core, catalogues, self._redis, self._watches, self._report_files)
        self.inbox = Inbox(core.receiving, self.bot, handled, UserLocks(self._shared))
        keep_response_models()

    def routes(self) -> list[web.RouteDef]:
        """The webhook's route for the process's HTTP server; none with long polling."""
        if not self._settings.telegram_webhook_url:
            return []
        webhook = Webhook(self.inbox, self._settings.telegram_webhook_secret.get_secret_value())
        return [web.post(URL(self._settings.telegram_webhook_url).path, webhook.handle)]

    async def run(self) -> None:
        """Until cancelled. An update or a notice that was in hand is taken up again at the next start."""
        core = self._core
        pace = Pace(self._rates)
        house = (core.sending, core.subscribers, core.wakeups, self.bot, self._catalogues)
        delivery = Delivery(*house, pace)
        bulk = BulkDelivery(*house, pace.bulk(), paid=self._settings.telegram_paid_broadcast)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(introduce(self.bot, core.profile, self._catalogues, offered(core)))
                group.create_task(self._receive())
                group.create_task(delivery.run())
                group.create_task(bulk.run())
                group.create_task(self._watches.run(self.bot))
                group.create_task(self._report_files.run(self.bot))
                group.create_task(forever("sweep", self._sweep))
                if self._shared is not None:
                    group.create_task(self._shared.run())
        finally:
            await self.close()

    async def _receive(self) -> None:
        if not self._settings.telegram_webhook_url:
            await Polling(self.bot, self.inbox).run()
        webhook = SetWebhook(
            url=self._settings.telegram_webhook_url,
            secret_token=self._settings.telegram_webhook_secret.get_secret_value(),
            allowed_updates=ALLOWED_UPDATES,
            max_connections=WEBHOOK_CONNECTIONS,
        )
        await until_done("set webhook", lambda: self.bot(webhook))

    async def _sweep(self) -> None:
        await self.inbox.sweep_once()
        await asyncio.sleep(SWEEP_SECONDS)

    async def close(self) -> None:
        await self.bot.session.close()
        await self._rates.close()
        if self._redis is not None:
            await self._redis.aclose()
