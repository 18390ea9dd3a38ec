"""Who may agree to autopay, change it and end it: by the link, by the agreement, after unlinking."""

from dataclasses import replace

import pytest

from core.errors import FullAccessNeeded, MandateExists, NotLinked, NotYours
from core.ids import Payer
from core.money import Money
from core.states import Access
from core.storage.message_tables import notice
from core.wiring import Core
from tests.core.autopay_scenes import CONSENT, FIRST, OTHER, TERMS, agreed, link_to, with_card_key
from tests.core.scenes import CHAT, ON_SQLITE, rows, told
from tests.fakes import FakeProvider

STRANGER = Payer.telegram(300)

settings = with_card_key


@ON_SQLITE
async def test_only_full_access_agrees_and_ends(core: Core, provider: FakeProvider) -> None:
    owner, mandate_id = await agreed(core, provider)
    await link_to(core, owner, OTHER, access=Access.READ)
    for who, refusal in ((STRANGER, NotLinked), (OTHER, FullAccessNeeded)):
        for attempt in (
            core.autopay.offer(who, owner),
            core.autopay.connect(who, owner, TERMS, consent=CONSENT),
            core.autopay.change(who, owner, TERMS, consent=CONSENT),
            core.autopay.pause(who, owner),
            core.autopay.resume(who, owner),
            core.autopay.skip(who, mandate_id, FIRST),
            core.autopay.delete(who, owner),
        ):
            with pytest.raises(refusal):
                await attempt
    with pytest.raises(NotLinked):
        await core.autopay.state(STRANGER, owner)
    seen = await core.autopay.state(OTHER, owner)
    assert seen is not None
    assert not seen.mine


@ON_SQLITE
async def test_another_with_full_access_may_end_and_not_change(core: Core, provider: FakeProvider) -> None:
    owner, _ = await agreed(core, provider)
    await link_to(core, owner, OTHER)
    with pytest.raises(NotYours):
        await core.autopay.change(OTHER, owner, replace(TERMS, amount=Money.roubles(900)), consent=CONSENT)
    with pytest.raises(MandateExists):
        await core.autopay.connect(OTHER, owner, TERMS, consent=CONSENT)
    await core.autopay.pause(OTHER, owner)
    with pytest.raises(NotYours):
        await core.autopay.resume(OTHER, owner)
    await core.autopay.delete(OTHER, owner)
    assert (await told(core, CHAT))[-2:] == ["autopay_paused", "autopay_deleted"]
    assert await told(core, OTHER) == ["autopay_paused", "autopay_deleted"]
    by_other = {
        each.address: each.params["by_other"] for each in await rows(core, notice, template="autopay_deleted")
    }
    assert by_other == {CHAT.address: True, OTHER.address: False}


@ON_SQLITE
async def test_who_agreed_may_end_it_without_a_link(core: Core, provider: FakeProvider) -> None:
    owner, _ = await agreed(core, provider)
    await core.links_by_sms.unlink(CHAT, owner)
    assert (await core.autopay.state(CHAT, owner)) is not None
    with pytest.raises(NotLinked):
        await core.autopay.change(CHAT, owner, TERMS, consent=CONSENT)
    await core.autopay.delete(CHAT, owner)
    with pytest.raises(NotLinked):
        await core.autopay.state(CHAT, owner)


async def test_who_agreed_finds_the_account_also_after_unlinking_it(
    core: Core, provider: FakeProvider
) -> None:
    owner, _ = await agreed(core, provider)
    await core.links_by_sms.unlink(CHAT, owner)
    (one,) = await core.autopay.agreed_on(CHAT)
    assert (one.id, one.number, one.access) == (owner, "100080", Access.READ)
    assert await core.autopay.agreed_on(STRANGER) == []
    await core.autopay.delete(CHAT, owner)
    assert await core.autopay.agreed_on(CHAT) == []
