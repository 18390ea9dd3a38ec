"""What the buttons of alert settings carry: an account, and one setting as it is to be."""

from abc import abstractmethod
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from core.money import Money
from core.notice_states import AlertBySms
from core.use_cases.alert_settings import Settings
from handlers.telegram.buttons import Button, Number


class ToAlerts(Button, prefix="alerts"):
    number: Number | None = None  # None: the account chosen last


class ToAlertAccounts(Button, prefix="alertsof"):
    """The picker of accounts."""


class AskThreshold(Button, prefix="alask"):
    """Typed, or one of those offered."""

    number: Number


class AlertsUsual(Button, prefix="alon"):
    """As they are where nothing was chosen."""

    number: Number


class SetAlert(Button, prefix="alset"):
    number: Number

    @abstractmethod
    def change(self, now: Settings) -> Settings:
        """The settings with this one as the button says."""


class AlertDay(SetAlert, prefix="alday"):
    days: Annotated[int, Field(ge=1, le=30)]
    on: bool

    def change(self, now: Settings) -> Settings:
        return now.with_day(self.days, on=self.on)


class AlertThreshold(SetAlert, prefix="alsum"):
    kopecks: Annotated[int, Field(ge=0, lt=10**12)]  # 0: none

    def change(self, now: Settings) -> Settings:
        return replace(now, threshold=Money(self.kopecks) if self.kopecks else None)


class AlertNegative(SetAlert, prefix="alneg"):
    on: bool

    def change(self, now: Settings) -> Settings:
        return replace(now, negative=self.on)


class AlertTelegram(SetAlert, prefix="altg"):
    on: bool

    def change(self, now: Settings) -> Settings:
        return replace(now, telegram=self.on)


class AlertSms(SetAlert, prefix="alsms"):
    sms: AlertBySms

    def change(self, now: Settings) -> Settings:
        return replace(now, sms=self.sms)


class AlertsOff(SetAlert, prefix="aloff"):
    def change(self, now: Settings) -> Settings:
        return now.off()
