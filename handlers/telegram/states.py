"""Where a dialogue waits for a typed answer."""

from aiogram.fsm.state import State, StatesGroup


class TopUp(StatesGroup):
    account = State()
    amount = State()


class AlertLevel(StatesGroup):
    amount = State()


class Linking(StatesGroup):
    code = State()
    contact = State()
    number = State()  # to which an SMS is sent
    sms_code = State()
    unlink_code = State()


class Agreement(StatesGroup):
    amount = State()
    days = State()
    day_of_month = State()
    until = State()


class Broadcasting(StatesGroup):
    title = State()
    text = State()
    change = State()
    edit = State()  # a typed yes
