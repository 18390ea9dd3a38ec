"""Where tests keep databases that no power cut ends: in memory, if the machine can.

A commit costs no disk there; and ext4 takes a quarter of a second to make a database's files right after
those of another have been deleted, since it gives no inode again that was freed within five seconds.
"""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

MEMORY = Path("/dev/shm")
ENOUGH = 1 << 30  # bytes free: a cluster's log and a few small databases, for each worker


def in_memory() -> Path | None:
    """A folder of a file system in memory, where there is one with room."""
    there = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return MEMORY if there and shutil.disk_usage(MEMORY).free > ENOUGH else None


def quick_folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="aliance-test-", dir=in_memory())
