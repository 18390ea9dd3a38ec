"""The providers that the settings choose; each adapter, and aiohttp with it, is imported by who uses it."""

from core.payments.choice import Providers
from core.payments.provider import Provider
from core.profile import Profile
from core.settings import Settings


def configured(settings: Settings, profile: Profile) -> Providers:
    """Raises ValueError where a provider is chosen for a method that it cannot take as it is set up."""
    names = settings.provider_names
    make = {"sandbox": _sandbox, "arsenalpay": _arsenalpay, "yookassa": _yookassa}
    providers = Providers([make[name](settings, profile) for name in names], settings.chosen_providers)
    for method in settings.chosen_providers:
        if providers.of(method) is None:
            raise ValueError(
                f"ALIANCE_{method.upper()}_PROVIDER: it does not take this method as it is set up"
            )
    return providers


def _sandbox(settings: Settings, profile: Profile) -> Provider:
    from core.payments.sandbox import Sandbox

    return Sandbox(
        url=settings.sandbox_url,
        key=settings.sandbox_key.get_secret_value(),
        merchant=profile.demo_merchant,
        public_url=settings.public_url,
    )


def _arsenalpay(settings: Settings, profile: Profile) -> Provider:
    from core.payments.arsenalpay import ArsenalPay

    return ArsenalPay(
        url=settings.arsenalpay_url,
        public_url=settings.public_url,
        merchant=settings.arsenalpay_merchant,
        callback_key=settings.arsenalpay_callback_key.get_secret_value(),
        widget=settings.arsenalpay_widget,
        widget_key=settings.arsenalpay_widget_key.get_secret_value(),
        mobile_key=settings.arsenalpay_mobile_key.get_secret_value(),
        client_id=settings.arsenalpay_client_id,
        client_secret=settings.arsenalpay_client_secret.get_secret_value(),
    )


def _yookassa(settings: Settings, profile: Profile) -> Provider:
    from core.payments.yookassa import YooKassa

    return YooKassa(
        url=settings.yookassa_url,
        public_url=settings.public_url,
        shop=settings.yookassa_shop,
        key=settings.yookassa_key.get_secret_value(),
        networks=settings.yookassa_networks,
        test=settings.yookassa_test,
    )
