"""Two memberships become one person's, and apart again: a fact each, nothing is moved and nothing is lost.

What `member` did and does counts as done by `into`; whatever asks about one of them is answered for both (`Store.register`:
`into`, `group`). Fields, purse, segments, coupons, messages follow, since they ask there. Of consents the stricter counts
(`hub.members.consent_rules`). Taken back, both are as they were, and what came since stays with whom it was told of.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.changing import changed
from hub.folding import fold
from hub.ingest import append_own
from hub.ledger import write_fact
from hub.members.book import Book, Profile
from hub.members.fields import combine
from hub.sentences import Said, said
from hub.store.merges import MOST_OF_ONE
from hub.store.register_records import MergeRow
from hub.wire.events import ClockState
from hub.wire.events_members import MembersMerged, MembersParted
from hub.wire.sync_members import Fields

ACT_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merging would come to: both persons, the fields that they would have together, and those of `member` that `into` has
    otherwise, which are kept and not shown."""

    member: Profile
    into: Profile
    together: Fields
    hidden: dict[str, str]


def preview(book: Book, member: str, into: str) -> Preview | Said:
    """What would come of it, or why it cannot be."""
    first, second = book.profile(member), book.profile(into)
    if first is None or second is None:
        return said("One of these members is not kept here any more.")
    if first.member == second.member:
        return said("These memberships are one person's already.")
    together = combine((second.fields, first.fields))
    hidden = {
        name: getattr(first.fields, name)
        for name in ("name", "phone", "mail", "birthday")
        if getattr(first.fields, name) not in ("", getattr(together, name))
    }
    if first.fields.birthday == f"--{together.birthday[-5:]}":
        # The same day without its year.
        hidden.pop("birthday", None)
    return Preview(first, second, together, hidden)


def merge(
    book: Book, member: str, into: str, *, act: str, by: str, now: float, clock: ClockState
) -> MergeRow | Said:
    """Let `member` and `into` be one person, known as `into`; or say why not. `act`: made when the form is shown, so that a form
    that is sent twice is one merging. Opens a transaction; StorageError where the disk does not take it."""
    store = book.store
    with store.writing():
        before = store.register.merge(act)
        if before is not None:
            return before
        wrong = preview(book, member, into)
        if isinstance(wrong, Said):
            return wrong
        first, second = store.register.group(member), store.register.group(into)
        if len(first) + len(second) > MOST_OF_ONE:
            return said("So many memberships cannot be one person's.")
        fact = MembersMerged(act=act, member=first[0], into=second[0], by=by)
        fold(store.ledger, [append_own(store, "members.merged", write_fact(fact), now, clock)])
        for one in first:
            for other in second:
                store.register.settle_pair(one, other, "merged")
        store.people.note(
            changed(now, by, "members.merged", book.known_as(second[0]), {}, f'{{"act":"{act}"}}')
        )
        done = store.register.merge(act)
        if done is None:
            # The fact is in the journal, with the reason among the flaws: nobody sees a merging that is none.
            return said("These memberships could not be merged. Look at them once more.")
        return done


def part(book: Book, act: str, *, by: str, now: float, clock: ClockState) -> MergeRow | Said:
    """Take a merging back. Opens a transaction."""
    store = book.store
    with store.writing():
        row = store.register.merge(act)
        if row is None:
            return said("There is no such merging.")
        if row.parted_at is not None:
            return row
        fact = MembersParted(act=act, by=by)
        fold(store.ledger, [append_own(store, "members.parted", write_fact(fact), now, clock)])
        for one in store.register.group(row.member):
            for other in store.register.group(row.into):
                store.register.settle_pair(one, other, "different")
        store.people.note(
            changed(now, by, "members.parted", book.known_as(row.into), {}, f'{{"act":"{act}"}}')
        )
        return store.register.merge(act) or row
