"""What other programs ask about webhooks."""

from __future__ import annotations

from hub.outside.asking import Call, Refused, missing, page_from
from hub.outside.shapes import (
    HookMade,
    HookPage,
    HookShown,
    HookWanted,
    MessagePage,
    MessageShown,
    Nothing,
    Paging,
)
from hub.outside.webhooks import add_webhook, remove_webhook, try_webhook
from hub.store.base import Store
from hub.store.outside_records import Webhook


def hooks(call: Call) -> HookPage:
    """Webhooks by their numbers."""
    query: Paging = call.query
    after = page_from(query.cursor)
    rest = [hook for hook in call.store.webhooks.all() if hook.number > after]
    some = rest[: query.limit]
    more = str(some[-1].number) if len(rest) > len(some) else None
    return HookPage([hook_shown(call.store, hook) for hook in some], more)


def add(call: Call) -> HookMade:
    """A new one. Into the shop's own network only the owner can let one go, in the office."""
    asked: HookWanted = call.body
    made = add_webhook(call.store, call.hub.key, asked.name, asked.url, asked.kinds, call.who, call.now)
    if isinstance(made, dict):
        raise Refused(422, "faults", str(next(iter(made.values()))), made)
    hook, secret = made
    return HookMade(hook_shown(call.store, hook), secret)


def remove(call: Call) -> Nothing:
    """Tell it nothing more."""
    if not remove_webhook(call.store, int(call.path["number"]), call.who, call.now):
        raise missing(f"webhook {call.path['number']}")
    return Nothing()


def try_out(call: Call) -> Nothing:
    """Send it a test."""
    if not try_webhook(call.store, int(call.path["number"]), call.now):
        raise missing(f"webhook {call.path['number']}")
    return Nothing()


def messages(call: Call) -> MessagePage:
    """What went to it, the newest first."""
    query: Paging = call.query
    number = int(call.path["number"])
    if call.store.webhooks.get(number) is None:
        raise missing(f"webhook {number}")
    found = call.store.webhooks.messages(number, query.limit + 1, below=page_from(query.cursor) or None)
    some = found[: query.limit]
    items = [
        MessageShown(**{name: getattr(one, name) for name in MessageShown.__struct_fields__}) for one in some
    ]
    return MessagePage(items, str(some[-1].number) if len(found) > len(some) else None)


def resend(call: Call) -> Nothing:
    """Send one message again."""
    number, message = int(call.path["number"]), int(call.path["message"])
    with call.store.writing():
        if call.store.webhooks.get(number) is None or not call.store.webhooks.again(
            number, message, call.now
        ):
            raise missing(f"message {message} of webhook {number}")
        call.note("webhook.resent", f"{number}/{message}")
    return Nothing()


def hook_shown(store: Store, hook: Webhook) -> HookShown:
    """A webhook as the document has it."""
    return HookShown(
        hook.number,
        hook.name,
        hook.url,
        hook.kinds.split(),
        hook.state,
        hook.private,
        hook.failing_since,
        store.webhooks.waiting(hook.number),
    )
