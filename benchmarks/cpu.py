"""CPU that processes have used, with all that they started: whose work a machine's limit is."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds_of(pid: int) -> float:
    """Of a process, of its living descendants, and of its children that have ended."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            said = (folder / "stat").read_text()
        except OSError:
            continue  # it has ended meanwhile
        facts = said.rpartition(")")[2].split()
        parent, times = int(facts[1]), [int(each) for each in facts[11:15]]
        children.setdefault(parent, []).append(int(folder.name))
        used[int(folder.name)] = sum(times) / _TICKS
    total, waiting = 0.0, [pid]
    while waiting:
        each = waiting.pop()
        total += used.get(each, 0.0)
        waiting += children.get(each, [])
    return total
