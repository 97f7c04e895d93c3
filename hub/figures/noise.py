"""The noise on figures about people: what may be shown of one day of a shop, so that nobody is singled out by any question.

Pure: a function of the counts, of a secret that the shop keeps, and of what the tree is called. Asked again it says the same.

**One table for everybody.** Of each family's day there is one shown table beside the true one, down to the finest cell that
anybody can ask for (footfall: zone and hour). Pages, files, boards and programs only ever add up shown cells. So parts always
add up to their total, and what two questions tell together is what the cells of that table tell: subtracting the days 1 to 29
from the days 1 to 30 gives the shown cell of the 30th, with its noise in it.

**What is exact.** A day that is over and had ten people or more is shown as it is, and so are its zones, and their hours, with
ten or more. Where some are smaller, these carry noise that adds up to nothing among them, so their total stays exact; are they
fewer than ten together, or is it one alone, the next smallest is taken in, because what is left of a total would else be
theirs. Nothing below a cell with noise is exact. So each number that can be had exactly, by adding or subtracting whatever one
likes, is about ten people or more. A day with fewer than ten carries noise as a whole.

**How the noise is made.** Random rounding to fives: the cells stand in a secret order, and their running total is rounded to
multiples of five, from a secret offset on. Each cell, and each sum within the day's tree, is then off by four at most, and right
on average; a nought means nought to four, and cells with nobody in them stand in the same table, so that nobody can count which
have somebody. The order and the offset hang on the secret alone, not on the counts: asking often averages nothing out.

**A day that is not over** (or to which a node that is behind may still add) is rounded as a whole; its table is made anew only
when its rounded total changes (`hub.figures.settling`): asking before and after one visit gives the same numbers, or numbers that
differ by five of which nobody knows how many came.

**What is measured of people** (the length of their stays) goes with the shown counts: in cells with noise everybody counts with
the mean of all of them; where these are fewer than ten, that mean is moved by up to a quarter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

BASE = 5
"""To multiples of this cells are rounded."""

MOST = BASE - 1
"""A shown number of one cell with noise is off by that much at most, and so is a node of a tree with noise."""

FEWEST = 10
"""People in the smallest number that is shown as it is."""

BLUR = 0.25
"""By how much of itself the mean of fewer than `FEWEST` people is moved at most."""

Path = tuple[str, ...]
"""A node of a tree: () is the whole, (zone,) a zone, (zone, hour) an hour in it. All leaves are equally deep."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is shown of one node. `noisy`: it carries noise, and is off by `MOST` at most.

    `amount` goes with the count: what is measured of these people, added up (milliseconds).
    """

    number: int
    noisy: bool
    amount: int = 0


def shown(
    secret: bytes,
    name: str,
    counts: Mapping[Path, int],
    parts: Sequence[Iterable[str]],
    *,
    is_open: bool,
    amounts: Mapping[Path, int] | None = None,
) -> dict[Path, Cell]:
    """What may be shown of a tree, for each of its nodes.

    `name`: what is counted, of which shop, when; two trees with the same name have the same noise. `counts`: of leaves, nought
    where one is missing. `parts`: the names at each depth, those without anybody among them. `is_open`: more may be added.
    `amounts`: of leaves.
    """
    tree = _Tree(secret, name, counts, [sorted(set(names)) for names in parts], amounts or {})
    if is_open or tree.count(()) < FEWEST:
        tree.round_all([()], None, tree.count(()))
    else:
        tree.show_exactly(())
    return tree.cells


def rounded(secret: bytes, name: str, count: int) -> int:
    """The total of a tree that is open, or has fewer than ten: by it one sees whether a new table is due."""
    return (count + _draw(secret, name, "offset", ()) % BASE) // BASE * BASE


class _Tree:
    def __init__(
        self,
        secret: bytes,
        name: str,
        counts: Mapping[Path, int],
        parts: list[list[str]],
        amounts: Mapping[Path, int],
    ) -> None:
        self._secret = secret
        self._name = name
        self._parts = parts
        self._counts = _added_up(counts)
        self._amounts = _added_up(amounts)
        self.cells: dict[Path, Cell] = {}

    def count(self, path: Path) -> int:
        return self._counts.get(path, 0)

    def show_exactly(self, path: Path) -> None:
        """This node as it is, and of what is in it as much as can be."""
        self.cells[path] = Cell(self.count(path), noisy=False, amount=self._amounts.get(path, 0))
        children = self._children(path)
        if not children:
            return
        small = [child for child in children if 0 < self.count(child) < FEWEST]
        # By size, and the same order wherever there are several of one size.
        large = sorted(
            (child for child in children if self.count(child) >= FEWEST),
            key=lambda child: (self.count(child), child),
        )
        hidden = list(small)
        while hidden and large and (len(hidden) < 2 or sum(map(self.count, hidden)) < FEWEST):
            hidden.append(large.pop(0))
        for child in large:
            self.show_exactly(child)
        if hidden:
            total = sum(map(self.count, hidden))
            last = max(hidden, key=lambda child: (self.count(child), child))
            nobody = [child for child in children if self.count(child) == 0]
            self.round_all([*hidden, *nobody], last, total)
        else:
            for child in children:
                if self.count(child) == 0:
                    self._show_nothing(child)

    def round_all(self, nodes: list[Path], last: Path | None, total: int) -> None:
        """Noise on these nodes and everything in them. `last`: the one that takes what is left, so that they add up to `total`;
        None where their sum carries noise itself."""
        # A group is drawn by what it is part of, so the draw does not change with who is in the group.
        above = nodes[0][:-1]
        offset = _draw(self._secret, self._name, "offset", above) % BASE
        order = sorted(nodes, key=lambda node: (node == last, self._place(node)))
        running = before = 0
        leaves: dict[Path, int] = {}
        every = [leaf for node in order for leaf in self._leaves(node)]
        for place, leaf in enumerate(every):
            running += self.count(leaf)
            now = (running + offset) // BASE * BASE
            if last is not None:
                now = total if place == len(every) - 1 else min(now, total)
            leaves[leaf] = now - before
            before = now
        self._put(nodes, leaves)

    def _put(self, nodes: list[Path], leaves: dict[Path, int]) -> None:
        """Cells of these nodes and of all in them, with what was measured shared out by the shown counts."""
        count = sum(map(self.count, nodes))
        amount = sum(self._amounts.get(node, 0) for node in nodes)
        number = sum(leaves.values())
        if count < FEWEST or number != count:
            # Their sum carries noise: the mean of all of them for each who is shown.
            mean = amount / count if count else 0.0
            if count < FEWEST:
                turn = _draw(self._secret, self._name, "blur", nodes[0][:-1]) % 2_001 / 1_000 - 1
                mean *= 1 + BLUR * turn
            amount = round(mean * number)
        shares: dict[Path, int] = {}
        running = before = 0
        for leaf, part in leaves.items():
            running += part
            now = amount * running // number if number else 0
            shares[leaf] = now - before
            before = now
        for leaf, part in leaves.items():
            for node in nodes:
                if leaf[: len(node)] == node:
                    for depth in range(len(node), len(leaf) + 1):
                        old = self.cells.get(leaf[:depth])
                        self.cells[leaf[:depth]] = Cell(
                            part + (old.number if old else 0),
                            noisy=True,
                            amount=shares[leaf] + (old.amount if old else 0),
                        )

    def _show_nothing(self, path: Path) -> None:
        self.cells[path] = Cell(0, noisy=False)
        for child in self._children(path):
            self._show_nothing(child)

    def _children(self, path: Path) -> list[Path]:
        return [(*path, part) for part in self._parts[len(path)]] if len(path) < len(self._parts) else []

    def _leaves(self, path: Path) -> Iterator[Path]:
        """The leaves of a node in the secret order, one node after the other."""
        children = self._children(path)
        if not children:
            yield path
        for child in sorted(children, key=self._place):
            yield from self._leaves(child)

    def _place(self, path: Path) -> int:
        return _draw(self._secret, self._name, "place", path)


def _added_up(leaves: Mapping[Path, int]) -> dict[Path, int]:
    sums: dict[Path, int] = {}
    for leaf, number in leaves.items():
        for depth in range(len(leaf) + 1):
            sums[leaf[:depth]] = sums.get(leaf[:depth], 0) + number
    return sums


def _draw(secret: bytes, name: str, what: str, path: Path) -> int:
    """A number from 0 to 2**64 - 1 that nobody can tell without the secret."""
    text = "\x1f".join((name, what, *path)).encode()
    return int.from_bytes(blake2b(text, digest_size=8, key=secret).digest())
