"""Numbers in the text that Prometheus reads, or in OpenMetrics where that is asked for.

Pure. Prometheus text format 0.0.4; OpenMetrics 1.0.0: there a counter's family goes without `_total`, and the text ends in
`# EOF`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One number. `suffix` is `_total`, `_bucket`, `_sum` or `_count` where its kind of family has one."""

    value: float
    labels: Labels = ()
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers of one name, which ends in its unit; a counter's name is told here without `_total`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: Sequence[Sample]


def gauge(name: str, meaning: str, value: float) -> Family:
    """One number that goes up and down."""
    return Family(name, "gauge", meaning, (Sample(value),))


def by_label(
    name: str,
    kind: Literal["counter", "gauge"],
    meaning: str,
    label: str,
    values: Iterable[tuple[str, float]],
) -> Family:
    """One number for each value of a label."""
    suffix = "_total" if kind == "counter" else ""
    return Family(name, kind, meaning, [Sample(value, ((label, text),), suffix) for text, value in values])


def wants_open(accept: str) -> bool:
    """Whether a client's `Accept` names OpenMetrics; Prometheus does, ahead of the plain text, where it reads it."""
    for choice in accept.split(","):
        media, *parameters = (part.strip().lower() for part in choice.split(";"))
        if media == "application/openmetrics-text":
            return not any(part.replace(" ", "") in {"q=0", "q=0.0"} for part in parameters)
    return False


def write(families: Iterable[Family], *, open_metrics: bool) -> str:
    """The whole text."""
    lines = []
    for family in families:
        plain_counter = family.kind == "counter" and not open_metrics
        name = family.name + ("_total" if plain_counter else "")
        lines.append(f"# HELP {name} {_help(family.help, open_metrics)}")
        lines.append(f"# TYPE {name} {family.kind}")
        lines += [
            f"{family.name}{sample.suffix}{_labels(sample.labels)} {number(sample.value)}"
            for sample in family.samples
        ]
    if open_metrics:
        lines.append("# EOF")
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """As both formats write it."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(float(value))


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_quoted(text)}"' for name, text in labels) + "}" if labels else ""


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _help(text: str, open_metrics: bool) -> str:
    # OpenMetrics escapes the quote in a help line too, the plain format does not.
    return _quoted(text) if open_metrics else text.replace("\\", "\\\\").replace("\n", "\\n")
