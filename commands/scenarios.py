"""`aliance demo --once`: the handbook's scenarios, played by the demo's people and held against the books."""

import re
from dataclasses import replace

from commands.alert_scenario import play_alerts
from commands.autopay_scenario import PAID, play_autopay
from commands.broadcast_scenario import play_broadcast
from commands.phones import Json, Off, Phones, field, until
from commands.records import statement_lines
from commands.talks import Chat, SmsTalk, must_hold, page_of, press_of
from core.money import Money
from core.states import TransferKind
from core.wiring import Core

PHONE = "79140000001"  # registered with the account, on the operator that the handbook's 113.00 is of
PERSON = 1001
CARD = {"number": "4276 8500 0003 7173", "expiry": "12/30", "cvc": "123", "remember": "on"}
CARD_MASK = "4276 85 xxxx 7173"
BY_SMS = Money.roubles(100)
BY_CARD = Money.roubles(500)
TRANSFERS = 1000  # more than the scenarios make


async def play(core: Core, phones: Phones, *, sms: bool, telegram: bool, account: str, password: str) -> int:
    """Play what can be played with the simulator's phones; 0 where all is as it should be, else 1."""
    expected: list[Money] = []
    try:
        if sms:
            await _by_sms(phones, core.profile.sms.short_code, account)
            expected.append(BY_SMS)
        else:
            print("\nThe SMSC is not the simulator's: nobody sends an SMS.")
        if telegram:
            talk = SmsTalk(phones, PHONE, core.profile.sms.short_code) if sms else None
            await _in_telegram(core, phones, talk, account, password)
            expected += [BY_CARD, *PAID]
            await play_broadcast(phones)
        else:
            print("\nThe Bot API is not the simulator's: nobody writes in Telegram.")
        await _check(core, phones, account, expected)
    except Off as off:
        print(f"\nOFF: {off}")
        return 1
    print("\nAll is as it should be.")
    return 0


async def _by_sms(phones: Phones, short_code: str, account: str) -> None:
    print(f"\nTop-up by SMS, phone {PHONE} and {short_code}")
    talk = SmsTalk(phones, PHONE, short_code)
    await talk.says(f"aliance {account} 100", account, "113")
    await talk.says("да", account, "100")
    await talk.says("баланс", account)


async def _in_telegram(core: Core, phones: Phones, talk: SmsTalk | None, account: str, password: str) -> None:
    print(f"\nLink, balance and top-up by card in Telegram, person {PERSON}")
    chat = Chat(phones, PERSON)
    await _link(chat, phones, account, password)
    await chat.says("/balance", account, button="history")
    await play_alerts(chat, phones, talk, account=account, phone=PHONE)
    offer = await _pay_by_card(chat, phones, account)
    balance = await chat.says("/balance", account, button="history")
    await chat.presses(press_of(balance, "history"), "500", "100")
    await play_autopay(chat, phones, core.profile.zone, offer, account=account, mask=CARD_MASK)


async def _link(chat: Chat, phones: Phones, account: str, password: str) -> None:
    welcome = await chat.says("/start", button="link")
    asked = await chat.presses(press_of(welcome, "link"), button="url")
    page = page_of(asked)
    must_hold(await phones.open(page), str(PERSON))  # the name of who asked
    print(f"    (logs in as {account} on the page, and is shown a code)")
    proven = await phones.submit(page, {"login": account, "password": password})
    code = re.search(r'id="code">(\d{6})<', proven)
    if code is None:
        raise Off("the login page shows no code")
    await chat.says(code[1], account, shown="(the code)")


async def _pay_by_card(chat: Chat, phones: Phones, account: str) -> Json:
    """A top-up whose card is remembered; the offer of autopay that follows it."""
    await chat.says("/pay", account, button="amount")
    quote = await chat.says("500", account, "500", button="confirm")
    ticked = await chat.presses(press_of(quote, "remember"), account, button="confirm")
    checkout = await chat.presses(press_of(ticked, "confirm"), account, button="url")
    page = page_of(checkout)

    async def pay() -> None:
        print("    (pays with a test card on the page)")
        form = field(await phones.open(page), "form")
        must_hold(await phones.submit(page, CARD | {"form": form}), CARD_MASK, 'data-status="succeeded"')

    receipt = await chat.sees(pay, account, "500", CARD_MASK)
    if receipt["message_id"] != checkout["message_id"]:
        raise Off("the receipt did not take the place of the confirmation")
    await chat.also(CARD_MASK, button="cards")
    return await chat.also(account, "500", button="a")


async def _check(core: Core, phones: Phones, account: str, expected: list[Money]) -> None:
    await _until_settled(core)
    view = await core.statements.ledger(account, limit=TRANSFERS)
    fees = [row.amount.kopecks for row in view.rows if row.kind == TransferKind.FEE]
    shown = replace(view, rows=[row for row in view.rows if row.kind != TransferKind.FEE])
    print("\nLedger")
    print("\n".join(f"  {line}" for line in statement_lines(shown)))
    print(f"  and {len(fees)} fees, {Money(sum(fees))} in all")
    credited = sorted(row.amount for row in view.rows if row.kind == TransferKind.TOP_UP)
    if credited != sorted(expected):
        raise Off(f"credited {credited}, expected {sorted(expected)}")

    collected = {
        charge["id"]: Money(charge["amount"])
        for charge in await phones.provider_books()
        if charge["status"] == "succeeded"
    }
    booked = await core.reconciliations.booked("sandbox")
    total = Money(sum(each.kopecks for each in collected.values()))
    print(f"Provider's books: {len(collected)} charges, {total} in all")
    if collected != booked:
        raise Off(f"the provider collected {collected}, we booked {booked}")

    violations = await core.invariants.check()
    print(f"Invariants broken: {', '.join(f'{each.code} {each.about}' for each in violations) or 'none'}")
    if violations:
        raise Off("invariants are broken")


async def _until_settled(core: Core) -> None:
    queues = core.queues

    async def idle() -> bool:
        return not any(age is not None for age in (await queues.oldest()).values())

    await until(idle, "the end of all work")
