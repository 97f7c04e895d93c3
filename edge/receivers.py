"""All radios of a door together: each listens by itself, what they hear is taken from one place, a silent one is brought back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from edge.recovery import CHECK_S, SILENT_S, Step
from edge.scan import Batch, Batches, Scanner
from hardware.ble.radio import Clock, Radio
from hardware.ble.recovery import Outcome, power_cycle, reload, usb_reset
from hardware.device import Reason

logger = logging.getLogger(__name__)

ACTS: Mapping[Step, Callable[[str], Outcome]] = {
    Step.POWER: power_cycle,
    Step.USB: usb_reset,
    Step.RELOAD: reload,
}
"""How each step is carried out on an adapter; the first one, a new scan, needs no adapter."""

# A radio that says why it cannot be used is opened again by itself; in these cases only, a step may help it.
_MAY_BE_STUCK = frozenset({Reason.BROKEN, Reason.BUSY})


class Receivers:
    """The radios by their names, in the order of their numbers."""

    def __init__(
        self,
        names: Sequence[str],
        open_radio: Callable[[str], Radio],
        monotonic: Callable[[], float],
        acts: Mapping[Step, Callable[[str], Outcome]] = ACTS,
        check_s: float = CHECK_S,
    ) -> None:
        self._monotonic = monotonic
        self._acts = acts
        self._check_s = check_s
        self.batches = Batches()
        self.scanners = [
            Scanner(lambda name=name: open_radio(name), monotonic, self.batches, number, name)  # type: ignore[misc]
            for number, name in enumerate(names)
        ]

    @property
    def clock(self) -> Clock:
        """Whose clock the packets carry; radios of one door share one."""
        return self.scanners[0].clock

    @property
    def simulated(self) -> bool:
        """Whether any of them is no radio."""
        return any(one.simulated for one in self.scanners)

    @property
    def description(self) -> str:
        """One line for screens."""
        return ", ".join(one.description for one in self.scanners if one.description)

    @property
    def heard(self) -> int:
        """Packets heard by all."""
        return sum(one.heard for one in self.scanners)

    @property
    def dropped(self) -> int:
        """Packets lost on this side of the air."""
        return sum(one.dropped for one in self.scanners)

    @property
    def ended(self) -> bool:
        """Whether every recording is over."""
        return all(one.ended.is_set() for one in self.scanners)

    async def run(self) -> None:
        """Listen with all until cancelled; recordings end by themselves. Never raises for a device."""
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch())
            listening = [group.create_task(one.run()) for one in self.scanners]
            await asyncio.wait(listening)
            watching.cancel()

    async def batch(self, timeout_s: float) -> list[Batch]:
        """What waits, oldest first; empty when nothing came in time."""
        return await self.batches.get(timeout_s)

    def waiting(self) -> list[Batch]:
        """What waits now, without waiting for more."""
        return self.batches.waiting()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._check_s)
            for one in self.scanners:
                if one.adapter:
                    await self._look_after(one)

    async def _look_after(self, scanner: Scanner) -> None:
        """One step for a radio that is silent, if one is due."""
        trouble = scanner.trouble
        if trouble is not None and trouble.reason not in _MAY_BE_STUCK and not scanner.ladder.tried:
            return
        now = self._monotonic()
        others_hear = any(
            one.heard_last is not None and now - one.heard_last < SILENT_S
            for one in self.scanners
            if one is not scanner
        )
        step = scanner.ladder.look(now, answers=scanner.answers, others_hear=others_hear)
        if step is None:
            return
        went = Outcome(True, "The scan was begun anew.")
        if step in self._acts:
            went = await asyncio.to_thread(self._acts[step], scanner.adapter)
        logger.warning(
            "radio=%s silent step=%s done=%s: %s", scanner.adapter, step.value, went.done, went.said
        )
        scanner.ladder.went(step, self._monotonic(), done=went.done, said=went.said)
        if went.done:
            scanner.restart()
