"""Guests let in by the gate: one, and a thousand at once, against `nft -f` for the same elements of the same sets."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from edge.gate.client import GateClient
from edge.gate.protocol import Done, End, LetIn, Phone, Stay

MANY, OTHERS = 1_000, 250
ONE_MS, MANY_MS = 1.0, 5.0
PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
NETWORK = "10.77.0.1/16"


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Milliseconds from the question to the answer, which comes when the kernel has committed."""
    kinds = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--user", "--map-root-user"]
    done = subprocess.run(
        [*kinds, sys.executable, "-m", "tests.bench.gate", str(rounds)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{PATH}:{os.environ.get('PATH', '')}"},
    )
    figures = json.loads(done.stdout.splitlines()[-1])
    rows = []
    for name, count, goal in (("one guest", "one", ONE_MS), ("1,000 guests at once", "many", MANY_MS)):
        ours, peer = figures[count], figures[f"{count}_nft"]
        rows.append(
            {
                "name": f"Gate: {name} let in <=",
                "ours": ours,
                "peer": peer,
                "ratio": peer / ours,
                "goal": goal,
                "limit": True,
                "unit": "ms",
            }
        )
    return rows


def _stays(count: int, turn: int, third: int = 10) -> LetIn:
    return LetIn(
        tuple(
            Stay(Phone(f"02:00:00:{turn % 256:02x}:{n >> 8:02x}:{n & 255:02x}", f"10.77.{third + (n >> 8)}.{n & 255}"), 3_600)
            for n in range(count)
        )
    )  # fmt: skip


def _gate_ms(client: GateClient, count: int, turn: int) -> float:
    ask = _stays(count, turn)
    begun = time.perf_counter()
    answer = client.ask(ask)
    took_ms = (time.perf_counter() - begun) * 1_000
    assert answer == Done(count)
    client.ask(End(tuple(stay.phone for stay in ask.stays)))
    return took_ms


def _nft_ms(count: int, turn: int) -> float:
    """The same elements, in the same three sets, by the program nft."""
    phones = [stay.phone for stay in _stays(count, turn).stays]
    up = ", ".join(f"{phone.mac} . {phone.ip} timeout 3600s : {n + 1}" for n, phone in enumerate(phones))
    down = ", ".join(f"{phone.ip} timeout 3600s : {n + 1}" for n, phone in enumerate(phones))
    known = ", ".join(f"{phone.mac} . {phone.ip} timeout 4500s" for phone in phones)
    text = (
        f"add element inet shopbell up {{ {up} }}\nadd element inet shopbell down {{ {down} }}\n"
        f"add element netdev shopbell known {{ {known} }}\n"
    )
    begun = time.perf_counter()
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)
    took_ms = (time.perf_counter() - begun) * 1_000
    flush = "flush map inet shopbell up\nflush map inet shopbell down\nflush set netdev shopbell known\n"
    subprocess.run(["nft", "-f", "-"], input=flush, text=True, check=True)
    return took_ms


def main() -> None:
    """Within the namespace: the median of every kind, one JSON object."""
    rounds = int(sys.argv[1])
    lines = (
        f"link set lo up\nlink add guests type bridge\naddr add {NETWORK} dev guests\nlink set guests up\n"
    )
    subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gate.sock"
        helper = subprocess.Popen(
            [sys.executable, "-m", "edge.gate", "serve", "--socket", str(path), "--interface", "guests",
             "--address", NETWORK],
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert helper.stdout
        helper.stdout.readline()
        client = GateClient(path)
        try:
            figures = {}
            # One more, in a shop that is full.
            assert client.ask(_stays(OTHERS, 200, 100)) == Done(OTHERS)
            for name, count, more in (("one", 1, 20), ("many", MANY, 1)):
                _gate_ms(client, count, 0)
                turns = range(1, rounds * more + 1)
                figures[name] = statistics.median([_gate_ms(client, count, turn) for turn in turns])
            for name, count in (("one", 1), ("many", MANY)):
                turns = range(1, rounds + 1)
                figures[f"{name}_nft"] = statistics.median([_nft_ms(count, turn) for turn in turns])
        finally:
            client.close()
            helper.terminate()
            helper.wait(10)
            helper.stdout.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
