"""Whatever comes to the gate's helper, only the six verbs do something, and the kernel holds what they say."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.prove import Verdict
from tests.prove._gate_messages import a_message
from tests.prove._gate_model import GRACE_S, Model, judge

NAME = "gate"
PROMISE = "No message outside its grammar does anything at the gate; after each thousand the kernel holds what a model holds."
SIZE_NAME = "messages"
DEFAULT_SIZE = 100_000
CI_SIZE = 20_000

THOUSAND = 1_000
WINDOW = 200
"""Questions that are on their way at the same time."""

SURE_S = 2.0
"""A stay that ends so close to now may already be over for the other side."""

SLACK_S = 0.5
"""Between looking at the clock and counting from there."""

GROWTH_OCTETS = 8 << 20
PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
_CHANGING = re.compile(
    r"\tchain (?:up|down|stand)_[0-9a-f_]+ \{\n(?:\t\t.*\n)*\t\}\n\n?|\t\telements = .*\n", re.MULTILINE
)


def run(size: int, seed: int, folder: Path) -> Verdict:
    """`size` messages to the real helper, in a network namespace of its own."""
    kinds = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--user", "--map-root-user"]
    for program, package in (("nft", "nftables"), ("ip", "iproute2"), ("unshare", "util-linux")):
        if shutil.which(program, path=PATH) is None:
            raise RuntimeError(f"needs Debian's package {package}: apt install {package}")
    done = subprocess.run(
        [*kinds, sys.executable, "-m", "tests.prove.gate", str(size), str(seed), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{PATH}:{os.environ.get('PATH', '')}"},
    )
    if done.returncode:
        raise RuntimeError("the proof ended within its namespace; it says why above")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    ok = not figures["wrong"] and figures["alive"] and figures["growth_octets"] <= GROWTH_OCTETS
    sentence = (
        f"{size} messages, {figures['in_the_grammar']} of them in the grammar: {figures['wrong']} answered or done wrongly, "
        f"{figures['compared']} times the kernel was compared with the model; the helper "
        f"{'goes on' if figures['alive'] else 'is dead'} and has grown by {figures['growth_octets'] / 2**20:.1f} MiB."
    )
    return Verdict(ok, sentence, figures)


Exchange = tuple[bytes, float, bytes]
"""A question, when it was asked, and its answer."""


class Line:
    """A connection on which many questions are under way."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.socket.settimeout(30)
        self.socket.connect(str(path))
        self._waiting: deque[tuple[bytes, float]] = deque()

    def send(self, text: bytes) -> Iterator[Exchange]:
        """Send one; what has been answered meanwhile."""
        asked = time.monotonic()
        while True:
            try:
                self.socket.send(text, socket.MSG_DONTWAIT)
                break
            except BlockingIOError:
                if not self._waiting:
                    time.sleep(0.001)
                    continue
                yield self._receive()
        self._waiting.append((text, asked))
        if len(self._waiting) >= WINDOW:
            yield self._receive()

    def rest(self) -> Iterator[Exchange]:
        """All that is still to be answered."""
        while self._waiting:
            yield self._receive()

    def _receive(self) -> Exchange:
        answer = self.socket.recv(1 << 20)
        if not answer:
            raise ConnectionResetError("the helper hung up")
        text, asked = self._waiting.popleft()
        return text, asked, answer


class Trial:
    """One run within the namespace."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.rnd = random.Random(seed)
        self.path = folder / "gate.sock"
        self.model = Model()
        self.wrong: list[str] = []
        self.answers: Counter[str] = Counter()
        self.compared = 0
        _prepare()
        self.helper = subprocess.Popen(
            [sys.executable, "-m", "edge.gate", "serve", "--socket", str(self.path), "--interface", "guests"],
            stdout=subprocess.PIPE,
            stderr=(folder / "gate.log").open("wb"),
        )
        assert self.helper.stdout
        self.helper.stdout.readline()
        self.rules = self._rules()

    def close(self) -> None:
        """End the helper."""
        self.helper.terminate()
        self.helper.wait(10)
        assert self.helper.stdout
        self.helper.stdout.close()

    def go(self, size: int) -> dict[str, Any]:
        """All messages; the figures."""
        first = self._memory()
        line = Line(self.path)
        for number in range(1, size + 1):
            for exchange in line.send(a_message(self.rnd)):
                self._look(*exchange)
            if number % THOUSAND == 0 or number == size:
                for exchange in line.rest():
                    self._look(*exchange)
                self._compare()
                self._rude()
                if number <= 5 * THOUSAND:
                    # Once each kind of message has been there, whatever is kept for good has been taken.
                    first = self._memory()
        line.socket.close()
        return {
            "in_the_grammar": sum(count for kind, count in self.answers.items() if kind != "bad-message"),
            "answers": dict(self.answers.most_common()),
            "compared": self.compared,
            "wrong": len(self.wrong),
            "first_wrong": self.wrong[:10],
            "alive": self.helper.poll() is None,
            "growth_octets": self._memory() - first,
        }

    def _look(self, question: bytes, asked: float, answer: bytes) -> None:
        now = time.monotonic()
        said = judge(question)
        near = self._near(asked, now)
        expected = self.model.expected(said, asked, now)
        told = json.loads(answer)
        was = f"done {told['count']}" if told["type"] == "done" else told.get("code", told["type"])
        was = {"guests": "list"}.get(was, was)
        self.answers[was.split(" ")[0]] += 1
        if was != expected and not near:
            self.wrong.append(f"{was} instead of {expected} to {question[:300]!r}")

    def _near(self, begun: float, now: float) -> set[str]:
        """Addresses whose stay ends about now, so that either is right."""
        return {
            ip
            for ip, held in self.model.by_ip.items()
            if held.low - SURE_S < now and begun < held.ends + SURE_S
        }

    def _compare(self) -> None:
        """The kernel's sets are the model's, and its rules are what they were in the beginning."""
        self.compared += 1
        for kind, family, name, more_s in (
            ("map", "inet", "up", 0),
            ("map", "inet", "down", 0),
            ("set", "netdev", "known", GRACE_S),
        ):
            begun = time.monotonic()
            found = self._elements(kind, family, name)
            now = time.monotonic()
            near = self._near(begun, now)
            held = self.model.by_ip if more_s else self.model.live(now)
            ought = {(one.mac, ip)[name == "down" :]: one for ip, one in held.items() if ip not in near}
            there = {key: left for key, left in found.items() if key[-1] not in near}
            if there.keys() != ought.keys():
                self.wrong.append(f"{name} differs by {sorted(there.keys() ^ ought.keys())[:5]}")
                continue
            for key, left in there.items():
                low, high = ought[key].low + more_s - now, ought[key].ends + more_s - begun
                # nft tells whole seconds.
                if not low - 1 - SLACK_S < left < high + SLACK_S:
                    self.wrong.append(f"{name} has {key} for {left} s, not {low} to {high}")
        if self._rules() != self.rules:
            self.wrong.append("the rules are not what they were")

    def _elements(self, kind: str, family: str, name: str) -> dict[tuple[str, ...], float]:
        text = subprocess.run(
            ["nft", "-j", "list", kind, family, "shopbell", name], capture_output=True, text=True, check=True
        ).stdout
        found = {}
        for part in json.loads(text)["nftables"]:
            for element in part.get(kind, {}).get("elem", []):
                inside = element[0] if kind == "map" else element
                value = inside["elem"]["val"]
                key = tuple(value["concat"]) if isinstance(value, dict) else (value,)
                found[key] = float(inside["elem"]["expires"])
        return found

    def _rules(self) -> str:
        """All rules but those of classes of limits, which come and go."""
        listed = [
            subprocess.run(
                ["nft", "-s", "-t", "list", "table", family, "shopbell"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for family in ("inet", "netdev", "bridge")
        ]
        return _CHANGING.sub("", "".join(listed))

    def _rude(self) -> None:
        """Somebody who asks and does not wait for the answer, and some who connect and say nothing."""
        with contextlib.ExitStack() as opened:
            for number in range(4):
                line = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
                line.connect(str(self.path))
                if number:
                    line.send(self.rnd.randbytes(40))

    def _memory(self) -> int:
        status = Path(f"/proc/{self.helper.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1_024  # type: ignore[index]  # a line of every status


def _prepare() -> None:
    """The guests' interface, and room for many questions on their way."""
    lines = (
        "link set lo up\nlink add guests type bridge\naddr add 10.77.0.1/24 dev guests\nlink set guests up\n"
    )
    subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
    with contextlib.suppress(OSError):
        Path("/proc/sys/net/unix/max_dgram_qlen").write_text("512")


def main() -> None:
    """Within the namespace."""
    size, seed, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    trial = Trial(seed, folder)
    try:
        print(json.dumps(trial.go(size)))
    finally:
        trial.close()


if __name__ == "__main__":
    main()
