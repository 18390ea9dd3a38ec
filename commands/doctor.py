"""`aliance doctor`: what the installation lacks, and with --invariants what its records break."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pydantic import ValidationError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core import profile as profiles
from core.payments.configured import configured
from core.redis_client import open_redis
from core.settings import Settings
from core.states import Method
from core.storage.database import Database
from core.storage.schema import is_current
from core.use_cases import audit
from core.wiring import open_core
from sms_gateway.configured import UNSAID, unsaid, ways_in, ways_of

TROUBLE = 1


class _Trouble(Exception):
    """One check failed; the text says what to mend."""


async def examine(settings: Settings, *, invariants: bool, audit_head: Path | None = None) -> int:
    """Print a line a check; 1 where one fails or an invariant is broken.

    `audit_head` is the file that knows how far the audit trail was when it was looked at before.
    """
    checks: list[tuple[str, Callable[[Settings], Awaitable[str]]]] = [
        ("settings", _settings),
        ("profile", _profile),
        ("database", _database),
        ("redis", _redis),
        ("provider", _provider),
        ("sms", _sms),
        ("confirmation by SMS", _confirmation),
    ]
    if audit_head is not None:
        checks.append(("audit trail", partial(_trail, file=audit_head)))
    healthy = True
    for name, check in checks:
        try:
            print(f"{name}: {await check(settings)}")
        except _Trouble as trouble:
            healthy = False
            print(f"{name}: FAILED, {trouble}")
    if invariants and healthy:
        healthy = await tell_violations(settings)
    return 0 if healthy else TROUBLE


async def tell_violations(settings: Settings) -> bool:
    """Check the records; "none", or a line a violation."""
    async with open_core(settings) as core:
        violations = await core.invariants.check()
    for violation in violations:
        print(f"{violation.code}: {violation.about}")
    if not violations:
        print("invariants: none")
    return not violations


async def _settings(settings: Settings) -> str:
    doors = [
        name
        for name, configured in (
            ("telegram", bool(settings.telegram_token.get_secret_value())),
            ("sms", settings.sends_sms),
        )
        if configured
    ]
    return f"environment {settings.env}, doors: {', '.join([*doors, 'web'])}"


async def _profile(settings: Settings) -> str:
    try:
        profile = profiles.load(settings.operator_profile)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False)[0]
        raise _Trouble(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from wrong
    except (OSError, ValueError) as wrong:
        raise _Trouble(str(wrong)) from wrong
    return f"{profile.code}, {len(profile.tariffs)} tariffs, {profile.time_zone}"


async def _database(settings: Settings) -> str:
    database = Database(settings.database_url)
    try:
        with _told(SQLAlchemyError, OSError):
            current = await is_current(database)
    finally:
        await database.close()
    if not current:
        raise _Trouble("its schema is not the newest: run `aliance migrate`")
    return "SQLite, schema current" if settings.embedded else "PostgreSQL, schema current"


async def _redis(settings: Settings) -> str:
    if not settings.redis_url:
        return "none, one process" if settings.embedded else "none, wake-ups only within a process"
    async with open_redis(settings.redis_url) as redis:
        with _told(RedisError, OSError):
            await redis.ping()
    return "answers"


async def _provider(settings: Settings) -> str:
    with _told(ValueError):
        providers = configured(settings, profiles.load(settings.operator_profile))
    taken = {method: provider.name for method in Method if (provider := providers.of(method)) is not None}
    return ", ".join(f"{method} by {name}" for method, name in taken.items()) or "none: top-ups are refused"


async def _sms(settings: Settings) -> str:
    with _told(ValueError):
        return ", ".join(ways_of(settings)) or "no SMSC"


async def _confirmation(settings: Settings) -> str:
    """What a top-up asked for by SMS takes; see docs/sms-commands.md."""
    with _told(ValueError, OSError):
        ways, asked = ways_in(settings), profiles.load(settings.operator_profile).sms.confirm
    by_word = [name for name, vouches in ways.items() if vouches and asked == "word"]
    by_code = [name for name in ways if name not in by_word]
    said = [("ДА", by_word), ("three digits", by_code)]
    told = [f"{what}: {', '.join(names)}" for what, names in said if names] or ["no SMS come in"]
    if asked == "word" and (names := unsaid(settings)):
        told.append(f"{UNSAID} ({', '.join(names)})")
    return "; ".join(told)


async def _trail(settings: Settings, file: Path) -> str:
    """Whoever can write to the database can make a trail that is whole; not one that FILE knows."""
    with _told(ValueError, OSError):
        noted = _noted(file)
    database = Database(settings.database_url)
    try:
        with _told(SQLAlchemyError, OSError):
            async with database.snapshot() as tx:
                broken, known, head = (
                    await audit.holes(tx),
                    await audit.holds(tx, noted),
                    await audit.head(tx),
                )
    finally:
        await database.close()
    if broken:
        raise _Trouble(broken[0].about)
    if not known:
        raise _Trouble(f"entry {noted.number} is not the one that {file} knows")
    with _told(OSError):
        beside = file.with_name(f"{file.name}.new")
        beside.write_text(f"{head.number} {head.hash}\n", encoding="ascii")
        beside.replace(file)
    return f"{head.number} entries, the first {noted.number} as {file} knew them"


def _noted(file: Path) -> audit.Head:
    if not file.exists():
        return audit.Head(0, audit.FIRST)
    number, seal = file.read_text(encoding="ascii").split()
    return audit.Head(int(number), seal)


@contextmanager
def _told(*kinds: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kinds as trouble:
        raise _Trouble(f"{type(trouble).__name__}: {str(trouble).splitlines()[0]}") from trouble
