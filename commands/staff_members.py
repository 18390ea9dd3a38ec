"""`aliance staff`: who may send broadcasts; each change with who made it in the audit trail."""

from argparse import Namespace

from commands.broadcast_words import answer
from core.notice_states import Role
from core.settings import Settings
from core.use_cases.staff import Member
from core.wiring import Core


async def add(settings: Settings, given: Namespace) -> int:
    async def name(core: Core) -> int:
        role = Role(given.role)
        print(_line(await core.staff.add(given.name, role, by=given.by, telegram=given.telegram)))
        return 0

    return await answer(settings, name)


async def change(settings: Settings, given: Namespace) -> int:
    async def give(core: Core) -> int:
        role = None if given.role is None else Role(given.role)
        print(_line(await core.staff.change(given.name, by=given.by, role=role, telegram=given.telegram)))
        return 0

    return await answer(settings, give)


async def remove(settings: Settings, given: Namespace) -> int:
    async def end(core: Core) -> int:
        ended = await core.staff.remove(given.name, by=given.by)
        print(f"{given.name} may nothing any more." if ended else f"{given.name} had left before.")
        return 0

    return await answer(settings, end)


async def members(settings: Settings, given: Namespace) -> int:
    async def tell(core: Core) -> int:
        found = await core.staff.members()
        for each in found:
            print(_line(each))
        if not found:
            print("staff: nobody; `aliance staff add NAME --role admin` names the first")
        return 0

    return await answer(settings, tell)


def _line(of: Member) -> str:
    return f"{of.name}: {of.role}" + (f", Telegram {of.telegram}" if of.telegram else "")
