"""A Debian that runs on its own, with systemd as its first process (systemd-nspawn): fresh from the mirrors of this machine's
apt, or with this machine's own /usr beneath an /etc and a /var that are empty."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from hub.up.packages import find_program

DEBOOTSTRAP_S = 900
BOOT_S = 90
ASK_S = 300
PACKAGES = "systemd,systemd-sysv,dbus,python3"
LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class CannotBoot(Exception):
    """systemd does not run here; the text says why, and how to get it."""


def mirror() -> tuple[str, str]:
    """The release and the address of the archive that this machine's apt names."""
    wanted = (
        "apt-get",
        "indextargets",
        "--format",
        "$(RELEASE)|$(COMPONENT)|$(REPO_URI)|$(ORIGIN)",
        "Created-By: Packages",
    )
    done = subprocess.run(wanted, capture_output=True, text=True, timeout=60, check=False)
    code = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    release = code.get("VERSION_CODENAME", "").strip('"')
    for line in done.stdout.splitlines():
        suite, component, address, origin = (line.split("|") + [""] * 4)[:4]
        if suite == release and component == "main" and origin in ("Debian", "Raspbian"):
            return release, address
    raise CannotBoot("This machine's apt names no archive of Debian.")


def fresh(folder: Path) -> Path:
    """A small Debian of this machine's release, by debootstrap."""
    program = find_program("debootstrap")
    if program is None:
        raise CannotBoot("It needs debootstrap: apt install debootstrap")
    release, address = mirror()
    root = folder / "debian"
    command = [program, "--variant=minbase", f"--include={PACKAGES}", release, str(root), address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEBOOTSTRAP_S, check=False)
    if done.returncode:
        raise CannotBoot(f"debootstrap did not go through: {(done.stderr or done.stdout).strip()[-300:]}")
    return root


def beneath(folder: Path) -> Path:
    """This machine's /usr, and nothing else of it."""
    root = folder / "debian"
    for name in ("usr", "etc", "var", "run", "tmp", "proc", "sys", "dev", "root", "srv", "opt", "usr-local"):
        (root / name).mkdir(parents=True)
    for name in LINKS:
        if Path("/", name).is_symlink():
            (root / name).symlink_to(Path("/", name).readlink())
    for name in (
        "os-release",
        "ld.so.cache",
        "ld.so.conf",
        "ld.so.conf.d",
        "nsswitch.conf",
        "login.defs",
        "pam.d",
        "alternatives",
    ):
        source = Path("/etc", name)
        if source.is_dir():
            shutil.copytree(source, root / "etc" / name, symlinks=True)
        elif source.exists():
            shutil.copy(source, root / "etc" / name, follow_symlinks=False)
    # systemd-nspawn looks for it before there is a /usr.
    (root / "usr/lib").mkdir()
    shutil.copy("/etc/os-release", root / "usr/lib/os-release")
    # An id that is there: it is no first start, at which whatever is installed would be switched on.
    (root / "etc/machine-id").write_text("5" * 32 + "\n")
    (root / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nmessagebus:x:100:100::/nonexistent:/usr/sbin/nologin\n"
    )
    (root / "etc/group").write_text("root:x:0:\nmessagebus:x:100:\n")
    return root


class Debian:
    """A machine. `root` is its folder; `has_own_usr`: else it borrows this machine's /usr, for reading."""

    def __init__(self, root: Path, *, has_own_usr: bool) -> None:
        self.root = root
        self._has_own_usr = has_own_usr
        self._process: subprocess.Popen[bytes] | None = None
        self._first = 0

    def boot(self) -> None:
        """Start it; CannotBoot where systemd does not come up."""
        program = find_program("systemd-nspawn")
        if program is None:
            raise CannotBoot("It needs systemd-nspawn: apt install systemd-container")
        borrowed = () if self._has_own_usr else ("--bind-ro=/usr",)
        words = (
            "--boot",
            "--register=no",
            "--keep-unit",
            "--console=pipe",
            "--private-network",
            "--quiet",
            "--link-journal=no",
        )
        log = (self.root.parent / "console.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [program, "-D", str(self.root), *words, *borrowed, *(self._local() if borrowed else ())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + BOOT_S
        while time.monotonic() < end and self._process.poll() is None:
            self._first = self._find_first()
            if self._first and self.ask("systemctl", "is-system-running", within_s=10).stdout.strip() in (
                "running",
                "degraded",
            ):
                return
            time.sleep(0.2)
        told = (self.root.parent / "console.log").read_text(errors="replace").strip()[-400:]
        self.power_off()
        raise CannotBoot(f"systemd does not come up here: {told or 'it says nothing'}")

    def _local(self) -> tuple[str, ...]:
        # Its own, and writable: the link of our command goes there.
        return (f"--bind={self.root / 'usr-local'}:/usr/local",)

    def _find_first(self) -> int:
        """The first process of the machine, by its number here."""
        assert self._process is not None
        try:
            children = (
                Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
            )
            return (
                int(children[0])
                if children and Path(f"/proc/{children[0]}/comm").read_text().strip() == "systemd"
                else 0
            )
        except OSError:
            return 0

    def ask(self, *command: str, within_s: float = ASK_S) -> subprocess.CompletedProcess[str]:
        """Run a command on it, as its root."""
        inside = ["nsenter", "-t", str(self._first), "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--", *command]
        env = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": "/root",
        }
        return subprocess.run(inside, capture_output=True, text=True, timeout=within_s, check=False, env=env)

    def do(self, *command: str, within_s: float = ASK_S) -> str:
        """The same, which has to go through; what it printed."""
        done = self.ask(*command, within_s=within_s)
        if done.returncode:
            raise AssertionError(
                f"{' '.join(command)} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}"
            )
        return done.stdout

    def power_off(self) -> None:
        """Pull the plug: nothing of it is asked, and nothing runs a moment longer."""
        if self._process is None:
            return
        if self._first:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._first, signal.SIGKILL)
        else:
            self._process.kill()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)
        self._process, self._first = None, 0


@contextlib.contextmanager
def debian(folder: Path, *, by_debootstrap: bool) -> Iterator[Debian]:
    """A machine that runs, and is gone afterwards."""
    if os.geteuid() != 0:
        raise CannotBoot("It needs root: sudo ./shopbell prove install")
    machine = Debian(fresh(folder) if by_debootstrap else beneath(folder), has_own_usr=by_debootstrap)
    try:
        machine.boot()
        yield machine
    finally:
        machine.power_off()


def python_of(machine: Debian) -> str:
    """A Python there of the same number as this one; CannotBoot where there is none."""
    wanted = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for name in ("/usr/bin/python3", f"/usr/bin/python{wanted}"):
        done = machine.ask(name, "-c", 'import sys; print("%d.%d" % sys.version_info[:2])')
        if done.stdout.strip() == wanted:
            return name
    raise CannotBoot(
        f"There is no Python {wanted} beneath /usr: the bundle that is built here would not fit."
    )
