"""Other programs: keys with which they come, and web addresses that are told what happens."""

from __future__ import annotations

from flask import abort, request
from werkzeug.wrappers import Response

from hub.admin.guard import needs, own_role
from hub.admin.office import Office, Route, back_to
from hub.outside.keys import end_key, make_key
from hub.outside.webhooks import TOLD, add_webhook, remove_webhook, switch_webhook, try_webhook
from hub.roles import Right, Role
from hub.sentences import Said
from hub.storefront.languages import gettext

PAGE = 50


@needs(Right.API_KEYS)
def outside(office: Office) -> Response:
    """Every key and every webhook."""
    return _page(office)


@needs(Right.API_KEYS)
def key_add(office: Office) -> Response:
    """A new key, shown once."""
    name, scopes = request.form.get("name", ""), request.form.getlist("scopes")
    made = make_key(office.store, name, scopes, office.who(), office.now())
    if isinstance(made, dict):
        return _page(office, key_faults=made, typed={"name": name, "scopes": scopes}, status=422)
    key, text = made
    return office.page(
        "outside_made.html",
        what=gettext("The key of %(name)s", name=key.name),
        text=text,
        how=gettext("The program sends it with each request: Authorization: Bearer, a space, and the key."),
    )


@needs(Right.API_KEYS)
def key_end(office: Office, key: str) -> Response:
    """Believe a key no more."""
    if not end_key(office.store, key, office.who(), office.now()):
        abort(404)
    return back_to("outside", "api-key-ended")


@needs(Right.API_KEYS)
def hook_add(office: Office) -> Response:
    """A new webhook; its secret is shown once."""
    fields = {name: request.form.get(name, "").strip() for name in ("hook_name", "url", "private")}
    kinds = request.form.getlist("kinds")
    made = add_webhook(
        office.store,
        office.key,
        fields["hook_name"],
        fields["url"],
        kinds,
        office.who(),
        office.now(),
        private=fields["private"] == "yes" and own_role() is Role.OWNER,
    )
    if isinstance(made, dict):
        faults = {{"name": "hook_name"}.get(name, name): fault for name, fault in made.items()}
        return _page(office, hook_faults=faults, typed={**fields, "kinds": kinds}, status=422)
    hook, secret = made
    return office.page(
        "outside_made.html",
        what=gettext("The secret of %(name)s", name=hook.name),
        text=secret,
        how=gettext("The receiver checks with it that a message comes from this hub (Standard Webhooks)."),
    )


@needs(Right.API_KEYS)
def hook(office: Office, number: int) -> Response:
    """One webhook with what went to it."""
    found = office.store.webhooks.get(number)
    if found is None:
        abort(404)
    below = request.args.get("below", type=int)
    messages = office.store.webhooks.messages(number, PAGE + 1, below=below)
    return office.page(
        "hook.html",
        hook=found,
        kinds=[(kind, told_name(kind)) for kind in found.kinds.split()],
        messages=[(one, told_name(one.kind)) for one in messages[:PAGE]],
        older=messages[PAGE - 1].number if len(messages) > PAGE else None,
        waiting=office.store.webhooks.waiting(number),
    )


@needs(Right.API_KEYS)
def hook_change(office: Office, number: int) -> Response:
    """Test it, send one message again, switch it, remove it."""
    now, who = office.now(), office.who()
    match request.form.get("action"):
        case "test":
            done, code = try_webhook(office.store, number, now), "hook-tested"
        case "on" | "off" as wanted:
            done, code = switch_webhook(office.store, number, wanted == "on", who, now), f"hook-{wanted}"
        case "remove":
            done, code = remove_webhook(office.store, number, who, now), "hook-removed"
        case "resend":
            message = request.form.get("message", 0, type=int)
            with office.store.writing():
                done, code = office.store.webhooks.again(number, message, now), "hook-resent"
                if done:
                    office.note("webhook.resent", f"{number}/{message}")
        case _:
            abort(400)
    if not done:
        abort(404)
    return back_to("outside", code) if code == "hook-removed" else back_to("hook", code, number=number)


def _page(
    office: Office,
    *,
    key_faults: dict[str, Said] | None = None,
    hook_faults: dict[str, Said] | None = None,
    typed: dict[str, object] | None = None,
    status: int = 200,
) -> Response:
    return office.page(
        "outside.html",
        status,
        keys=[
            (key, [right_name(scope) for scope in key.scopes.split()])
            for key in office.store.outside.all_keys()
        ],
        hooks=[(one, office.store.webhooks.waiting(one.number)) for one in office.store.webhooks.all()],
        rights=[(right.value, right_name(right.value)) for right in Right],
        kinds=[(kind, told_name(kind)) for kind in TOLD],
        key_faults=key_faults or {},
        hook_faults=hook_faults or {},
        typed=typed or {},
        owner=own_role() is Role.OWNER,
    )


def right_name(right: str) -> str:
    """What a right lets a program do."""
    names = {
        "read": gettext("see offers, coupons, devices and figures"),
        "campaign_edit": gettext("draft and change offers"),
        "campaign_publish": gettext("publish offers, hand coupons out, call them back"),
        "device": gettext("pair and withdraw devices"),
        "people": gettext("see who works here"),
        "shop": gettext("change the shop"),
        "import_data": gettext("take files in"),
        "export_data": gettext("give everything out"),
        "erase": gettext("forget people"),
        "api_keys": gettext("add and remove webhooks"),
        "backup": gettext("cancel checks and copies"),
    }
    return names.get(right, right)


def told_name(kind: str) -> str:
    """What a webhook is told."""
    names = {
        "coupon.issued": gettext("a coupon was taken"),
        "coupon.redeemed": gettext("a coupon was used"),
        "coupon.refused": gettext("a coupon was refused"),
        "coupon.reversed": gettext("a redemption was taken back"),
        "purchase.paid": gettext("a purchase was paid"),
        "visit.closed": gettext("a visit has ended"),
        "portal.joined": gettext("a guest came into the Wi-Fi"),
        "shopbell.test": gettext("a test"),
    }
    return names.get(kind, kind)


ROUTES = (
    Route("/outside", "outside", outside),
    Route("/outside/keys", "api_key_add", key_add, ("POST",)),
    Route("/outside/keys/<key>/end", "api_key_end", key_end, ("POST",)),
    Route("/outside/webhooks", "hook_add", hook_add, ("POST",)),
    Route("/outside/webhooks/<int:number>", "hook", hook),
    Route("/outside/webhooks/<int:number>", "hook_change", hook_change, ("POST",)),
)
