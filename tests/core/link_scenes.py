"""What tests of links do over and over: a login is started and its code asked for, an account is linked."""

from core.ids import Payer
from core.states import Access
from core.wiring import Core
from tests.core.scenes import CHAT

OTHER = Payer.telegram(101)
HERE, THERE = "192.0.2.1", "192.0.2.2"
SECRET = "s3cret.pass"


async def login_token(core: Core, payer: Payer = CHAT) -> str:
    return (await core.links.start(payer, "Анна")).url.rsplit("/", 1)[1]


async def login_code(core: Core, payer: Payer = CHAT, *, number: str = "100080", address: str = HERE) -> str:
    return await core.links.log_in(await login_token(core, payer), number, SECRET, address=address)


async def linked(core: Core, payer: Payer = CHAT, *, number: str = "100080") -> None:
    assert await core.links.complete(payer, await login_code(core, payer, number=number)) == number


async def access_of(core: Core, payer: Payer) -> list[tuple[str, Access]]:
    return [(each.number, each.access) for each in await core.accounts.linked(payer)]
