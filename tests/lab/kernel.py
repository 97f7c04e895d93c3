"""What the virtual machine starts from: Debian's packages on this machine, Debian's kernel unpacked beside it, a tiny first disk.

The kernel's package is downloaded and unpacked, never installed: no boot loader, nothing in /boot. The first disk holds
busybox and the modules that reach this machine's own root over virtio; the rest comes from there, read-only.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

PACKAGES = {
    "qemu-system-x86": "/usr/bin/qemu-system-x86_64",
    "busybox-static": "/bin/busybox",
    "kmod": "/sbin/modprobe",
    "cpio": "/usr/bin/cpio",
    "bluez": "/usr/bin/btattach",
    "socat": "/usr/bin/socat",
    "dbus": "/usr/bin/dbus-send",
    "dbus-daemon": "/usr/bin/dbus-daemon",
    "hostapd": "/usr/sbin/hostapd",
    "wpasupplicant": "/usr/sbin/wpa_supplicant",
    "wireless-regdb": "/lib/firmware/regulatory.db",
    "iw": "/usr/sbin/iw",
    "iproute2": "/usr/sbin/ip",
    "dnsmasq-base": "/usr/sbin/dnsmasq",
    "nftables": "/usr/sbin/nft",
}
"""Debian's packages, and a file by which each is known to be there."""

DOWNLOAD_WITHIN_S = 300
INSTALL_WITHIN_S = 900


class LabError(Exception):
    """The lab cannot run here: one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """An unpacked kernel: its image, its first disk, and where its modules lie."""

    image: Path
    first_disk: Path
    modules: Path


def lab_folder() -> Path:
    """Where the kernel is kept between runs: LAB_DIR, or a folder of this user in the temporary one."""
    named = os.environ.get("LAB_DIR")
    return Path(named) if named else Path(tempfile.gettempdir()) / f"shopbell-lab-{os.getuid()}"


def missing_packages() -> list[str]:
    """Which of the packages are not on this machine. A busybox that is not static starts no machine."""
    missing = [name for name, file in PACKAGES.items() if not Path(file).exists()]
    if "busybox-static" not in missing and _prints(
        "dpkg-query", "-W", "-f", "${Status}", "busybox-static"
    ) != ("install ok installed"):
        missing.append("busybox-static")
    return missing


def bring_packages() -> None:
    """Install what is missing, as root; LabError with the command to run for anybody else."""
    missing = missing_packages()
    if not missing:
        return
    line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise LabError(f"The lab needs Debian's packages {', '.join(missing)}. Install them as root: {line}")
    print(f"lab: installing {', '.join(missing)}", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "-q", "update"], line.split()):
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=INSTALL_WITHIN_S, check=False
        )
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise LabError(f"{' '.join(command)} failed: {''.join(last)}")


def bring_kernel() -> Kernel:
    """The kernel, downloaded and unpacked where it is not there yet (70 MB, once)."""
    folder = lab_folder()
    folder.mkdir(parents=True, exist_ok=True)
    image, unpacked = folder / "vmlinuz", folder / "kernel"
    if not image.exists():
        _unpack(folder, unpacked, image)
    version = next((unpacked / "lib" / "modules").iterdir()).name
    modules = unpacked / "lib" / "modules" / version
    if not (modules / "modules.dep").exists():
        _run("/sbin/depmod", "-b", str(unpacked), version)
    first_disk = folder / "first-disk.gz"
    _make_first_disk(first_disk, unpacked, version)
    return Kernel(image, first_disk, modules)


def _unpack(folder: Path, unpacked: Path, image: Path) -> None:
    if os.geteuid() == 0:
        # Lists that are older than the archive name a kernel that is no longer there.
        _run("apt-get", "-q", "update")
    depends = _prints("apt-cache", "depends", "linux-image-amd64")
    package = next((line.split()[-1] for line in depends.splitlines() if "Depends:" in line), "")
    if not package:
        raise LabError("apt knows no linux-image-amd64. Run apt-get update as root, then try again.")
    print(f"lab: downloading {package}", flush=True)
    with tempfile.TemporaryDirectory(dir=folder) as loaded:
        _run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package, where=Path(loaded))
        archive = next(Path(loaded).glob("*.deb"))
        _run("dpkg-deb", "-x", str(archive), str(unpacked))
    # Last, since its being there says that the rest is.
    shutil.copy(next((unpacked / "boot").glob("vmlinuz-*")), image)


def _make_first_disk(target: Path, unpacked: Path, version: str) -> None:
    modules: list[str] = []
    for name in ("virtio_pci", "9pnet_virtio", "9p", "overlay"):
        steps = _prints("/sbin/modprobe", "-d", str(unpacked), "-S", version, "--show-depends", name)
        modules += [line.split()[1] for line in steps.splitlines() if line.startswith("insmod")]
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        for folder in ("bin", "proc", "sys", "dev", "run", "lower", "newroot", "lib/modules"):
            (root / folder).mkdir(parents=True)
        shutil.copy("/bin/busybox", root / "bin" / "busybox")
        for number, module in enumerate(dict.fromkeys(modules)):
            shutil.copy(module, root / "lib" / "modules" / f"{number:02}-{Path(module).name}")
        shutil.copy(HERE / "init.sh", root / "init")
        (root / "init").chmod(0o755)
        names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
        packed = subprocess.run(
            ["cpio", "-o", "-H", "newc", "--quiet"],
            cwd=root,
            input=names.encode(),
            capture_output=True,
            check=True,
        )
    part = target.with_suffix(f".{os.getpid()}")
    part.write_bytes(gzip.compress(packed.stdout, 1))
    part.replace(target)


def _prints(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip()


def _run(*command: str, where: Path | None = None) -> None:
    done = subprocess.run(
        command, cwd=where, capture_output=True, text=True, timeout=DOWNLOAD_WITHIN_S, check=False
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise LabError(f"{' '.join(command[:3])} failed: {''.join(last)}")
