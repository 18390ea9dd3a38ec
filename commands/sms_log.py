"""`aliance sms log`, `show`, `resend`, `settle`: what staff see of texts, and may do about one."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any

from commands.looks import local, look
from commands.sms_words import Teller, refusal
from commands.staff import answer
from core.settings import Settings
from core.use_cases.sms_record_filters import Wanted
from core.wiring import Core
from handlers.locale import Catalogues
from handlers.sms import trial
from handlers.sms.texts import Texts


async def log(settings: Settings, given: Namespace) -> int:
    async def tell(core: Core) -> int:
        zone = core.profile.zone
        wanted = Wanted(
            phone=given.phone,
            account=given.account,
            state=given.state,
            outcome=given.outcome,
            since=local(given.since, zone),
            until=local(given.until, zone),
            came=not given.only_out,
            went=not given.only_in,
            limit=given.limit,
        )
        teller = _teller(core)
        for each in await core.sms_records.log(wanted, reading=_reading(core), full=look(given)):
            print(teller.as_json(each) if given.json else teller.line(each))
        return 0

    return await answer(settings, tell, refusal)


async def show(settings: Settings, given: Namespace) -> int:
    async def tell(core: Core) -> int:
        story = await core.sms_records.show(given.message, reading=_reading(core), full=look(given))
        teller = _teller(core)
        if given.json:
            print(teller.story_as_json(story))
        else:
            for line in teller.story(story):
                print(line)
        return 0

    return await answer(settings, tell, refusal)


async def resend(settings: Settings, given: Namespace) -> int:
    async def again(core: Core) -> int:
        resent = await core.sms_resending.resend(
            given.message,
            by=given.by,
            why=given.why,
            perhaps_twice=given.perhaps_twice,
            dry_run=given.dry_run,
        )
        if given.dry_run:
            print(f"{resent.template}, {resent.was}, would be sent again.")
        else:
            print(f"{resent.template}, {resent.was}, is sent again as {resent.id}.")
            print("It is stored; the SMS door of `aliance run` submits it.")
        return 0

    return await answer(settings, again, refusal)


async def settle(settings: Settings, given: Namespace) -> int:
    async def known(core: Core) -> int:
        settled = await core.sms_settling.settle(
            given.message, delivered=given.delivered, by=given.by, why=given.why, dry_run=given.dry_run
        )
        print(f"{settled.template} {'would be' if given.dry_run else 'is'} {settled.became}.")
        return 0

    return await answer(settings, known, refusal)


def _teller(core: Core) -> Teller:
    return Teller(Texts(core.profile, Catalogues(core.profile.zone)), core.profile.zone)


def _reading(core: Core) -> Callable[[str], Mapping[str, Any]]:
    return lambda text: trial.understand(text, core.profile)
