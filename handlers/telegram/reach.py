"""A person blocks the bot or takes it back."""

from aiogram import Router
from aiogram.types import ChatMemberUpdated

from core.ids import Payer
from core.use_cases.subscribers import Subscribers

BLOCKED = ("kicked", "left")

router = Router(name="reach")


@router.my_chat_member()
async def reach_changed(event: ChatMemberUpdated, subscribers: Subscribers) -> None:
    payer = Payer.telegram(event.from_user.id)
    await subscribers.set_reachable(payer, reachable=event.new_chat_member.status not in BLOCKED)
