"""The HTTP side of the SMS door: Kannel and an aggregator as the settings name them, both ways."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from core.wiring import Core
from sms_gateway.aggregator.callback import AggregatorCallbacks, OnReceipt
from sms_gateway.aggregator.replies import AggregatorReplies
from sms_gateway.aggregator.signature import Signature
from sms_gateway.arrivals import Arrivals, TakeUp
from sms_gateway.callers import Callers, ClientOf
from sms_gateway.carriers import Lasting
from sms_gateway.configured import aggregator_of, kannels_of, networks_of
from sms_gateway.kannel.callbacks import KannelCallbacks
from sms_gateway.kannel.sendsms import Kannel
from sms_gateway.kannel.signed import Signer
from sms_gateway.smpp.link import Patience


class Gateways:
    """ValueError where an address of the settings is none."""

    def __init__(self, core: Core, *, patience: Patience | None, on_change: Callable[[], None]) -> None:
        settings, short_code = core.settings, core.profile.sms.short_code
        self._core = core
        self._signer = Signer(settings.kannel_token.get_secret_value())
        self._signature = Signature(settings.aggregator_key.get_secret_value())
        self._kannels = [
            Kannel(
                each,
                short_code=short_code,
                signer=self._signer,
                back_url=settings.kannel_back_url or settings.public_url,
                patience=patience,
                on_change=on_change,
            )
            for each in kannels_of(settings)
        ]
        self.carriers: list[Lasting] = [*self._kannels]
        reply_url = aggregator_of(settings)
        if reply_url:
            self.carriers.append(
                AggregatorReplies(
                    reply_url,
                    short_code=short_code,
                    signature=self._signature,
                    window=settings.smsc_window,
                    per_second=settings.smsc_messages_per_second,
                    wall=core.wall,
                    patience=patience,
                    on_change=on_change,
                )
            )

    def routes(self, take_up: TakeUp, on_receipt: OnReceipt, client_of: ClientOf) -> list[web.RouteDef]:
        settings, arrivals = self._core.settings, Arrivals(self._core.receiving, take_up)
        routes: list[web.RouteDef] = []
        if self._kannels:
            routes += KannelCallbacks(
                self._core.receiving,
                arrivals,
                on_receipt,
                ways={each.name: each.operator for each in self._kannels},
                vouching={each.name for each in kannels_of(settings) if each.direct},
                signer=self._signer,
                callers=Callers(networks_of(settings.kannel_networks), client_of),
            ).routes()
        if settings.aggregator_key.get_secret_value():
            routes += AggregatorCallbacks(
                arrivals,
                on_receipt,
                signature=self._signature,
                callers=Callers(networks_of(settings.aggregator_networks), client_of),
                wall=self._core.wall,
            ).routes()
        return routes
