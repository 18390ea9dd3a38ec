"""`aliance payment log`, `show`, `settle`: what staff see of payments, and may say of one."""

from argparse import Namespace

from commands.looks import local, look
from commands.payment_words import Teller, refusal, settled
from commands.staff import answer
from core.settings import Settings
from core.use_cases.payment_record_filters import WantedPayments
from core.wiring import Core


async def log(settings: Settings, given: Namespace) -> int:
    async def tell(core: Core) -> int:
        zone = core.profile.zone
        wanted = WantedPayments(
            account=given.account,
            phone=given.phone,
            state=given.state,
            provider=given.provider,
            since=local(given.since, zone),
            until=local(given.until, zone),
            limit=given.limit,
        )
        teller = Teller(zone)
        for each in await core.payment_records.log(wanted, full=look(given)):
            print(teller.as_json(each) if given.json else teller.line(each))
        return 0

    return await answer(settings, tell, refusal)


async def show(settings: Settings, given: Namespace) -> int:
    async def tell(core: Core) -> int:
        found, story = await core.payment_records.show(given.payment, full=look(given))
        teller = Teller(core.profile.zone)
        if given.json:
            print(teller.story_as_json(found, story))
        else:
            for line in teller.story(found, story):
                print(line)
        return 0

    return await answer(settings, tell, refusal)


async def settle(settings: Settings, given: Namespace) -> int:
    async def known(core: Core) -> int:
        done = await core.payment_settling.settle(
            given.payment, paid=given.paid, by=given.by, why=given.why, dry_run=given.dry_run
        )
        for line in settled(done, dry_run=given.dry_run):
            print(line)
        return 0

    return await answer(settings, known, refusal)
