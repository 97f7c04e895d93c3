"""As whom the programs of a shop run when root has started it: those that speak with strangers as an ordinary user.

Under sudo everything in the shop's folder belongs to whoever called sudo, and stays theirs: this process itself goes on as that
user too, and is root again only to start the access point and the gate. Root without an ordinary user behind it starts what
speaks HTTP without any capability.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.up.sentences import UpError

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 8, 24, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
"""prctl(2)."""
LAST_CAPABILITY = 63
NET_ADMIN = (12,)
"""CAP_NET_ADMIN, which is all that the gate needs."""
RAW_RADIO = (12, 13)
"""CAP_NET_ADMIN and CAP_NET_RAW, for a radio that is heard without BlueZ."""
NO_CACHE = {"PYTHONDONTWRITEBYTECODE": "1"}
"""Root leaves no files of its own in somebody's source tree."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The ordinary user of a shop that root has started."""

    uid: int
    gid: int
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """How a program is started: `prepare` runs in the new process before the program does, `options` go to Popen."""

    prepare: Callable[[], None]
    options: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


def find_owner(folder: Path, environ: Mapping[str, str], uid: int) -> Owner | None:
    """Whose shop this is where root starts it: whoever called sudo, else who has the folder; None where there is nobody else."""
    if uid != 0:
        return None
    called = environ.get("SUDO_UID", "")
    if called.isdecimal() and int(called) > 0:
        return _owner(int(called), environ.get("SUDO_GID", ""))
    try:
        kept = folder.stat()
    except OSError:
        return None
    return _owner(kept.st_uid, str(kept.st_gid)) if kept.st_uid > 0 else None


def _owner(uid: int, gid: str) -> Owner:
    try:
        known = pwd.getpwuid(uid)
    except KeyError:
        own = int(gid) if gid.isdecimal() and int(gid) > 0 else uid
        return Owner(uid, own, (own,))
    return Owner(uid, known.pw_gid, tuple(os.getgrouplist(known.pw_name, known.pw_gid)))


def become(owner: Owner) -> None:
    """Go on as that user, for everything but what `as_root` starts."""
    os.setgroups(owner.groups)
    os.setresgid(owner.gid, owner.gid, owner.gid)
    # The real user stays root, so that root can be taken up again and children of root can be ended.
    os.seteuid(owner.uid)


def insist_on_python(executable: str) -> None:
    """UpError where this very Python is in a folder of root's alone, as one that root has built for itself."""
    if not os.access(executable, os.X_OK, effective_ids=True):
        raise UpError(
            f"The Python of this installation, {Path(executable).resolve()}, may be run by root alone, and the shop is to run as "
            f"user {os.geteuid()}. Make .venv with one for everybody: SHOPBELL_PYTHON=/usr/bin/python3 ./shopbell up"
        )


@contextmanager
def root_again(owner: Owner | None) -> Iterator[None]:
    """Root for a moment, to look at what the access point and the gate keep to themselves."""
    if owner is None:
        yield
        return
    os.seteuid(0)
    try:
        yield
    finally:
        os.seteuid(owner.uid)


def plainly() -> Start:
    """As this process itself."""
    return Start(_end_with_parent)


def as_owner(owner: Owner) -> Start:
    """As the shop's user for good: there is no way back to root from it."""
    return Start(_end_with_parent, {"user": owner.uid, "group": owner.gid})


def as_owner_with(owner: Owner, capabilities: Sequence[int]) -> Start:
    """As the shop's user, who may do these few things of root's beside (capabilities(7), ambient set)."""

    def prepare() -> None:
        os.seteuid(0)
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setresuid(owner.uid, owner.uid, owner.uid)
        bits = sum(1 << one for one in capabilities)
        # Version 3 of capset(2): effective, permitted, inheritable, once for the low 32 and once for the high ones.
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        sets = (ctypes.c_uint32 * 6)(*[bits & 0xFFFFFFFF] * 3, *[bits >> 32] * 3)
        if libc.capset(header, sets) != 0:
            raise PermissionError("capset")
        for one in capabilities:
            libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, one, 0, 0)
        _end_with_parent()

    return Start(prepare)


def as_root(group: int = 0, keeps: Sequence[int] | None = None) -> Start:
    """As root again, for a program that works on the machine's network, with no more than the capabilities that it `keeps`.

    None: with all. `group` is that of the sockets it makes.
    """

    def prepare() -> None:
        if os.geteuid() != 0:
            os.seteuid(0)
            os.setresgid(group, group, group)
            os.setgroups([])
        if keeps is not None:
            _leave(keeps)
        _end_with_parent()

    return Start(prepare, env=NO_CACHE)


def without_capabilities() -> Start:
    """As root by name, and with nothing that root may (capabilities(7)): there is no ordinary user on whom to fall back."""

    def prepare() -> None:
        _leave(())
        _end_with_parent()

    return Start(prepare)


def _leave(keeps: Sequence[int]) -> None:
    """What root may after the program is started is what is left of its bounding set."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(LAST_CAPABILITY + 1):
        if capability not in keeps:
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def how_to_start(name: str, owner: Owner | None, *, is_guarded: bool, radio: str) -> Start:
    """As whom one of the programs is started. `is_guarded`: strangers are let near, by way of an access point of ours."""
    is_raw = name == "edge" and "ble:raw" in radio
    if os.getuid() != 0 or not (owner or is_guarded):
        return plainly()
    if name == "gate":
        # The portal, which is the user's, connects to its socket.
        return as_root(owner.gid if owner else 0, keeps=NET_ADMIN)
    if name == "wifi":
        return as_root()
    if owner is None:
        return plainly() if is_raw else without_capabilities()
    return as_owner_with(owner, RAW_RADIO) if is_raw else as_owner(owner)


def _end_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent dies: a killed shop must not hold its ports."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
