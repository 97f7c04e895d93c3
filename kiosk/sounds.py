"""The till's sounds, made in memory when they are first asked for: nobody has to look up to know what it said.

Pure. `kiosk.tillpage` serves them. Each is told from the others by its shape and not by its pitch alone: two notes up, one note
twice, two notes down, three notes up, one long note, three notes down, a note that rises and falls. In training two ticks go
before each, so that a rehearsal is never taken for a sale.
"""

from __future__ import annotations

import io
import math
import struct
import wave
from functools import cache

RATE_HZ = 16_000
_FADE_S = 0.008
"""Without it a note begins and ends with a click."""

_TICKS = ((1568.0, 0.025), (0.0, 0.035), (1568.0, 0.025), (0.0, 0.06))

# (frequency in Hz, length in seconds); frequency 0 is silence.
_TUNES: dict[str, tuple[tuple[float, float], ...]] = {
    "good": ((784.0, 0.09), (1175.0, 0.16)),
    "look": ((494.0, 0.12), (0.0, 0.07), (494.0, 0.12)),
    "no": ((330.0, 0.14), (196.0, 0.26)),
    "note": ((784.0, 0.08), (988.0, 0.08), (1175.0, 0.14)),
    "ask": ((659.0, 0.3),),
    "back": ((988.0, 0.08), (784.0, 0.08), (587.0, 0.14)),
    "hold": ((587.0, 0.09), (880.0, 0.1), (587.0, 0.12)),
}
TUNES = _TUNES | {f"train-{tone}": _TICKS + tune for tone, tune in _TUNES.items()}


@cache
def sound(tone: str) -> bytes | None:
    """A tone's sound as a WAV file (16 bit, one channel, under 20 kB); None where there is no such tone."""
    tune = TUNES.get(tone)
    if tune is None:
        return None
    samples: list[int] = []
    for hz, length_s in tune:
        count = int(length_s * RATE_HZ)
        fade = int(_FADE_S * RATE_HZ)
        for place in range(count):
            level = min(1.0, place / fade, (count - 1 - place) / fade)
            angle = 2 * math.pi * hz * place / RATE_HZ
            samples.append(int(11_000 * level * (math.sin(angle) + 0.3 * math.sin(2 * angle))))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE_HZ)
        writer.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()
