"""Which provider takes which method, as the settings choose; adapters are imported where they are used."""

from collections.abc import Iterator, Mapping, Sequence

from core.payments.provider import Provider
from core.profile import Profile
from core.settings import Settings
from core.states import Method


class Providers(Mapping[str, Provider]):
    """All providers by name. Where a method has several, the first takes new payments."""

    def __init__(self, providers: Sequence[Provider], chosen: Mapping[Method, str] | None = None) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._chosen = chosen or {}

    def of(self, method: Method) -> Provider | None:
        """Who takes a new payment by this method; None: nobody does."""
        name = self._chosen.get(method)
        able = (each for each in self.values() if name in (None, each.name))
        return next((each for each in able if method in each.capabilities.methods), None)

    def __getitem__(self, name: str) -> Provider:
        return self._providers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._providers)

    def __len__(self) -> int:
        return len(self._providers)


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
