"""The demo's crowd and staff: subscribers in Telegram for a broadcast, who writes and who approves it."""

import csv
from itertools import islice
from pathlib import Path

from sqlalchemy import insert, select

from commands.phones import Phones
from core.ids import new_id
from core.notice_states import Role
from core.profile import SHIPPED
from core.states import Access, Channel
from core.storage.tables import account, link
from core.wiring import Core

SENDER, APPROVER = 2001, 2002
FIRST_OF_CROWD = 5001
PLACES = 4  # accounts of the crowd: each is looked at on every day of a journey
CROWD = 120  # some seconds of live progress at the rate that Telegram allows
APPROVE_ABOVE = 50  # less than the crowd, so that a second person is needed
USERS = (
    f"1001=Абонент 1001,1002=Абонент 1002,"
    f"{SENDER}=Сотрудник {SENDER}: рассылки,{APPROVER}=Сотрудник {APPROVER}: утверждает"
)


def profile_in(folder: Path) -> Path:
    """The shipped profile, with a size of broadcasts that a demo reaches."""
    text, own = SHIPPED.read_text(encoding="utf-8"), f"approve_above = {APPROVE_ABOVE}"
    path = folder / "profile.toml"
    path.write_text(text.replace("approve_above = 1000", own), encoding="utf-8")
    return path


def accounts_in(folder: Path, sample: Path, played: int) -> Path:
    """The accounts that are played with, and the crowd's: without a tariff nothing is charged or alerted."""
    path = folder / "accounts.csv"
    with (
        sample.open(encoding="utf-8", newline="") as lines,
        path.open("w", encoding="utf-8", newline="") as to,
    ):
        rows = csv.DictReader(lines)
        assert rows.fieldnames is not None
        taken = csv.DictWriter(to, rows.fieldnames)
        taken.writeheader()
        taken.writerows(islice(rows, played))
        bare = {"tariff": "", "tariff_next": "", "phones": "", "state": "active"}
        taken.writerows(row | bare for row in islice(rows, PLACES))
    return path


async def settle(core: Core) -> None:
    """Staff by the use case; the crowd's links as a login page would have left them."""
    await core.staff.add("demo", Role.ADMIN, by="demo")
    await core.staff.add(f"staff-{SENDER}", Role.SENDER, by="demo", telegram=str(SENDER))
    await core.staff.add(f"staff-{APPROVER}", Role.APPROVER, by="demo", telegram=str(APPROVER))
    async with core.database.transaction() as tx:
        bare = select(account.c.id).where(account.c.tariff.is_(None)).order_by(account.c.number).limit(PLACES)
        places = list((await tx.execute(bare)).scalars())
        shared = {"channel": Channel.TELEGRAM, "access": Access.FULL, "linked_at": core.clock.now()}
        links = [
            shared | {"id": new_id(), "address": str(FIRST_OF_CROWD + n), "account_id": places[n % PLACES]}
            for n in range(CROWD)
        ]
        await tx.execute(insert(link), links)


async def start_bot(phones: Phones) -> None:
    """A bot can write only to who has started it."""
    for person in (SENDER, APPROVER, *(FIRST_OF_CROWD + place for place in range(CROWD))):
        await phones.unblock(person)
