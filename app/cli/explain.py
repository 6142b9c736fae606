"""`stempel explain`: the whole story of a ledger entry or an order, for people and for scripts."""

from typing import Any

import click
import msgspec

from app.cli.printing import entry_row, stamp
from app.cli.shared import Context, as_json, language_option, pass_context, show
from app.errors import ConfigError
from app.services.story import Story, entry_id_of, stories_of_order, story_of_entry
from app.services.story_words import tell
from app.services.views import ProgrammeView, programme_views


@click.command()
@click.argument("entry", required=False)
@click.option(
    "--order",
    nargs=2,
    metavar="STORE NUMBER",
    help="Instead of an entry: everything that an order gives, by its number or id in the shop.",
)
@language_option("the story")
@as_json
@pass_context
def explain(
    context: Context,
    *,
    entry: str | None,
    order: tuple[str, str] | None,
    language: str,
    as_json: bool,
) -> None:
    """Tell why an entry of the ledger is what it is, and what came of it later.

    By which version of the programme, what each line of the order gave, what was left out, and every
    later entry of the same award. ENTRY is an id, as `stempel ledger show MEMBER --json` has it.

    Example: stempel explain 385862746112131073 --language pl

    Example: stempel explain --order shop-example-1a2b3c 1001
    """
    if (entry is None) == (order is None):
        raise ConfigError("name an entry, or an order as --order STORE NUMBER")
    with context.database().snapshot() as connection:
        if order is not None:
            stories = stories_of_order(connection, context.vault(), *order)
        else:
            stories = [story_of_entry(connection, context.vault(), entry_id_of(entry or ""))]
        programmes = programme_views(connection, context.clock())
    rows, lines = [], []
    for story in stories:
        programme = programmes[story.programme_id]
        rows.append(_row(story, programme, language))
        lines += ["", *tell(story, language, programme.currency, programme.zone)]
    show(rows if order is not None else rows[0], as_json, "\n".join(lines[1:]))


def _row(story: Story, programme: ProgrammeView, language: str) -> dict[str, Any]:
    currency = programme.currency
    about = story.about
    return {
        "programme": programme.key,
        "rule": story.rule,
        "version": None
        if not story.version
        else {"number": story.version, "from": stamp(story.since)},
        "about": None if about is None else f"{about.kind} {about.number or about.external_id}",
        "store": None if about is None else about.store,
        "occurred_at": stamp(story.occurred_at),
        "worth": story.worth,
        "text": tell(story, language, currency, programme.zone),
        "entry": None if story.asked is None else entry_row(story.asked, language, currency),
        "explanation": None
        if story.explanation is None
        else msgspec.to_builtins(story.explanation),
        "lines": msgspec.to_builtins(story.lines),
        "decided_by": [
            {
                "kind": one.kind,
                "external_id": one.external_id,
                "number": one.number,
                "store": one.store,
            }
            for one in story.objects
        ],
        "history": [
            entry_row(step.entry, language, currency) | {"lines": msgspec.to_builtins(step.changes)}
            for step in story.steps
        ],
    }
