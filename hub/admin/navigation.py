"""The manager's pages by groups, as the navigation beside every page shows them.

A new page adds its `Entry` to its group; an entry whose page is not mounted, or not for this reader, is left out. `inside` are
the endpoints of pages that belong to it, so that it stays marked while somebody is on one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

from hub.sentences import Said, said


@dataclass(frozen=True, slots=True)
class Entry:
    """One page in the navigation: its endpoint, its name, and the endpoints of the pages behind it."""

    endpoint: str
    name: Said
    inside: tuple[str, ...] = ()

    def has(self, here: str) -> bool:
        """Whether the page `here` is this one, or lies behind it."""
        return here == self.endpoint or here in self.inside


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that belong together."""

    name: Said
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry as it stands on one page."""

    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group as it stands on one page. `alone`: it has one page only, which needs no heading."""

    name: str
    entries: tuple[ShownEntry, ...]

    @property
    def current(self) -> bool:
        """Whether the page that is shown belongs to it."""
        return any(entry.current for entry in self.entries)

    @property
    def alone(self) -> bool:
        """Whether it is one page only."""
        return len(self.entries) == 1


GROUPS = (
    Group(
        said("Numbers"),
        (
            Entry("today", said("Today")),
            Entry("explore", said("Explore"), ("rows",)),
            Entry("members", said("Members over time")),
            Entry("lost", said("Who may be lost"), ("worth",)),
            Entry("digests", said("Digests"), ("digest", "digest_add", "digest_issue")),
            Entry("boards", said("Boards"), ("board_add",)),
            Entry("files", said("Files")),
            Entry("sql", said("Your own questions")),
            Entry("figures", said("How each number is made")),
        ),
    ),
    Group(
        said("Selling"),
        (
            Entry(
                "offers",
                said("Offers"),
                (
                    "new", "create", "edit", "change", "turn", "copy", "preview", "preview_frame", "versions", "version",
                    "roll_back", "submit", "approve", "send_back", "take_back", "paper", "paper_pdf", "campaign_report",
                ),
            ),
            Entry("calendar", said("Calendar")),
            Entry("waiting", said("Approvals"), ("proposal",)),
            Entry(
                "plans",
                said("Care plans"),
                (
                    "plan", "plan_edit", "plan_head", "plan_step", "plan_step_add", "plan_step_save", "plan_run",
                    "quiet", "quiet_save", "tasks",
                ),
            ),
            Entry("coupons", said("Coupons"), ("coupon", "coupon_reverse", "coupon_call_back", "recall", "recall_add")),
        ),
    ),
    Group(
        said("Shop floor"),
        (
            Entry("devices", said("Devices"), (
                    "pair", "withdraw", "devices_withdraw", "device", "device_set", "device_change", "device_replace",
                    "device_join", "device_join_answer",
                    "teams", "team_save",
                )),
            Entry("places", said("Places")),
            Entry("keys", said("Keys"), ("key_policy", "key_end")),
            Entry("tags", said("Tags"), ("tag_add", "tag_remove")),
        ),
    ),
    Group(
        said("People"),
        (
            Entry("people", said("Members"), (
                    "people_search", "people_add", "person", "person_change", "person_act", "member_pairs", "merge",
                    "merge_find", "merge_decide", "merge_undo", "people_file", "people_file_take", "people_file_now",
                    "join_poster", "join_poster_pdf",
                )),
            Entry("segments", said("Segments"), (
                    "segment_new", "segment_create", "segment", "segment_change", "segment_remove", "segment_list",
                    "segment_members",
                )),
            Entry("purses", said("Points and value"), ("purse_rules", "purse_rules_save", "purse_back")),
            Entry("messages", said("Messages to members"), (
                    "mailing_new", "mailing_create", "mailing", "mailing_change", "mailing_act", "mailing_test",
                    "message_channels", "message_channels_save",
                )),
            Entry("inbox", said("Inbox"), ("talk", "talk_answer", "talk_change")),
            Entry("keywords", said("Keywords"), (
                    "keywords_try", "keyword_new", "keyword", "keyword_save", "keyword_switch",
                )),
            Entry("staff", said("Staff"), ("staff_add", "staff_change")),
            Entry("managers", said("Managers"), ("manager_change", "manager_invite", "manager_uninvite")),
            Entry(
                "security",
                said("Your account"),
                ("session_end", "password", "codes", "codes_change", "passkeys", "passkeys_change", "again"),
            ),
        ),
    ),
    Group(
        said("Office"),
        (
            Entry("shop", said("Shop"), ("shop_save",)),
            Entry("chain", said("Chain"), ("chain_join", "chain_pair", "chain_offer")),
            Entry("alarms", said("Alarms")),
            Entry("backups", said("Backups")),
            Entry("work", said("Work"), ("work_one", "work_begin", "work_import")),
            Entry("outside", said("Other programs"), ("hook", "hook_add", "api_key_add", "hook_change")),
            Entry("record", said("Who changed what")),
        ),
    ),
)  # fmt: skip


def shown(
    here: str, opened: Container[str], url: Callable[[str], str], say: Callable[[Said], str]
) -> list[ShownGroup]:
    """The navigation for one page: what is `opened` to its reader (endpoints), with addresses and in the reader's words."""
    groups = []
    for group in GROUPS:
        entries = tuple(
            ShownEntry(say(entry.name), url(entry.endpoint), entry.has(here))
            for entry in group.entries
            if entry.endpoint in opened
        )
        if entries:
            groups.append(ShownGroup(say(group.name), entries))
    return groups
