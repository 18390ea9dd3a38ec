"""Becomes a server that ends with the process that started it: run as a script.

Standard library only. Arguments: the number of the signal that the server gets when its starter dies, then
the command of the server.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
NOBODY = 65534  # PostgreSQL refuses to run as root


def main(signal_number: str, *command: str) -> None:
    starter = os.getppid()
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    if sys.platform == "linux":
        # After setuid: a change of user takes the wish back.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
        if os.getppid() != starter:
            return  # it died while we were getting ready
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
