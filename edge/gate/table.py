"""The gate's rules in the kernel: loaded by the program nft, and looked at whether they are still as they were loaded.

The table keeps two fingerprints of itself as the name of an empty chain: of the text that was loaded, and of what the kernel
made of it. So a helper that starts again can tell that its rules stand without touching them.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from edge.gate.rules import (
    NO_LIMITS,
    TABLE,
    Classes,
    Shape,
    classes_in,
    clear,
    fingerprint,
    forget_chains,
    needs,
    render,
    stand,
    stands_of,
)

NFT_TIMEOUT_S = 20
_PLACES = "/usr/sbin:/sbin:/usr/bin:/usr/local/sbin"


class TableError(Exception):
    """The rules cannot be loaded; nothing was changed."""


def _nft(text: str, *flags: str) -> subprocess.CompletedProcess[str]:
    path = f"{os.environ.get('PATH', '')}:{_PLACES}"
    program = shutil.which("nft", path=path)
    if program is None:
        raise TableError("There is no program nft here. Install the package nftables.")
    try:
        # The text is ours and goes in by its standard input; of the environment it needs nothing but a plain language.
        return subprocess.run(  # noqa: S603
            [program, *flags, "-f", "-"],
            input=text,
            capture_output=True,
            text=True,
            timeout=NFT_TIMEOUT_S,
            check=False,
            env={"PATH": path, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as wrong:
        raise TableError(f"nft cannot be run: {wrong}") from wrong


def _load(text: str) -> None:
    done = _nft(text)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise TableError(f"nft refuses the rules: {said[0] if said else 'it says nothing'}")


def can(shape: Shape) -> frozenset[str]:
    """What the kernel can of that which not every kernel can, by the names of `needs`."""
    return frozenset(name for name, text in needs(shape).items() if not _nft(text, "-c").returncode)


def check_text(text: str) -> str:
    """What nft has against a text, without loading it; "" for nothing."""
    done = _nft(text, "-c")
    return done.stderr.strip() if done.returncode else ""


def take_away() -> None:
    """Take everything of ours out of the kernel."""
    _load(clear())


def listing() -> str | None:
    """What the kernel has of ours, without counters and who is in; None where it has not even the table with the sets."""
    tables = [("-t", f"list table {family} {TABLE}\n") for family in ("inet", "netdev", "bridge")]
    # The classes are elements, too; without them nobody would get through.
    maps = [("-s", f"list map inet {TABLE} {name}\n") for name in ("up_classes", "down_classes")]
    found: list[str] = []
    # One at a time: nft 1.0.6 finds only the last of several that are asked for together.
    for flag, question in (*tables, *maps):
        done = _nft(question, "-s", "-n", flag)
        if done.returncode and not found:
            return None
        found.append(done.stdout)
    return "".join(found)


class Table:
    """The rules of one shape with the classes of limits in use."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.classes: Classes = {0: NO_LIMITS}

    @property
    def rules(self) -> str:
        """Changes whenever the rules do."""
        return fingerprint(render(self.shape, self.classes))

    def begin(self) -> bool:
        """Stand, with as little as that takes: False where the kernel had nothing of ours before."""
        there = listing()
        if there is not None:
            self.classes = {**classes_in(there), 0: NO_LIMITS}
        if not self._stands(there):
            self.load(self.shape, self.classes)
        return there is not None

    def stands(self) -> bool:
        """Whether the kernel has the rules as they were loaded."""
        return self._stands(listing())

    def _stands(self, there: str | None) -> bool:
        if there is None:
            return False
        names, rest = stands_of(there)
        return names == [stand(render(self.shape, self.classes), rest)]

    def load(self, shape: Shape, classes: Classes, *, anew: bool = False) -> None:
        """Replace the rules in one transaction, the sets stay; `anew`: those too. TableError, and the old ones stand."""
        text = render(shape, classes)
        there = None if anew else listing()
        script = (clear() if anew else "") + text
        if there is not None:
            script += forget_chains(there, classes)
            script += "".join(f"delete chain inet {TABLE} {old}\n" for old in stands_of(there)[0])
        _load(script)
        self.shape, self.classes = shape, classes
        made = listing()
        if made is None:
            raise TableError("The rules were loaded, and are not there.")
        _load(f"add chain inet {TABLE} {stand(text, made)}\n")
