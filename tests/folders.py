"""Where tests keep their SQLite files: in memory, if the machine can: a commit costs no disk there."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

MEMORY = Path("/dev/shm")


def quick_folder() -> TemporaryDirectory[str]:
    there = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return TemporaryDirectory(prefix="aliance-test-", dir=MEMORY if there else None)
