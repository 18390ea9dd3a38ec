"""Where a dialogue waits for a typed answer."""

from aiogram.fsm.state import State, StatesGroup


class TopUp(StatesGroup):
    account = State()
    amount = State()


class Linking(StatesGroup):
    code = State()
    contact = State()
