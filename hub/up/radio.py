"""Which radio the door opens: the one that was named, else a real adapter, else the simulated street; and what screens say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePath

ADAPTERS = Path("/sys/class/bluetooth")


@dataclass(frozen=True, slots=True)
class RadioChoice:
    """A device name for the edge. `notice` is the line on every screen, by language; empty with a real radio."""

    name: str
    describe: str
    simulated: bool
    notice: dict[str, str] = field(default_factory=dict)


def choose_radio(wanted: str | None, adapters: Path = ADAPTERS) -> RadioChoice:
    """The radio for this machine. A wrong name is for the edge to refuse: it knows the list."""
    if wanted is None:
        found = sorted(path.name for path in adapters.glob("hci*") if path.name[3:].isdigit())
        wanted = f"ble:{found[0]}" if found else "ble:sim"
    family, _, rest = wanted.partition(":")
    driver, _, argument = rest.partition(":")
    if (family, driver) == ("ble", "sim"):
        return RadioChoice(
            wanted,
            "Simulated street: no real radio is used here.",
            True,
            {
                "en": "Simulated street: no real radio is used here, the people at the door are made up.",
                "zh": "模拟街道：此处未使用真实无线电，门口的人均为模拟。",
            },
        )
    if (family, driver) == ("ble", "replay"):
        name = PurePath(argument).name
        return RadioChoice(
            wanted,
            f"Recording: {name}.",
            True,
            {
                "en": f"Recording: the people at the door come from the file {name}.",
                "zh": f"回放录制：门口的人来自文件 {name}。",
            },
        )
    known = family == "ble" and driver.startswith("hci")
    return RadioChoice(wanted, f"Bluetooth adapter {driver}." if known else f"Radio {wanted}.", False)
