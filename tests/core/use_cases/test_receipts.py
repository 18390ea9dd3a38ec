"""Receipts: to who paid, and never a subscriber's contacts to a stranger."""

from sqlalchemy import insert, update

from core.ids import AccountId, Payer, new_id
from core.payments.charge import Receipt
from core.settings import Settings
from core.states import Access
from core.storage.tables import account, link
from core.use_cases.receipts import Receipts
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import CHAT, NUMBER, ON_SQLITE, PHONE

SETTINGS = Settings.model_validate(
    {"receipt_vat_code": 11, "receipt_tax_system": 1, "receipt_email": "operator@example.test"}
)
ITEM = "Услуги связи, лицевой счёт 100080"
pytestmark = ON_SQLITE


async def _receipt(
    core: Core, payer: Payer, owner: AccountId, settings: Settings = SETTINGS
) -> Receipt | None:
    async with core.database.read() as tx:
        return await Receipts(settings).of_payer(tx, payer, owner, NUMBER)


async def _link(core: Core, payer: Payer, owner: AccountId, *, ended: bool = False) -> None:
    now = core.clock.now()
    async with core.database.transaction() as tx:
        await tx.execute(
            insert(link).values(
                id=new_id(),
                channel=payer.channel,
                address=payer.address,
                account_id=owner,
                access=Access.READ,
                linked_at=now,
                ended_at=now if ended else None,
            )
        )


async def test_who_pays_by_sms_gets_it_by_sms(core: Core) -> None:
    owner = await open_account(core, phones=["79140000001"])
    assert await _receipt(core, PHONE, owner) == Receipt(ITEM, 11, phone=PHONE.address, tax_system=1)


async def test_a_stranger_is_not_told_the_subscribers_contacts(core: Core) -> None:
    owner = await open_account(core, phones=["79140000001"])
    await _link(core, CHAT, owner, ended=True)
    await _link(core, CHAT, await open_account(core, "166301"))
    assert await _receipt(core, CHAT, owner) == Receipt(ITEM, 11, email="operator@example.test", tax_system=1)


async def test_who_is_linked_gets_it_where_the_subscriber_is_reached(core: Core) -> None:
    owner = await open_account(core, phones=["79140000002", "79140000001"])
    await _link(core, CHAT, owner)
    assert await _receipt(core, CHAT, owner) == Receipt(ITEM, 11, phone="79140000001", tax_system=1)
    async with core.database.transaction() as tx:
        await tx.execute(update(account).where(account.c.id == owner).values(email="me@example.test"))
    assert await _receipt(core, CHAT, owner) == Receipt(ITEM, 11, email="me@example.test", tax_system=1)


async def test_without_a_vat_code_there_are_no_receipts(core: Core) -> None:
    owner = await open_account(core)
    nothing = Settings.model_validate({})
    assert await _receipt(core, PHONE, owner, nothing) is None
    assert Receipts(nothing).to(NUMBER) is None
    assert Receipts(SETTINGS).to(NUMBER, phone="79140000001") == Receipt(
        ITEM, 11, phone="79140000001", tax_system=1
    )
