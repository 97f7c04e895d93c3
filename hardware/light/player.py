"""Shows patterns on a light, one at a time, in a thread of its own: a new one breaks off the one before."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from hardware.light.light import OFF, PATTERNS, Light, Step
from hardware.reasons import DeviceError

logger = logging.getLogger(__name__)


class Player:
    """One light's patterns. `told` is called with a sentence when the light cannot be set, and with "" when it can again."""

    def __init__(self, light: Light, told: Callable[[str], None] = lambda _: None) -> None:
        self._light = light
        self._told = told
        self._changed = threading.Condition()
        self._wanted: tuple[Step, ...] | None = None
        self._stopping = False
        self._sentence = ""
        self._thread = threading.Thread(target=self._run, name="light", daemon=True)

    def show(self, tone: str) -> None:
        """Begin this tone's pattern at once. An unknown tone is none."""
        with self._changed:
            self._wanted = PATTERNS.get(tone, ())
            self._changed.notify_all()

    def start(self) -> None:
        """Begin; the light is put out first, which shows whether it is there."""
        self._thread.start()

    def stop(self) -> None:
        """Put the light out and let go of it."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(5)
        self._light.close()

    def _run(self) -> None:
        self._set(OFF)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self._wanted is not None)
                if self._stopping:
                    return
                pattern, self._wanted = self._wanted or (), None
            for step in pattern:
                self._set(step)
                with self._changed:
                    if self._changed.wait_for(self._is_wanted, step.seconds):
                        break
            self._set(OFF)

    def _is_wanted(self) -> bool:
        return self._stopping or self._wanted is not None

    def _set(self, step: Step) -> None:
        try:
            self._light.set(step)
            sentence = ""
        except (OSError, DeviceError) as wrong:
            sentence = (
                wrong.sentence if isinstance(wrong, DeviceError) else f"The light cannot be set: {wrong}."
            )
        if sentence != self._sentence:
            self._sentence = sentence
            if sentence:
                logger.warning("light: %s", sentence)
            self._told(sentence)
