"""Which provider takes which method: as the settings say, or whoever can first."""

import pytest

from core import profile as profiles
from core.payments.choice import Providers
from core.payments.configured import configured
from core.profile import Profile
from core.settings import Settings
from core.states import Method
from tests.fakes import FakeClock, FakeProvider

ARSENALPAY = {
    "arsenalpay_callback_key": "c",
    "arsenalpay_merchant": "7",
    "arsenalpay_widget": "1",
    "arsenalpay_widget_key": "w",
    "arsenalpay_mobile_key": "m",
}
YOOKASSA = {"yookassa_shop": "100500", "yookassa_key": "live_k"}
SANDBOX = {"sandbox_url": "http://127.0.0.1:1", "sandbox_key": "k"}


def _chosen(**settings: object) -> dict[str, str]:
    found = configured(Settings.model_validate(settings), profiles.load())
    return {method: provider.name for method in Method if (provider := found.of(method)) is not None}


@pytest.mark.parametrize(
    "settings, chosen",
    [
        ({}, {}),
        ({"payment_provider": "sandbox", **SANDBOX}, {"card": "sandbox", "mobile": "sandbox"}),
        ({"payment_provider": "arsenalpay", **ARSENALPAY}, {"card": "arsenalpay", "mobile": "arsenalpay"}),
        (
            {"payment_provider": "yookassa", **YOOKASSA},
            {"card": "yookassa", "sbp": "yookassa", "mobile": "yookassa"},
        ),
        (
            {"payment_provider": "yookassa", "mobile_provider": "arsenalpay", **YOOKASSA, **ARSENALPAY},
            {"card": "yookassa", "sbp": "yookassa", "mobile": "arsenalpay"},
        ),
        (
            {"card_provider": "arsenalpay", "sbp_provider": "yookassa", **YOOKASSA, **ARSENALPAY},
            {"card": "arsenalpay", "sbp": "yookassa", "mobile": "arsenalpay"},
        ),
        (
            {"payment_provider": "arsenalpay", "sbp_provider": "yookassa", **YOOKASSA, **ARSENALPAY},
            {"card": "arsenalpay", "sbp": "yookassa", "mobile": "arsenalpay"},
        ),
    ],
)
def test_the_choice_of_a_method_goes_before_the_choice_for_all(
    settings: dict[str, object], chosen: dict[str, str]
) -> None:
    assert _chosen(**settings) == chosen


@pytest.mark.parametrize(
    "settings",
    [
        {"sbp_provider": "arsenalpay", **ARSENALPAY},
        {"mobile_provider": "arsenalpay", **(ARSENALPAY | {"arsenalpay_mobile_key": ""})},
        {"card_provider": "arsenalpay", **(ARSENALPAY | {"arsenalpay_widget_key": ""})},
    ],
)
def test_a_choice_that_cannot_take_its_method_stops_the_start(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="does not take this method"):
        _chosen(**settings)


def test_networks_that_are_none_stop_the_start() -> None:
    with pytest.raises(ValueError, match="everywhere"):
        _chosen(payment_provider="yookassa", yookassa_networks="everywhere", **YOOKASSA)


def test_providers_are_found_by_name(profile: Profile, clock: FakeClock) -> None:
    fake = FakeProvider(clock)
    providers = Providers([fake])
    assert (list(providers), len(providers), providers["fake"]) == (["fake"], 1, fake)
    assert providers.of(Method.CARD) is fake
    assert providers.of(Method.SBP) is None
    assert Providers([fake], {Method.CARD: "another"}).of(Method.CARD) is None
