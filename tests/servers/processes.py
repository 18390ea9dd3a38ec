"""What the test servers share: programs that an unprivileged user can read, a free port, start and end."""

import importlib.util
import os
import random
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests import folders
from tests.servers.launcher import NOBODY

LAUNCHER = Path(__file__).with_name("launcher.py")
STOP_SECONDS = 20


def package_folder(name: str) -> Path:
    """Where an installed package lies, without running its code."""
    spec = importlib.util.find_spec(name)
    assert spec is not None, f"{name} is not installed: make setup"
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])


@contextmanager
def server_folder(name: str, *, quick: bool = False) -> Iterator[Path]:
    """A temporary folder that belongs to the user whom the server runs as; `quick`: in memory, if it can."""
    above = (folders.in_memory() if quick else None) or _temporary()
    _sweep(above, name)
    prefix = f"aliance-{name}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=above, ignore_cleanup_errors=True) as made:
        folder = Path(made)
        give(folder)
        yield folder


def give(folder: Path) -> None:
    """Hand a folder to the user whom the server runs as."""
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)


def readable_by_server(folder: Path) -> bool:
    """Whether the server's user gets to a folder: a .venv below a folder of mode 700 is out of its reach."""
    if os.geteuid() != 0:
        return True
    return all(above.stat().st_mode & stat.S_IXOTH for above in (folder, *folder.resolve().parents))


def reachable(folders: Sequence[Path], into: Path) -> Path:
    """The parent of these neighbouring folders, copied below `into` where the server could not read it."""
    parent = folders[0].parent
    if readable_by_server(parent):
        return parent
    for folder in folders:
        shutil.copytree(folder, into / folder.name, symlinks=True)
    return into


PORTS = range(10_000, 32_768)  # below those that the kernel hands out to whoever connects


def free_port() -> int:
    """A port for a process that is about to listen; nobody's by chance until then."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def launch(
    command: Sequence[str | Path], *, log: Path, death_signal: signal.Signals
) -> subprocess.Popen[bytes]:
    """Start a server below us; what it prints goes to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            _launched(command, death_signal),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=_environment(),
        )


def run(command: Sequence[str | Path]) -> None:
    """Run a preparing command to its end, as the server's user."""
    done = subprocess.run(
        _launched(command, signal.SIGKILL),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
        env=_environment(),
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def end(process: subprocess.Popen[bytes], by: signal.Signals) -> None:
    """Ask a server of ours to end, wait for it, and kill it when it does not."""
    if process.poll() is not None:
        return
    process.send_signal(by)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _launched(command: Sequence[str | Path], death_signal: signal.Signals) -> list[str]:
    # -S and -E: the launcher needs no package, and no coverage of its own.
    return [
        sys.executable,
        "-S",
        "-E",
        str(LAUNCHER),
        str(int(death_signal)),
        *(str(part) for part in command),
    ]


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _temporary() -> Path:
    wished = Path(tempfile.gettempdir())
    return wished if readable_by_server(wished) else Path("/tmp")


def _sweep(above: Path, name: str) -> None:
    """Remove the folders of runs that were killed."""
    for left in above.glob(f"aliance-{name}-*-*"):
        try:
            os.kill(int(left.name.split("-")[2]), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except PermissionError:
            continue  # alive, and somebody else's
