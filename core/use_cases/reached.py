"""Who can be written to, as conditions of SQL: no row of theirs means that nothing speaks against it."""

from sqlalchemy import ColumnElement, FromClause, and_, or_

from core.states import Channel
from core.storage.tables import subscriber


def reachable(person: FromClause = subscriber) -> ColumnElement[bool]:
    return or_(person.c.reachable.is_(None), person.c.reachable)


def not_stopped(person: FromClause = subscriber) -> ColumnElement[bool]:
    return or_(person.c.stopped.is_(None), ~person.c.stopped)


def same_person(person: FromClause, channel: Channel, address: ColumnElement[str]) -> ColumnElement[bool]:
    return and_(person.c.channel == channel, person.c.address == address)
