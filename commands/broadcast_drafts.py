"""`aliance broadcast new`, `edit`, `preview` and `count`: what is said, and to whom."""

import re
import sys
from argparse import Namespace
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from commands.broadcast_words import TROUBLE, answer, headline, reached
from core.ids import Payer
from core.money import KOPECKS, Money
from core.notice_states import BroadcastKind, Reach
from core.settings import Settings
from core.states import Channel
from core.use_cases.account_screen import AccountState
from core.use_cases.audience_lists import numbers_of
from core.use_cases.audiences import Audience, Has
from core.use_cases.broadcast_drafts import Draft
from core.use_cases.broadcast_rows import UNBEGUN, Broadcast
from core.wiring import Core

_LANGUAGE = re.compile(r"([a-z]{2})=(.*)", re.DOTALL)
PLURALS = ("cities", "streets", "houses", "tariffs", "locales")


async def new(settings: Settings, given: Namespace) -> int:
    async def make(core: Core) -> int:
        bare = Draft(title=given.title, texts={}, reach=_reach_of(given))
        draft = _written(bare, given, core.profile.default_locale)
        made = await core.broadcast_drafts.new(draft, by=given.by, key=given.key)
        return await _told(core, made, given.by)

    return await answer(settings, make)


async def edit(settings: Settings, given: Namespace) -> int:
    async def change(core: Core) -> int:
        held = await core.broadcasts.get(given.number, by=given.by)
        draft = _written(Draft.of(held), given, core.profile.default_locale)
        if held.state in UNBEGUN:
            return await _told(
                core, await core.broadcast_drafts.change(held.number, draft, by=given.by), given.by
            )
        if draft != replace(Draft.of(held), texts=draft.texts):
            print("aliance: of what was sent the texts alone can be changed", file=sys.stderr)
            return TROUBLE
        changed = await core.broadcast_orders.edit(held.number, draft.texts, by=given.by, why=given.why)
        print(headline(changed, core.profile.zone))
        if changed.state is held.state:
            *_, order = (await core.broadcast_reports.progress(held.number, by=given.by)).orders
            print(f"The edit waits for a second person: `approve --version {order.version}`.")
        return 0

    return await answer(settings, change)


async def preview(settings: Settings, given: Namespace) -> int:
    async def send(core: Core) -> int:
        to = None if given.to is None else Payer.sms(given.to)
        sent = await core.broadcast_drafts.preview(given.number, by=given.by, to=to, locale=given.language)
        print(f"A preview goes to {sent.channel} {sent.address}.")
        return 0

    return await answer(settings, send)


async def count(settings: Settings, given: Namespace) -> int:
    async def tell(core: Core) -> int:
        print(reached(await core.broadcast_drafts.count(given.number, by=given.by)))
        return 0

    return await answer(settings, tell)


async def _told(core: Core, made: Broadcast, by: str) -> int:
    print(headline(made, core.profile.zone))
    print(reached(await core.broadcast_drafts.count(made.number, by=by)))
    return 0


def _written(draft: Draft, given: Namespace, default: str) -> Draft:
    """A draft with what the arguments say; the rest stays."""
    said: dict[str, Any] = {"texts": _texts(draft, given, default), "audience": _audience(draft, given)}
    for name in ("title", "urgent", "sms_most"):
        if getattr(given, name) is not None:
            said[name] = getattr(given, name)
    if given.reach is not None:
        said["reach"] = Reach(given.reach)
    if given.advertising:
        said["kind"] = BroadcastKind.ADVERTISING
    if given.lives is not None:
        said["lives"] = timedelta(hours=given.lives)
    if given.accounts is not None:
        said["accounts"] = numbers_of(given.accounts.read_bytes())
    return replace(draft, **said)


def _texts(draft: Draft, given: Namespace, default: str) -> dict[str, dict[str, str]]:
    texts = {locale: dict(parts) for locale, parts in draft.texts.items()}
    for channel, said in ((Channel.TELEGRAM, given.telegram), (Channel.SMS, given.sms)):
        for each in said:
            named = _LANGUAGE.fullmatch(each)
            locale, text = (named[1], named[2]) if named else (default, each)
            if text.startswith("@"):
                text = Path(text[1:]).read_text(encoding="utf-8").strip()
            texts.setdefault(locale, {})[channel.value] = text
    return texts


def _audience(draft: Draft, given: Namespace) -> Audience:
    said: dict[str, Any] = {
        name: tuple(getattr(given, name)) for name in PLURALS if getattr(given, name) is not None
    }
    if given.states is not None:
        said["states"] = tuple(AccountState(state) for state in given.states)
    for name in ("balance_from", "balance_to"):
        if getattr(given, name) is not None:
            said[name] = Money(int(getattr(given, name) * KOPECKS))
    for name in ("days_from", "days_to"):
        if getattr(given, name) is not None:
            said[name] = getattr(given, name)
    if given.has is not None:
        said["has"] = Has(given.has)
    if given.accounts is not None:
        said["listed"] = True
    return replace(draft.audience, **said)


def _reach_of(given: Namespace) -> Reach:
    """By the texts that there are, where it is not said."""
    if given.telegram and given.sms:
        return Reach.TELEGRAM_ELSE_SMS
    return Reach.SMS if given.sms else Reach.TELEGRAM
