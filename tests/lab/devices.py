"""The counter's drivers on a kernel of their own: a keyboard that it believes in (uinput), and its virtual camera (vivid).

Here, where the kernel has neither, the same drivers are tested on recorded events and on a kernel that the test plays.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from PIL import Image

from tests.lab.kernel import LabError, bring_kernel, bring_packages
from tests.lab.machine import Machine, in_guest
from tests.lab.verdict import Row

SUITE_WITHIN_S = 400.0
LOOK_S = 40
SIZE = (640, 360)


async def devices() -> list[Row]:
    """The scanner's whole suite on a real input device; frames from a real capture device, and that it is gone when it is."""
    bring_packages()
    kernel = bring_kernel()
    folder = Path(tempfile.mkdtemp(prefix="lab-devices-"))
    passed = False
    try:
        async with Machine(kernel, folder, 0) as machine:
            rows = [*await _scanner(machine), *await _camera(machine)]
        passed = all(row.passed for row in rows)
    finally:
        if passed:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"lab: the logs of devices are in {folder}", file=sys.stderr)
    return rows


async def _scanner(machine: Machine) -> list[Row]:
    done = await machine.run("modprobe uinput && modprobe evdev")
    if done.status:
        raise LabError(f"The guest's kernel has no uinput: {done.said[-200:]}")
    suite = (
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "uinput",
        "tests/contract/test_scanner_contract.py",
    )
    done = await machine.run(in_guest(*suite), SUITE_WITHIN_S)
    last = done.said.strip().splitlines()[-1] if done.said.strip() else "nothing"
    count = re.search(r"(\d+) passed", done.said)
    dots = count[1] if count else str(done.said.count(".") if done.status == 0 else 0)
    got = f"{dots} tests passed" if done.status == 0 else last
    return [
        Row(
            "devices",
            "a keyboard of the kernel's, taken alone",
            "the scanner's suite passes",
            got,
            done.status == 0,
        )
    ]


async def _camera(machine: Machine) -> list[Row]:
    done = await machine.run("modprobe vivid && ls /dev/video0")
    if done.status:
        raise LabError(f"The guest's kernel has no virtual camera: {done.said[-200:]}")
    name = f"v4l:/dev/video0,size={SIZE[0]}x{SIZE[1]}"
    look = (
        "-m",
        "hardware",
        "camera",
        "look",
        name,
        "--seconds",
        str(LOOK_S),
        "--save",
        "/mnt/out/frame.png",
    )
    done = await machine.run(in_guest(*look), LOOK_S + 120.0)
    frame = machine.folder / "frame.png"
    got, good = "no frame", False
    if frame.exists():
        with Image.open(frame) as picture:
            # The test picture has eight bars, each darker than the one before; a line of text stands in its upper third.
            row = [picture.getpixel((SIZE[0] * (2 * bar + 1) // 16, SIZE[1] - 40)) for bar in range(8)]
            got = f"{picture.width}x{picture.height}, bars {' '.join(map(str, row))}"
            steps = sum(one > other for one, other in pairwise(row))
            good = picture.size == SIZE and steps == 7
    rows = [
        Row("devices", "a camera of the kernel's", "a frame with seven steps from light to dark", got, good)
    ]
    done = await machine.run(
        in_guest("-m", "hardware", "camera", "look", "v4l:/dev/video1", "--seconds", "5"), 120.0
    )
    said = done.said.strip().splitlines()[-1:] or ["nothing"]
    rows.append(
        Row(
            "devices",
            "an output that is no camera",
            "told so",
            said[0][:80],
            "gives no pictures" in done.said,
        )
    )
    return rows
