"""Identifiers sort by the time they were made; clocks are aware, and only the demo's moves."""

from datetime import UTC, timedelta

from core.clock import MovableClock, SystemClock
from core.ids import Payer, new_id
from core.states import Channel


def test_ids_are_of_version_7_and_rise() -> None:
    ids = [new_id() for _ in range(1000)]
    assert {each.version for each in ids} == {7}
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_a_movable_clock_runs_ahead_by_what_it_was_shifted() -> None:
    clock, system = MovableClock(), SystemClock()
    clock.shift(timedelta(days=2))
    clock.shift(timedelta(hours=-1))
    ahead = clock.now() - system.now()
    assert timedelta(hours=46, minutes=59) < ahead <= timedelta(hours=47)


def test_a_payer_has_one_opaque_name_a_channel() -> None:
    phone = Payer.sms("79141234567")
    assert phone == Payer(Channel.SMS, "79141234567")
    assert phone.opaque == Payer.sms("79141234567").opaque
    assert phone.opaque != Payer.telegram(79141234567).opaque
    assert "9141234567" not in phone.opaque
