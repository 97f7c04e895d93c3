"""What the terminal shows: a live picture where there is a terminal, plain lines where there is none."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Sequence
from io import StringIO
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hub.up.children import Child
from hub.up.firststeps import FirstSteps
from hub.up.plan import EVERYWHERE, Plan
from hub.up.radio import RadioChoice
from hub.up.watch import Now

SUMMARY_EVERY_S = 10.0
LINES_KEPT = 4
QR_ROWS = 18
"""A QR of an address such as http://192.168.1.23:8082/ in half blocks, with its quiet zone."""

NAMES = {
    "portal": "Phone pop-up",
    "kiosk": "Shoppers' screen",
    "till": "Till",
    "manage": "Manager's pages",
    "hub": "Public page",
    "staff": "Wi-Fi, for staff",
    "installer": "Installer's page",
}


class View(Protocol):
    """Where news goes."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def tell(self, sentence: str) -> None: ...
    def opened(self, plan: Plan, radio: RadioChoice, steps: FirstSteps) -> None: ...
    def show(self, children: Sequence[Child], now: Now) -> None: ...


def make_view(*, quiet_stdout: bool) -> View:
    """The live picture on a terminal; lines elsewhere, and on standard error where standard output is for JSON."""
    if not quiet_stdout and sys.stdout.isatty():
        return LiveView(Console())
    return LineView(sys.stderr if quiet_stdout else sys.stdout)


def opening_lines(plan: Plan, steps: FirstSteps, *, private: bool) -> list[str]:
    """Addresses, and the secrets of the first start where only a person can see them (`private`)."""
    lines = [f"{NAMES[name] + ':':18}{plan.addresses[name]}" for name in NAMES]
    if plan.wifi is not None:
        guests = (
            f"the Wi-Fi {plan.wifi.ssid!r}; the page opens by itself, or at http://{plan.wifi.portal_name}/"
        )
        lines.insert(0, f"{'Phones:':18}{guests}")
    if private:
        lines += steps.lines
    if steps.kept():
        what = "The set-up code, the PIN and the installer's code"
        lines.append(f"{what} are in {steps.place.first_steps} until a manager has a password.")
    return lines


def people_line(now: Now) -> str:
    """People present with their band and age, as the pages say it."""
    if not now.people:
        return "People present: no count yet"
    people = now.people
    age = f" · {max(0, round(time.time() - people['at']))} s ago" if "at" in people else ""
    return f"{people['people']:.0f} people now ({people['low']:.0f} to {people['high']:.0f}){age}"


class LineView:
    """Lines, for a log or a pipe. Secrets never stand here unless this is a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._last = ""
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def tell(self, sentence: str) -> None:
        """One line."""
        print(f"shopbell: {sentence}", file=self._out, flush=True)

    def opened(self, plan: Plan, radio: RadioChoice, steps: FirstSteps) -> None:  # noqa: ARG002 - the radio was told
        """The addresses."""
        for line in opening_lines(plan, steps, private=self._out.isatty()):
            self.tell(line)

    def show(self, children: Sequence[Child], now: Now) -> None:
        """A summary now and then, and only when it says something new."""
        if time.monotonic() < self._next:
            return
        running = sum(child.state == "running" for child in children)
        line = (
            f"{running} of {len(children)} programs run · {now.total} events · {now.visits} visits · "
            f"coupons {now.issued} issued, {now.redeemed} redeemed"
        )
        if now.trouble:
            line = now.trouble
        if line != self._last:
            self._last, self._next = line, time.monotonic() + SUMMARY_EVERY_S
            self.tell(f"{line} · {people_line(now)}")


class LiveView:
    """One picture that is drawn again and again."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, screen=False, transient=False)
        self._news: deque[str] = deque(maxlen=LINES_KEPT)
        self._plan: Plan | None = None
        self._radio: RadioChoice | None = None
        self._steps: FirstSteps | None = None
        self._children: Sequence[Child] = ()
        self._now = Now()
        self._before = Now()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def tell(self, sentence: str) -> None:
        """The newest of a few lines."""
        self._news.append(f"{time.strftime('%H:%M:%S')}  {sentence}")
        self._draw()

    def opened(self, plan: Plan, radio: RadioChoice, steps: FirstSteps) -> None:
        """The addresses are there."""
        self._plan, self._radio, self._steps = plan, radio, steps
        self._draw()

    def show(self, children: Sequence[Child], now: Now) -> None:
        """Draw how things stand."""
        self._children, self._before, self._now = children, self._now, now
        self._draw()

    def _draw(self) -> None:
        parts: list[RenderableType] = [Text(f"Shopbell  {self._now.shop}".rstrip(), style="bold")]
        if self._radio is not None:
            parts.append(Text(self._radio.describe, style="yellow" if self._radio.simulated else "green"))
        if self._children:
            parts.append(programs(self._children))
        if self._children or self._now.events:
            parts.append(self._flow())
        if self._plan is not None and self._steps is not None:
            parts.append(self._addresses(self._plan, self._steps))
        parts += [Text(line, style="dim") for line in self._news]
        parts.append(Text("Ctrl-C stops the shop in order; nothing is lost.", style="dim"))
        self._live.update(Group(*parts), refresh=True)

    def _flow(self) -> RenderableType:
        now, before = self._now, self._before.events
        table = Table(box=None, padding=(0, 2), title="What has happened", title_justify="left")
        for kind, count in now.events.items():
            news = count - before.get(kind, 0) if before else 0
            table.add_row(kind, f"{count:,}", f"[green]+{news}[/]" if news else "")
        summary = f"{people_line(now)}\nCoupons: {now.issued} issued, {now.redeemed} redeemed"
        grid = Table.grid(padding=(0, 4))
        grid.add_row(table if now.events else Text("No event has arrived yet.", style="dim"), summary)
        return grid

    def _addresses(self, plan: Plan, steps: FirstSteps) -> RenderableType:
        text = "\n".join(opening_lines(plan, steps, private=True))
        grid = Table.grid(padding=(0, 3))
        row: list[RenderableType] = [Panel(text, title="Open", expand=False)]
        phone_can_reach = plan.host in EVERYWHERE
        if phone_can_reach and self._console.size.height >= QR_ROWS + 22:
            row.append(Text(qr_lines(plan.url("portal"))))
        grid.add_row(*row)
        return grid


def programs(children: Sequence[Child]) -> Table:
    """A row for each program."""
    table = Table(box=None, padding=(0, 2))
    for heading in ("program", "state", "process", "memory", "does"):
        table.add_column(heading, justify="right" if heading in ("process", "memory") else "left")
    for child in children:
        style = {"running": "green", "waiting": "red"}.get(child.state, "dim")
        again = f" (started again {child.restarts}x)" if child.restarts else ""
        memory = child.memory_kb()
        table.add_row(
            child.name,
            f"[{style}]{child.state}{again}[/]",
            str(child.pid or ""),
            f"{memory / 1024:.0f} MB" if memory else "",
            child.describe,
        )
    return table


def qr_lines(text: str) -> str:
    """A QR in half blocks, for a camera in front of the screen."""
    import qrcode

    code = qrcode.QRCode(border=2)
    code.add_data(text)
    out = StringIO()
    code.print_ascii(out=out, invert=True)
    return out.getvalue().rstrip("\n")
