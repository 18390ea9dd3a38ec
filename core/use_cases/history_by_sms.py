"""`история` by SMS: what came to an account, told to a phone that is registered with it."""

from sqlalchemy import select

from core.errors import AccountNeeded, NoRegisteredPhone, NotLinked
from core.ids import AccountId, Payer
from core.messages.notices import History, HistoryLine
from core.profile import Profile
from core.states import TransferKind
from core.storage.database import Database
from core.storage.tables import account, account_phone
from core.use_cases import history

LINES_IN_SMS = 5  # with the longest sums these are three segments


class HistoryBySms:
    def __init__(self, database: Database, profile: Profile) -> None:
        self._database = database
        self._profile = profile

    async def tell(self, payer: Payer, number: str | None) -> History:
        """The last payments, refunds and corrections of the phone's account.

        Raises NoRegisteredPhone; NotLinked where the account is another's or is none, which are not told
        apart; AccountNeeded where the phone has several and `number` names none.
        """
        async with self._database.read() as tx:
            found = await tx.all(
                select(account.c.id, account.c.number)
                .join(account_phone, account_phone.c.account_id == account.c.id)
                .where(account_phone.c.msisdn == payer.address)
                .order_by(account.c.number)
            )
            if not found:
                raise NoRegisteredPhone
            meant = [row for row in found if number in (None, row.number)]
            if not meant:
                raise NotLinked
            if len(meant) > 1:
                raise AccountNeeded([row.number for row in meant])
            page = await history.page(tx, AccountId(meant[0].id), before=None, limit=LINES_IN_SMS)
        zone = self._profile.zone
        lines = [
            HistoryLine(item.at.astimezone(zone).date(), item.amount)
            for item in page.items
            if item.kind is not TransferKind.OPENING  # what an import brought is no payment
        ]
        return History(meant[0].number, lines)
