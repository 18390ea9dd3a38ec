"""Debian's Kannel in processes of ours: bearerbox, smsbox, its fake SMSC, on the lines of docs/kannel.md."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from tests.deadlines import until_now
from tests.servers.processes import end, give, launch, server_folder

PAGE = Path(__file__).parents[2] / "docs" / "kannel.md"
FAKE_SMSC = Path("/usr/lib/kannel/test/fakesmsc")
PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"
_GOT = re.compile(r"Got message \d+: <(.*)>\s*$", re.MULTILINE)


class Phone:
    """What a phone got: parts in the lines of the fake SMSC, joined to texts."""

    def __init__(self, log: Path) -> None:
        self._log = log

    @property
    def parts(self) -> int:
        """How many short messages came."""
        return len(_GOT.findall(self._log.read_text(encoding="utf-8", errors="replace")))

    @property
    def texts(self) -> list[str]:
        texts: list[str] = []
        parts: dict[bytes, dict[int, bytes]] = {}
        for line in _GOT.findall(self._log.read_text(encoding="utf-8", errors="replace")):
            _, _, kind, said = line.split(" ", 3)
            match kind:
                case "udh" | "udh-data":
                    header, _, data = said.partition(" ")
                    udh = unquote_to_bytes(header)
                    known = parts.setdefault(udh[3:5], {})
                    known[udh[5]] = unquote_to_bytes(data.removeprefix("data ").replace("+", " "))
                    if len(known) == udh[4]:
                        whole = b"".join(known[number] for number in sorted(known))
                        texts.append(whole.decode("utf-16-be"))
                case "ucs-2" | "ucs2":
                    texts.append(unquote_to_bytes(said.replace("+", " ")).decode("utf-16-be"))
                case _:
                    texts.append(said)
        return texts


class Boxes:
    def __init__(self, folder: Path, smsc_port: int) -> None:
        self._folder = folder
        self._smsc_port = smsc_port
        self._phones = 0

    @contextmanager
    def phone_says(self, sender: str, text: str, *, to: str = "3116") -> Iterator[Phone]:
        """The fake SMSC with one message of a phone; it gets what comes to phones while the block runs."""
        self._phones += 1
        log = self._folder / f"phone{self._phones}.log"
        said = quote(text.encode("utf-16-be"))
        command = [
            str(FAKE_SMSC),
            "-v",
            "0",
            "-H",
            "127.0.0.1",
            "-r",
            str(self._smsc_port),
            "-i",
            "0",
            "-m",
            "1",
        ]
        process = launch([*command, f"{sender} {to} ucs2 {said}"], log=log, death_signal=signal.SIGKILL)
        try:
            yield Phone(log)
        finally:
            end(process, signal.SIGINT)

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def configuration(changes: Mapping[str, str], *, with_smpp: bool = False) -> str:
    """The page's kannel.conf, with other ports and addresses; `with_smpp`: with its group of a real SMSC."""
    blocks: list[str] = re.findall(r"```conf\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    conf, smpp = blocks
    if with_smpp:
        conf = re.sub(r"group = smsc\n.*?\n\n", smpp.strip() + "\n\n", conf, count=1, flags=re.DOTALL)
    for said, instead in changes.items():
        assert said in conf, f"{said} is not in {PAGE.name}"
        conf = conf.replace(said, instead)
    return conf


@contextmanager
def kannel(conf: str, *, smsc_port: int) -> Iterator[Boxes]:
    """Both boxes, until the block ends; their logs are in a folder that goes with them."""
    with server_folder("kannel") as folder, ExitStack() as started:
        spool = folder / "spool"
        spool.mkdir()
        give(spool)
        file = folder / "kannel.conf"
        conf = conf.replace("/var/spool/kannel", str(spool)).replace("/var/log/kannel", str(spool))
        file.write_text(conf, encoding="utf-8")
        for box, ready in (("bearerbox", "entering mainloop"), ("smsbox", "Connected to bearerbox")):
            log = folder / f"{box}.log"
            process = launch([_program(box), "-v", "0", file], log=log, death_signal=signal.SIGKILL)
            started.callback(end, process, signal.SIGTERM)
            until_now(partial(_says, log, ready), what=box)
        yield Boxes(folder, smsc_port)


def _says(log: Path, words: str) -> bool:
    return words in log.read_text(encoding="utf-8", errors="replace")


def _program(name: str) -> str:
    found = shutil.which(name, path=PLACES)
    assert found, f"{name} is not installed: `make peers` installs it"
    return found
