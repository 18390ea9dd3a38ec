"""Which provider takes which method."""

from collections.abc import Iterator, Mapping, Sequence

from core.payments.provider import Provider
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
