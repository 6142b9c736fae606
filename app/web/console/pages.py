"""One function per page: asks a read model, renders a template. Nothing here changes anything."""

from functools import partial
from shlex import quote
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for

from app.errors import NotFound
from app.services.explain import render
from app.services.redemption_words import next_words, price_words, refund_words, way
from app.services.reward_words import reward_words
from app.services.stores import list_stores
from app.services.view_awards import AwardView
from app.services.view_deliveries import STATUSES, list_deliveries, show_delivery, topics
from app.services.view_gifts import card_words, challenge_words
from app.services.view_ledger import EntryView, ledger_of, sentence
from app.services.view_members import list_members, show_member
from app.services.view_redemptions import (
    STATES,
    RedemptionView,
    list_redemptions,
    show_redemption,
)
from app.services.view_referrals import ReferralView, list_referrals
from app.services.view_referrals import sentence as against
from app.services.view_segments import segments_of
from app.services.view_stores import store_views, totals
from app.services.view_tiers import missing_words, tier_name, tier_view
from app.services.views import LARGEST_ID, ProgrammeView, programme_views
from app.settings import Settings
from app.web.context import here
from app.web.language import here as reader

pages = Blueprint("console", __name__)

_OBJECTS = 20
_ACCEPTED = {"stored", "ping"}


@pages.get("/")
def overview() -> str:
    """Every shop at a glance."""
    context = here()
    with context.runtime.database.snapshot() as connection:
        return render_template(
            "overview.html",
            programmes=programme_views(connection),
            stores=store_views(connection, context.runtime.clock()),
            totals=totals(connection),
            statuses=STATUSES,
            first_command=_first_command(context.runtime.settings),
            refused={
                reason: number
                for reason, number in sorted(context.counts.items())
                if reason not in _ACCEPTED and number
            },
        )


@pages.get("/deliveries")
def deliveries() -> str:
    """List what came in, newest first."""
    chosen = {name: request.args.get(name) or None for name in ("store", "status", "topic")}
    with here().runtime.database.snapshot() as connection:
        page = list_deliveries(
            connection,
            store=chosen["store"],
            status=chosen["status"],
            topic=chosen["topic"],
            before=_number("before"),
        )
        return render_template(
            "deliveries.html",
            programmes=programme_views(connection),
            page=page,
            chosen=chosen,
            older=_older("console.deliveries", "before", page.older),
            stores=list_stores(connection),
            statuses=STATUSES,
            topics=topics(connection),
        )


@pages.get("/deliveries/<int:delivery_id>")
def delivery(delivery_id: int) -> str:
    """One delivery: attempts, objects, effects."""
    with here().runtime.database.snapshot() as connection:
        found = show_delivery(connection, delivery_id)
        programme = programme_views(connection)[found.delivery.programme_id]
        return render_template(
            "delivery.html",
            found=found,
            delivery=found.delivery,
            programme=programme,
            said=partial(_said, programme),
        )


@pages.get("/members")
def members() -> str:
    """Who is in, newest first; or who has this e-mail."""
    search = request.args.get("search") or None
    context = here()
    with context.runtime.database.snapshot() as connection:
        page = list_members(
            connection, context.runtime.vault, search=search, before=_number("before")
        )
        return render_template(
            "members.html",
            programmes=programme_views(connection),
            page=page,
            search=search,
            older=_older("console.members", "before", page.older),
        )


@pages.get("/members/<int:member_id>")
def member(member_id: int) -> str:
    """One member: balance, accounts in the shops, ledger with reasons, gifts, friends, objects."""
    context = here()
    now = context.runtime.clock()
    with context.runtime.database.snapshot() as connection:
        found = show_member(
            connection,
            context.runtime.vault,
            member_id,
            objects_before=_number("objects"),
            limit=_OBJECTS,
            now=now,
        )
        programme = programme_views(connection)[found.member.programme_id]
        ledger = ledger_of(connection, member_id, before=_number("before"))
        standing = tier_view(connection, member_id, now)
        referrals = list_referrals(
            connection,
            people=[] if found.member.merged_into else [member_id, *found.joined],
            before=_number("friends"),
            limit=_OBJECTS,
        )
        taken = list_redemptions(
            connection, member_id=member_id, before=_number("rewards"), limit=_OBJECTS
        )
        return render_template(
            "member.html",
            found=found,
            member=found.member,
            programme=programme,
            programmes={programme.id: programme},
            ledger=ledger,
            taken=taken,
            tier=standing,
            tier_name=tier_name,
            missing_words=missing_words,
            card_words=card_words,
            challenge_words=challenge_words,
            segments=segments_of(connection, programme.id, member_id, now),
            referrals=referrals,
            against=_against,
            called=_called,
            price=_price,
            said=partial(_said, programme),
            worth=partial(_worth, programme),
            older_entries=_older("console.member", "before", ledger.older, member_id=member_id),
            older_taken=_older("console.member", "rewards", taken.older, member_id=member_id),
            older_referrals=_older(
                "console.member", "friends", referrals.older, member_id=member_id
            ),
            older_objects=_older(
                "console.member", "objects", found.objects.older, member_id=member_id
            ),
        )


@pages.get("/redemptions")
def redemptions() -> str:
    """List the rewards that were taken, newest first; or the one with this code."""
    chosen = {name: request.args.get(name) or None for name in ("store", "state", "search")}
    with here().runtime.database.snapshot() as connection:
        stores = list_stores(connection)
        page = list_redemptions(
            connection,
            store_id=None
            if chosen["store"] is None
            # A store that there is not has none.
            else next((one.id for one in stores if one.key == chosen["store"]), -1),
            state=chosen["state"],
            search=chosen["search"],
            before=_number("before"),
        )
        return render_template(
            "redemptions.html",
            programmes=programme_views(connection),
            page=page,
            chosen=chosen,
            called=_called,
            price=_price,
            older=_older("console.redemptions", "before", page.older),
            stores=stores,
            states=STATES,
        )


@pages.get("/redemptions/<int:redemption_id>")
def redemption(redemption_id: int) -> str:
    """One reward that was taken: its code, its way, the orders that showed it."""
    language = reader().language
    context = here()
    with context.runtime.database.snapshot() as connection:
        found = show_redemption(connection, redemption_id)
        programme = programme_views(connection)[found.redemption.programme_id]
        return render_template(
            "redemption.html",
            found=found,
            one=found.redemption,
            programme=programme,
            way=way(found, language),
            mails=context.runtime.settings.mail is not None,
            called=_called,
            price=_price,
            next_words=partial(next_words, language=language),
            refunds=refund_words(found, language),
            said=partial(_said, programme),
        )


def _against(one: ReferralView) -> str:
    return against(one, reader().language)


def _price(one: RedemptionView) -> str:
    return price_words(one, reader().language)


def _called(one: RedemptionView) -> str:
    return reward_words(
        name=one.name,
        kind=one.kind,
        value=one.value,
        currency=one.currency,
        language=reader().language,
    )


def _said(programme: ProgrammeView, entry: EntryView) -> str:
    return sentence(entry, reader().language, programme.currency)


def _worth(programme: ProgrammeView, award: AwardView) -> str:
    return render(
        award.explanation,
        "award",
        award.points,
        reader().language,
        window=award.window,
        currency=programme.currency,
        names=award.names,
    )


def _first_command(settings: Settings) -> str:
    """Return what makes commands see the same, where that is not a matter of course: in the demo."""
    return f"export STEMPEL_VAR={quote(str(settings.var))}\n" if settings.dev else ""


def _number(name: str) -> int | None:
    """Return a number out of the query; raises NotFound for what no page links to."""
    text = request.args.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text[:20]) <= LARGEST_ID):
        raise NotFound(reader().say("There is no such page."))
    return int(text[:20])


def _older(endpoint: str, name: str, key: int | None, **values: Any) -> str | None:
    """Return the address of the next page, keeping what else was asked for."""
    if key is None:
        return None
    kept = {one: text for one, text in request.args.items() if one not in {name, "lang", "token"}}
    return f"{url_for(endpoint, **values)}?{urlencode({**kept, name: key})}"
