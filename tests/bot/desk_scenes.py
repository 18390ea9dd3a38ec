"""What tests of the desk do over and over: staff and readers, a draft, its approval, its way to the end."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import insert, select

from core.ids import new_id
from core.notice_states import BroadcastState, Role
from core.profile import SHIPPED
from core.settings import Settings
from core.states import Access, Channel
from core.storage.tables import account, link
from core.use_cases.broadcast_rows import Broadcast
from core.wiring import Core
from tests.bot.accounts import import_accounts
from tests.bot.stand import Person, Stand, open_stand
from tests.core.broadcast_scenes import work
from tests.deadlines import until

SENDER, APPROVER, VIEWER, STRANGER = 7001, 7003, 7004, 7009
READERS = (8001, 8002, 8003)


@asynccontextmanager
async def staffed_stand(url: str, folder: Path) -> AsyncIterator[Stand]:
    """Staff with phones, three readers of two accounts, and a profile where two recipients need approval."""
    profile = folder / "profile.toml"
    text = SHIPPED.read_text(encoding="utf-8")
    assert "approve_above = 1000" in text
    profile.write_text(text.replace("approve_above = 1000", "approve_above = 1"), encoding="utf-8")
    settings = Settings(_env_file=None, env="test", database_url=url, operator_profile=str(profile))
    async with open_stand(settings) as stand:
        core = stand.core
        await import_accounts(core.imports, folder, core.profile.tariffs[0].code)
        await core.staff.add("admin", Role.ADMIN, by="admin")
        for name, role, user in (
            ("anna", Role.SENDER, SENDER), ("boris", Role.APPROVER, APPROVER), ("vera", Role.VIEWER, VIEWER)
        ):  # fmt: skip
            await core.staff.add(name, role, by="admin", telegram=str(user))
        await link_chats(core, "100080", READERS[:2])
        await link_chats(core, "166301", READERS[2:])
        for person in (*READERS, APPROVER, VIEWER):
            stand.api.phones.block(person, blocked=False)  # has started the bot
        yield stand
        assert await core.invariants.check() == []


async def link_chats(core: Core, number: str, chats: Sequence[int]) -> None:
    async with core.database.transaction() as tx:
        owner = await tx.scalar(select(account.c.id).where(account.c.number == number))
        shared = {"channel": Channel.TELEGRAM, "account_id": owner, "access": Access.FULL}
        for chat in chats:
            row = {"id": new_id(), "address": str(chat), "linked_at": core.clock.now()}
            await tx.execute(insert(link).values(shared | row))


async def drafted(sender: Person, text: str = "**Работы** у вас, {name}: ночью") -> None:
    sender.says("/broadcast")
    await sender.sees("Рассылки. Вы — anna")
    sender.presses("Новая рассылка")
    await sender.sees("Как назвать новую рассылку?")
    sender.says("Работы <ночью>")
    await sender.sees("Пришлите текст для «Работы")
    sender.says(text)
    await sender.sees("черновик · служебная · Telegram")


async def asked_for_approval(sender: Person) -> None:
    sender.presses("Только днём")  # urgent: the clock of the test may stand at night
    await sender.sees("черновик")
    sender.presses("Посчитать и отправить")
    await sender.sees("второй сотрудник")
    sender.presses("Отдать на утверждение")
    await sender.sees("ждёт второго сотрудника")


async def approved(approver: Person) -> None:
    approver.says("/broadcast")
    await approver.sees("Рассылки. Вы — boris")
    approver.presses("ждёт второго")
    await approver.sees("ждёт второго сотрудника")
    approver.presses("Утвердить")


async def approved_by_the_notice(stand: Stand, approver: Person) -> None:
    await approver.sees("просит утвердить рассылку")
    approver.presses("Утвердить")
    await stand.updates_handled()


async def sent_to_all(
    stand: Stand, sender: Person, approver: Person, text: str = "**Работы** у вас, {name}: ночью"
) -> None:
    """A broadcast that has ended; the sender looks at its card."""
    await drafted(sender, text)
    await asked_for_approval(sender)
    await approved_by_the_notice(stand, approver)
    await goes_out(stand)
    await sender.sees("завершена")


async def edited(sender: Person, text: str, answer: str = "да") -> None:
    """The text that was sent, from the card of the broadcast that has ended."""
    sender.presses("Изменить отправленное")
    await sender.sees("Без второго подтверждения")
    sender.says(text)
    await sender.sees("Введите ДА")
    sender.says(answer)


async def goes_out(stand: Stand, number: int = 1) -> None:
    """The jobs, which this stand does not run by itself, until all is sent."""

    async def ended() -> bool:
        await work(stand.core)
        return (await the(stand, number)).state == BroadcastState.DONE

    await until(ended, within=20, what="the end of the broadcast")


async def the(stand: Stand, number: int = 1) -> Broadcast:
    return await stand.core.broadcasts.get(number, by="admin")
