"""What is done with an offer, for the pages, the commands and other programs alike: kept, published, paused, ended, submitted,
approved, rolled back, copied.

Each act is one transaction with its line in the record of who changed what. What cannot be done comes back as a sentence.

Where the shop wants two pairs of eyes (`wants_two`), nobody publishes alone, nor changes an offer that has been published:
it is *submitted*, and somebody else *approves* it. So do those who may draft offers and not publish them. Stopping an offer
needs nobody else, and neither does letting the very same one run again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import msgspec

from hub.campaigns import copied, read_typed
from hub.changing import changed, turned
from hub.holdout import begun_fault, drawn
from hub.promises import Action, changes, faults_of, may
from hub.segments.naming import segments_of_offer
from hub.sentences import Said, said
from hub.store.base import Store
from hub.store.records import CampaignRecord, CampaignState, Proposal
from hub.wire.chain import is_of_chain
from hub.wire.snapshot import Campaign

FOUR_EYES = "four_eyes"
ANSWER_LONGEST = 400

SOMEBODY_FASTER = said("Somebody else has changed this offer meanwhile. Look at both, then save yours again.")
TWO_PEOPLE = said(
    "This shop wants two people to see an offer before it is published. Submit it; somebody else approves it."
)
MAY_NOT_PUBLISH = said("You may draft offers, not publish them. Submit it; somebody else approves it.")
OVER = said("This offer is over. To run it again, make a copy.")
OVER_ALREADY = said("This is over already. Give it a later end, then publish.")
NOTHING_WAITS = said("Nothing of this offer waits for approval any more.")
OWN = said("Somebody else has to approve it: you submitted it yourself.")
CHANGED_SINCE = said("The offer was changed after this was submitted. Look at both, and submit it again.")
ANOTHER = said("It was submitted anew meanwhile. Look at it again.")
_AFTER: dict[Action, CampaignState] = {"publish": "published", "pause": "paused", "end": "ended"}


def wants_two(store: Store) -> bool:
    """Whether two people have to see an offer before it is published."""
    return store.proposals.rule(FOUR_EYES) == "yes"


def want_two(store: Store, wanted: bool, who: str, now: float) -> None:
    """Say whether two people have to see an offer before it is published."""
    before = wants_two(store)
    if before == wanted:
        return
    with store.writing():
        store.proposals.set_rule(FOUR_EYES, "yes" if wanted else "no")
        number = str(store.shop.number)
        store.people.note(changed(now, who, "shop.changed", number, turned(FOUR_EYES, before, wanted)))


def not_alone(store: Store, before: CampaignRecord | None, *, publisher: bool, publish: bool) -> Said | None:
    """Why somebody may not do it without somebody else's eyes; None where they may.

    `publisher`: they may publish. `publish`: it is to be published; else it is kept as it stands, which is a matter for two as
    well where coupons are out that follow it.
    """
    if not publish and (before is None or before.published_at is None):
        return None
    if not publisher:
        return MAY_NOT_PUBLISH
    return TWO_PEOPLE if wants_two(store) else None


def keep(
    store: Store,
    before: CampaignRecord | None,
    campaign: Campaign,
    state: CampaignState,
    who: str,
    now: float,
    *,
    expect: int = 0,
    random: Callable[[int], bytes] = os.urandom,
) -> CampaignRecord | Said:
    """Keep an offer as its next version; a new one (`before` is None) gets its number here, one of the chain where the one that
    it has is such.

    `expect`: the version that whoever changed it had seen. Whether they may was asked before (`not_alone`). `random` draws its
    control group (`hub.holdout`).
    """
    with store.writing():
        if before is None:
            of_chain = is_of_chain(campaign.number)
            free = store.chain.free_offer() if of_chain else store.campaigns.free_number()
            campaign = msgspec.structs.replace(campaign, number=free)
        held = _with_group(store, before, campaign, now, random)
        if isinstance(held, Said):
            return held
        campaign = held
        if state == "published" and (lost := _lost_segment(store, campaign)) is not None:
            return lost
        saved = store.campaigns.save(campaign, state, now, who, expect=expect if before else 0)
        if saved is None:
            return SOMEBODY_FASTER
        # What waited stood on a version that is no more.
        store.proposals.remove(campaign.number)
        what = "offer.created" if before is None else "offer.changed"
        detail = changes(before.campaign if before else None, campaign)
        if before is None or before.state != state:
            detail["state"] = {"before": before.state if before else None, "after": state}
        store.people.note(changed(now, who, what, str(campaign.number), detail, _json(detail)))
    return saved


def turn(
    store: Store, number: int, action: Action, who: str, now: float, *, publisher: bool = True
) -> CampaignRecord | Said:
    """Publish an offer, pause it or end it, as it is."""
    with store.writing():
        record = store.campaigns.get(number)
        if record is None:
            return _unknown(number)
        if not may(action, record.state):
            return OVER if record.state == "ended" else _cannot(record.state)
        if not publisher:
            return MAY_NOT_PUBLISH
        if action == "publish":
            if record.campaign.ends_at <= now:
                return OVER_ALREADY
            if (lost := _lost_segment(store, record.campaign)) is not None:
                return lost
            if wants_two(store) and not _ran_like_this(store, record):
                return TWO_PEOPLE
        after = _AFTER[action]
        saved = store.campaigns.save(record.campaign, after, now, who)
        if action == "end":
            store.proposals.remove(number)
        detail = _json({"before": record.state, "after": after})
        store.people.note(
            changed(now, who, f"offer.{after}", str(number), turned("state", record.state, after), detail)
        )
    return saved or SOMEBODY_FASTER


def submit(store: Store, campaign: Campaign, who: str, now: float, *, base: int) -> Proposal | Said:
    """Ask somebody else to approve an offer as `campaign` says it. `base`: the version on which it stands."""
    with store.writing():
        record = store.campaigns.get(campaign.number)
        if record is None:
            return _unknown(campaign.number)
        if record.state == "ended":
            return OVER
        if record.version != base:
            return SOMEBODY_FASTER
        if campaign.ends_at <= now:
            return OVER_ALREADY
        held = _with_group(store, record, campaign, now)
        if isinstance(held, Said):
            return held
        campaign = held
        proposal = Proposal(campaign, base, who, now)
        store.proposals.put(proposal)
        store.people.note(
            changed(now, who, "offer.submitted", str(campaign.number), changes(record.campaign, campaign))
        )
    return proposal


def approve(
    store: Store, number: int, who: str, now: float, *, seen: str | None = None, publisher: bool = True
) -> CampaignRecord | Said:
    """Let what was submitted run. `seen`: the mark (`mark_of`) of the very proposal that was looked at."""
    with store.writing():
        proposal, record = store.proposals.get(number), store.campaigns.get(number)
        if proposal is None or record is None or proposal.state != "waiting":
            return NOTHING_WAITS
        wrong = _not_good(store, proposal, record, now) or (
            None if publisher else said("You may draft offers, not approve them. Ask somebody who publishes.")
        )
        if seen is not None and seen != mark_of(proposal):
            wrong = ANOTHER
        if wants_two(store) and proposal.who == who:
            wrong = OWN
        if wrong is not None:
            return wrong
        held = _with_group(store, record, proposal.campaign, now)
        if isinstance(held, Said):
            return held
        saved = store.campaigns.save(held, "published", now, who, expect=record.version)
        store.proposals.remove(number)
        detail = changes(record.campaign, proposal.campaign)
        if record.state != "published":
            detail["state"] = {"before": record.state, "after": "published"}
        store.people.note(
            changed(now, who, "offer.approved", str(number), detail, _json({"submitted_by": proposal.who}))
        )
    return saved or SOMEBODY_FASTER


def send_back(store: Store, number: int, who: str, now: float, answer: str) -> Proposal | Said:
    """Not like this: what was submitted goes back to whoever did, with the reason."""
    answer = " ".join(answer.split())[:ANSWER_LONGEST]
    if not answer:
        return said("Say what is to be different.")
    with store.writing():
        proposal = store.proposals.get(number)
        if proposal is None or proposal.state != "waiting":
            return NOTHING_WAITS
        returned = Proposal(
            proposal.campaign, proposal.base, proposal.who, proposal.at, "returned", answer, who, now
        )
        store.proposals.put(returned)
        store.people.note(changed(now, who, "offer.sent_back", str(number), turned("answer", None, answer)))
    return returned


def take_back(store: Store, number: int, who: str, now: float) -> Said | None:
    """Forget what was submitted; the offer stays as it is."""
    with store.writing():
        if not store.proposals.remove(number):
            return NOTHING_WAITS
        store.people.note(changed(now, who, "offer.taken_back", str(number), {}))
    return None


def roll_back(
    store: Store, number: int, version: int, who: str, now: float, *, publisher: bool = True
) -> CampaignRecord | Proposal | Said:
    """An offer as it was in an earlier version, as its next one; submitted where somebody else has to see it first."""
    with store.writing():
        record = store.campaigns.get(number)
        if record is None:
            return _unknown(number)
        old = next((one for one in store.campaigns.history(number) if one.version == version), None)
        if old is None:
            return said("There is no version %(version)s of this offer.", version=version)
        if record.state == "ended":
            return OVER
        if old.campaign == record.campaign:
            return said("The offer is like this already.")
        if record.state == "published" and old.campaign.ends_at <= now:
            return said("That version is over already. Make a copy of the offer, and give it a later end.")
        faults = faults_of(old.campaign, {one.number for one in store.campaigns.all()})
        if faults:
            return next(iter(faults.values()))
        lost = _lost_segment(store, old.campaign) if record.state == "published" else None
        if lost is not None:
            return lost
        held = _with_group(store, record, old.campaign, now)
        if isinstance(held, Said):
            return held
        if not_alone(store, record, publisher=publisher, publish=False) is not None:
            return submit(store, held, who, now, base=record.version)
        saved = store.campaigns.save(held, record.state, now, who, expect=record.version)
        store.proposals.remove(number)
        store.people.note(
            changed(
                now,
                who,
                "offer.rolled_back",
                str(number),
                changes(record.campaign, old.campaign),
                _json({"to_version": version}),
            )
        )
    return saved or SOMEBODY_FASTER


def copy(store: Store, record: CampaignRecord, who: str, now: float) -> CampaignRecord | dict[str, Said]:
    """A draft like another offer, with its picture; from today on where that one is over. What is wrong with it, by field."""
    shop = store.shop.get()
    if shop is None:
        return {"form": said("The shop has not been made yet.")}
    with store.writing():
        twin = read_typed(
            copied(record.campaign, shop, now),
            shop,
            store.campaigns.free_number(),
            picture=record.campaign.offer.picture,
            before=record.campaign,
            others={one.number for one in store.campaigns.all()},
        )
        if isinstance(twin, dict):
            return twin
        saved = store.campaigns.save(twin, "draft", now, who)
        detail = changes(None, twin)
        store.people.note(
            changed(now, who, "offer.copied", str(twin.number), detail, _json({"from": record.number}))
        )
    return saved if saved is not None else {"form": SOMEBODY_FASTER}


def _with_group(
    store: Store,
    record: CampaignRecord | None,
    campaign: Campaign,
    now: float,
    random: Callable[[int], bytes] = os.urandom,
) -> Campaign | Said:
    """The offer with its control group drawn; a sentence where that cannot be another one any more."""
    if record is None:
        return drawn(campaign, (), random)
    wrong = begun_fault(record.campaign, campaign, now) if record.published_at is not None else None
    earlier = (record.campaign, *(one.campaign for one in store.campaigns.history(record.number)))
    return drawn(campaign, earlier, random) if wrong is None else wrong


def mark_of(proposal: Proposal) -> str:
    """By which a page tells one proposal from another one for the same offer."""
    return f"{proposal.base}-{proposal.at:.6f}"


def _not_good(store: Store, proposal: Proposal, record: CampaignRecord, now: float) -> Said | None:
    """Why what was submitted cannot run."""
    if record.state == "ended":
        return OVER
    stood_on = next(
        (one.campaign for one in store.campaigns.history(record.number) if one.version == proposal.base), None
    )
    if stood_on != record.campaign:
        return CHANGED_SINCE
    if proposal.campaign.ends_at <= now:
        return OVER_ALREADY
    faults = faults_of(proposal.campaign, {one.number for one in store.campaigns.all()})
    return next(iter(faults.values()), None) or _lost_segment(store, proposal.campaign)


def _lost_segment(store: Store, campaign: Campaign) -> Said | None:
    """Why an offer cannot run that names a segment which was taken away, or is called otherwise now: nobody would get it. What is
    the chain's is for the segments of each of its shops."""
    if is_of_chain(campaign.number):
        return None
    named = segments_of_offer(campaign)
    gone = sorted(named - {one.name for one in store.segments.all()}) if named else []
    if not gone:
        return None
    return said("There is no segment %(name)s any more. Choose another one, then publish.", name=gone[0])


def _ran_like_this(store: Store, record: CampaignRecord) -> bool:
    """Whether the offer, as it is now, has been published before."""
    history = store.campaigns.history(record.number)
    return any(one.state == "published" and one.campaign == record.campaign for one in history)


def _unknown(number: int) -> Said:
    return said("There is no offer %(number)s.", number=number)


def _cannot(state: CampaignState) -> Said:
    if state == "published":
        return said("This offer runs already.")
    return said("This offer does not run, so it cannot be paused.")


def _json(detail: dict[str, Any]) -> str:
    return msgspec.json.encode(detail).decode()
