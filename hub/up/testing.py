"""`shopbell test`: every check in one command, and one summary at the end."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence

from hub.up.browser import bring_chromium
from hub.up.emulator import bring_emulator
from hub.up.lanes import Step, beside
from hub.up.packages import TEST_TOOLS, bring
from hub.up.sentences import UpError
from hub.up.storage import bring_storage
from hub.up.tree import source_tree

LANES = (("unit", "contract", "test_imports.py", "test_docs.py"), ("flow", "browser"))
"""Rings that run beside each other, where there is more than one processor: the second ones mostly wait. The fast ones stand
first: whoever broke something hears of it in seconds."""

NONE_CHOSEN = 5
"""pytest's exit status where no test was chosen, as in one lane when a mark is only in the other."""

TESTS_FAILED = 1
"""pytest's exit status where tests ran and some failed."""

MOST_AGAIN = 3
"""Tests that may fail on a machine that is busy with others. More of them at once are no bad luck."""

_COUNTED = re.compile(r"(\d+) (passed|failed|skipped|deselected|xfailed|xpassed|errors?|warnings?)\b")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?\.py(?:::[^\[\n]*?(?:\[.*?\])?)?)(?: - .*)?$", re.MULTILINE)


def run(args: argparse.Namespace) -> int:
    """0 where everything passed."""
    root = source_tree()
    if args.lab and not (root / "tests" / "lab" / "__main__.py").exists():
        raise UpError(
            "The virtual machine of the lab is not part of this release; run the tests without --lab."
        )
    narrowed = any(not word.startswith("-") for word in args.rest)
    problems = [problem for problem in (_browser(), _tools(), _printer(), _storage()) if problem]
    steps: list[Step] = []
    if not narrowed:
        steps += [_step(name, command) for name, command in _static_checks()]
    # Whoever names a mark or a slow test wants that one, so what the user says stands last and wins.
    marks = [] if args.full or narrowed else ["-m", "not slow"]
    lanes = [[]] if narrowed else [[f"tests/{ring}" for ring in lane] for lane in LANES]
    if (os.cpu_count() or 1) < len(lanes):
        lanes = [[ring for lane in lanes for ring in lane]]
    steps.append(_tests(lanes, [*marks, *args.rest]))
    if steps[-1].status == TESTS_FAILED and not narrowed:
        steps += _alone(steps.pop())
    if args.full:
        steps.append(_step("proofs", ["-m", "tests.prove", "--all", "--ci"]))
    if args.lab:
        steps.append(_step("lab", ["-m", "tests.lab", "--minutes", f"{args.lab_minutes:g}"]))
    return _summary(steps, problems)


def _static_checks() -> list[tuple[str, list[str]]]:
    return [
        ("lint", ["-m", "ruff", "check", "-q", "."]),
        ("format", ["-m", "ruff", "format", "-q", "--check", "."]),
        ("types", ["-m", "mypy"]),
    ]


def _browser() -> str | None:
    """Sees that there is a Chromium; a sentence where CI has none, since there nobody reads that tests were skipped."""
    if bring_chromium(_tell):
        return None
    _tell(
        "no Chromium here and none could be installed: the browser tests are skipped (on Debian: apt install chromium)"
    )
    return "Chromium is missing, and in CI the browser tests must run." if _in_ci() else None


def _tools() -> str | None:
    """Sees that there is what the Wi-Fi portal is tested with; a sentence where CI lacks some of it."""
    missing = bring(TEST_TOOLS, _tell, "for the tests", services=_in_ci())
    if not missing:
        return None
    packages = " ".join(tool.package for tool in missing)
    _tell(f"some tests are skipped here (on Debian: apt install {packages})")
    return f"{packages} is missing, and in CI these tests must run." if _in_ci() else None


def _printer() -> str | None:
    """Sees that there is an emulated receipt printer; a sentence where CI lacks it."""
    missing = bring_emulator(_tell)
    if missing is None:
        return None
    _tell(f"the tests on an emulated receipt printer are skipped: {missing}")
    return missing if _in_ci() else None


def _storage() -> str | None:
    """Sees that there is a server that speaks S3; a sentence where CI lacks it."""
    missing = bring_storage(_tell)
    if missing is None:
        return None
    _tell(f"the tests of backups on S3-like storage are skipped: {missing}")
    return missing if _in_ci() else None


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def _tell(sentence: str) -> None:
    print(f"shopbell: {sentence}", file=sys.stderr, flush=True)


def _step(name: str, arguments: Sequence[str]) -> Step:
    _tell(name)
    return beside(name, [arguments])[0]


def _tests(lanes: Sequence[Sequence[str]], words: Sequence[str]) -> Step:
    """Run the lanes beside each other and tell of them as of one."""
    _tell("tests" if len(lanes) == 1 else f"tests, in {len(lanes)} lanes beside each other")
    return together(beside("tests", [["-m", "pytest", *lane, *words] for lane in lanes]))


def together(lanes: Sequence[Step]) -> Step:
    """One step for all lanes: passed where each passed, its last line the sum of theirs."""
    if len(lanes) == 1:
        return lanes[0]
    ran = [lane.status for lane in lanes if lane.status != NONE_CHOSEN] or [NONE_CHOSEN]
    # A lane that broke (killed, stopped, no such option) says more than one whose tests failed.
    status = next((one for one in ran if one not in (0, TESTS_FAILED)), max(ran))
    counts: Counter[str] = Counter()
    for lane in lanes:
        for count, what in _COUNTED.findall(lane.last):
            counts[what.removesuffix("s") if what in ("errors", "warnings") else what] += int(count)
    took_s = max(lane.took_s for lane in lanes)
    last = f"{', '.join(f'{count} {what}' for what, count in counts.items()) or lanes[-1].last} in {took_s:.0f} s"
    return Step("tests", status, took_s, last, "\n".join(lane.tail for lane in lanes))


def failed_tests(printed: str) -> list[str]:
    """The tests that pytest's summary names as failed, as it wants them named again."""
    return list(dict.fromkeys(_FAILED.findall(printed)))


def _alone(first: Step) -> list[Step]:
    """Run the few tests that failed once more, twice in a row and with nothing beside them; the summary names them.

    The suite drives real daemons, browsers and kernels, and a machine that is busy enough starves any of them. What is broken
    fails again here; what passes twice is told as "passed alone", for somebody to look at.
    """
    failed = failed_tests(first.tail)
    if not 1 <= len(failed) <= MOST_AGAIN:
        return [first]
    again = [_step("again", ["-m", "pytest", *failed]) for _ in range(2)]
    if not all(step.passed for step in again):
        return [first, *again]
    told = Step("tests", 0, first.took_s, f"{first.last}; passed alone: {', '.join(failed)}")
    return [told, *again]


def _summary(steps: Sequence[Step], problems: Sequence[str]) -> int:
    """One line a check, and at the very end what pytest said last."""
    print(flush=True)
    for step in steps:
        print(f"{step.name:8} {'passed' if step.passed else 'FAILED'}  {step.took_s:6.1f} s")
    for problem in problems:
        print(f"packages FAILED  {problem}")
    print(next((step.last for step in steps if step.name == "tests"), ""), flush=True)
    return 0 if all(step.passed for step in steps) and not problems else 1
