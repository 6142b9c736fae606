"""`stempel programme`: presets, publishing a document, showing what is in force."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec
from sqlalchemy import Connection

from app.cli.preset_options import chosen_source, preset_options
from app.cli.printing import stamp
from app.cli.programme_diff import change_line, change_row
from app.cli.publishing import publication, publication_options
from app.cli.shared import Context, as_json, pass_context, show, table
from app.errors import ConfigError
from app.programme.cost import cost_percent
from app.programme.diff import diff
from app.programme.document import Programme, parse
from app.programme.local_time import local
from app.programme.presets import describe, preset_names, preset_source
from app.programme.reward import Reward
from app.programme.rewards import has_price_duty
from app.programme.rule import named_stores
from app.programme.segments import stores_named
from app.services import programmes, rates
from app.services.reward_words import price_duty_words
from app.services.stores import list_stores

_TOGETHER = "stempel programme apply one-per-unit --with rewards-100-200-500 --key kawa"


@click.group()
def programme() -> None:
    """Publish and show loyalty programmes."""


@programme.command()
@as_json
def presets(*, as_json: bool) -> None:
    """List the ready-made programmes, and what can be set in them.

    Any of them can be a start: `stempel programme show --preset one-per-unit > mine.toml`
    """
    known = [describe(name) for name in preset_names()]
    lines = [
        line
        for preset in known
        for line in (
            preset.name,
            f"    {preset.about}",
            *(f"    --set {name}=ID" for name in preset.settings),
        )
    ]
    lines += ["", "Several make one programme:", f"    {_TOGETHER}"]
    show([msgspec.structs.asdict(preset) for preset in known], as_json, "\n".join(lines))


@programme.command()
@click.argument("what", metavar="PRESET|FILE")
@preset_options()
@publication_options
@as_json
@pass_context
def apply(
    context: Context,
    /,
    what: str,
    *,
    key: str | None,
    currency: str | None,
    language: str | None,
    timezone: str | None,
    beside: Sequence[str],
    settings: Sequence[str],
    as_json: bool,
    **how: Any,
) -> None:
    """Publish a preset or a document as the programme's next version.

    What happened before is still judged by the version that was in force then. The same document
    again changes nothing. The document replaces the one in force, rules and rewards alike: to add
    rewards to a preset's rules, apply both in one go.

    With --from it begins later, never earlier than now. One that would begin before a version which
    waits takes that one's place for good, so it needs --replace.

    Example: stempel programme apply one-per-unit --with rewards-100-200-500 --key kawa --language pl
    --timezone Europe/Warsaw --set product.shop-example-1a2b3c=632910392
    """
    source = chosen_source(
        what,
        key=key,
        currency=currency,
        language=language,
        timezone=timezone,
        beside=beside,
        settings=settings,
    )
    zone = ZoneInfo(parse(source).timezone)
    now = context.clock()
    with context.database().transaction() as connection:
        done = programmes.publish(
            connection, context.vault(), source, now, publication(zone, **how)
        )
        stores = [store.key for store in list_stores(connection, programme_id=done.programme_id)]
        known = [one.programme for one in programmes.versions(connection, done.programme_id)]
    before = known[-1 if done.before is None else done.before - 1]
    notes = _notes(known[-1], stores, of_preset=what in preset_names())
    changes = diff(before, known[-1])
    percent = cost_percent(known[-1])
    worth = [] if percent is None else [f"Points are worth {percent} % of a purchase."]
    news = "published" if done.changed else "unchanged"
    said = [change_line(one, before, known[-1], "en") for one in changes]
    waits = done.effective_at is not None and done.effective_at > now
    begins = f", begins {local(done.effective_at, zone)}" if done.effective_at and waits else ""
    show(
        {
            "key": done.key,
            "version": done.version,
            "changed": done.changed,
            "from": stamp(done.effective_at),
            "replaced": list(done.replaced),
            "changes": [change_row(one, before, known[-1], "en") for one in changes],
            "notes": notes,
            "cost_rate_percent": None if percent is None else str(percent),
        },
        as_json,
        "\n".join([f"{done.key}: version {done.version} {news}{begins}", *said, *worth, *notes]),
    )


@programme.command("show")
@click.argument("key", required=False)
@click.option("--version", "number", type=int, help="Which version (default: the one in force).")
@click.option("--preset", metavar="NAME", help="Show a ready-made programme instead.")
@as_json
@pass_context
def show_one(
    context: Context, key: str | None, *, number: int | None, preset: str | None, as_json: bool
) -> None:
    """Print a programme's document; without a key, list the programmes."""
    if preset is not None:
        source = preset_source(preset)
        show({"preset": preset, "source": source}, as_json, source)
        return
    with context.database().snapshot() as connection:
        if key is None:
            rows = [
                [
                    one,
                    str(
                        len(
                            programmes.versions(
                                connection, programmes.programme_id_of(connection, one)
                            )
                        )
                    ),
                ]
                for one in programmes.programme_keys(connection)
            ]
            show(
                [{"key": one, "version": int(count)} for one, count in rows],
                as_json,
                table(rows, ["programme", "version"]),
            )
            return
        programme_id = programmes.programme_id_of(connection, key)
        known = programmes.versions(connection, programme_id)
        wanted = number or programmes.in_force(known, context.clock()).number
        version, source = programmes.source_of(connection, programme_id, wanted)
    show({"key": key, "version": version, "source": source}, as_json, source)


@programme.command()
@click.argument("key")
@click.argument("currency")
@click.argument("value", metavar="RATE")
@click.option(
    "--from",
    "since",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The first day (UTC) whose orders it is for.",
)
@as_json
@pass_context
def rate(
    context: Context, key: str, currency: str, value: str, *, since: datetime, as_json: bool
) -> None:
    """Say what one unit of another currency is worth in the programme's.

    Orders that waited for a rate are paid at once; those judged by another one stay as they are.

    Example: stempel programme rate kawa EUR 4.25 --from 2026-01-01
    """
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ConfigError(f"a rate is a number as 4.25, not {value!r}") from error

    def add(connection: Connection) -> int:
        return rates.add_rate(
            connection,
            context.vault(),
            programme_id=programmes.programme_id_of(connection, key),
            currency=currency,
            rate=number,
            since=since.replace(tzinfo=UTC),
            now=context.clock(),
        )

    mended = context.database().run(add)
    show(
        {"currency": currency, "rate": str(number), "mended": mended},
        as_json,
        f"1 {currency} counts as {number}; orders mended: {mended}",
    )


def _notes(document: Programme, stores: Sequence[str], *, of_preset: bool) -> list[str]:
    """Return what the owner may not have expected of the document, in sentences."""
    naming = [(rule.key, named_stores(rule)) for rule in document.rules]
    naming += [(campaign.key, named_stores(campaign)) for campaign in document.campaigns]
    naming += [(segment.key, stores_named(segment)) for segment in document.segments]
    if document.membership is not None:
        naming.append((document.membership.key, named_stores(document.membership)))
    notes = [note for key, named in naming for note in _strange(key, named, stores)]
    notes += [note for one in document.stores for note in _strange("store", [one.key], stores)]
    notes += [
        note
        for reward in document.rewards
        for note in _of_reward(reward, stores, of_preset=of_preset)
    ]
    if not document.rules:
        notes.append(
            "No rule earns points in this programme: combine presets, as --with one-per-unit."
        )
    return notes


def _of_reward(reward: Reward, stores: Sequence[str], *, of_preset: bool) -> list[str]:
    if reward.lines is not None:
        named = list(dict.fromkeys(product.store for product in reward.lines.products))
        missing = [key for key in stores if key not in named]
        notes = [f"{reward.key}: {price_duty_words('en')}"] if has_price_duty(reward) else []
        if missing:
            notes.append(
                f"{reward.key}: hidden in {' and '.join(missing)} until you name its products there."
            )
        return [*notes, *_strange(reward.key, named, stores)]
    if reward.kind != "free-product":
        return []
    named = [product.store for product in reward.product]
    missing = [key for key in stores if key not in named]
    notes = []
    if missing or not named:
        where = " and ".join(missing) or "every shop"
        example = missing[0] if missing else "<store key>"
        how = (
            f"--set product.{example}=ID"
            if of_preset
            else f'[[reward.product]] with store = "{example}" and id, below the reward'
        )
        notes.append(
            f"{reward.key}: hidden in {where} until you say which product it is there ({how})."
        )
    return [*notes, *_strange(reward.key, named, stores)]


def _strange(key: str, named: Sequence[str], stores: Sequence[str]) -> list[str]:
    """Return what to say of stores that a rule, campaign or reward names and the programme hasn't got."""
    strange = [store for store in named if store not in stores]
    return [f"{key}: the programme has no store {' and '.join(strange)} yet."] if strange else []
