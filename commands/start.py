"""From the command line into an event loop, and from trouble that an operator can mend to one line."""

import asyncio
import sys
import tomllib
from collections.abc import Coroutine
from typing import Any

import structlog
import uvloop
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from commands.lock import AlreadyRunning
from commands.run import CannotRun
from core.ids import new_id

TROUBLE = 1

log = structlog.get_logger()


def through(work: Coroutine[Any, Any, int | None]) -> int:
    """Run a command to its end; its exit code."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work) or 0
    except (AlreadyRunning, CannotRun) as reason:
        print(f"aliance: {reason}", file=sys.stderr)
    except ValidationError as wrong:
        for each in wrong.errors(include_input=False, include_url=False):
            place = ".".join(str(part) for part in each["loc"])
            print(f"aliance: {wrong.title}: {place}: {each['msg']}", file=sys.stderr)
    except (SQLAlchemyError, OSError, tomllib.TOMLDecodeError) as trouble:
        # The first line says it; statements and their parameters are nobody's business here.
        print(f"aliance: {type(trouble).__name__}: {str(trouble).splitlines()[0]}", file=sys.stderr)
    except KeyboardInterrupt:
        print("aliance: stopped", file=sys.stderr)
    except ExceptionGroup as trouble:
        # The one catch-all of a process: a part of it ended by itself.
        log.error("the process ends", incident=str(new_id()), exc_info=trouble)
    return TROUBLE
