"""`stempel programme versions`: what was in force when, what is to come, and who published it."""

import click

from app.cli.printing import stamp
from app.cli.shared import Context, as_json, pass_context, programme_option, show, table
from app.programme.local_time import local
from app.services.programmes import programme_id_of
from app.services.view_versions import list_versions
from app.services.views import programme_views


@click.command()
@programme_option
@as_json
@pass_context
def versions(context: Context, *, programme: str, as_json: bool) -> None:
    """List a programme's versions: from when each holds, who published it and why.

    What happened is judged for ever by the version that was in force then. A version that is "replaced"
    never began: another one took its place before.

    Example: stempel programme versions --programme kawa
    """
    now = context.clock()
    with context.database().snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
        found = list_versions(connection, programme_id, now)
        zone = programme_views(connection, now)[programme_id].zone
    show(
        [
            {
                "number": one.number,
                "stage": one.stage,
                "from": stamp(one.since),
                "until": stamp(one.until),
                "published_at": stamp(one.published_at),
                "actor": one.actor,
                "reason": one.reason,
            }
            for one in found
        ],
        as_json,
        table(
            [
                [
                    str(one.number),
                    one.stage,
                    "the beginning" if one.since is None else local(one.since, zone),
                    local(one.published_at, zone),
                    one.actor or "",
                    one.reason,
                ]
                for one in found
            ],
            ["version", "", f"from ({zone.key})", "published", "by", "reason"],
        ),
    )
