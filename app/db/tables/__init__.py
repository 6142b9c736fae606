"""Every table. Ids are made by us (`app.db.ids`), the database makes none.

Words are those of the project's design. Migrations are drafted from this and read; a test holds the
two equal. Use as `from app.db import tables as t`.
"""

from app.db.tables.columns import metadata
from app.db.tables.draws import draw, draw_ticket
from app.db.tables.friends import referral, trait
from app.db.tables.imports import import_batch, import_row
from app.db.tables.inbound import delivery, delivery_body, delivery_outcome, delivery_queue
from app.db.tables.ledger import checkpoint, entry, lot, lot_use
from app.db.tables.objects import award, object_delivery, object_part, source_object
from app.db.tables.outbound import audit, outbox_task, schedule_run, task_waiter
from app.db.tables.people import birthday, claim, identity, member, store_customer
from app.db.tables.programmes import (
    celebration,
    data_key,
    programme,
    programme_version,
    rate,
    store,
    store_secret,
)
from app.db.tables.redemptions import mail, redemption, redemption_use, waiting
from app.db.tables.replays import replay
from app.db.tables.segments import segment_member, segment_run
from app.db.tables.shadows import shadow, shadow_award, shadow_due
from app.db.tables.tiers import tier_fact, tier_run

__all__ = [
    "audit",
    "award",
    "birthday",
    "celebration",
    "checkpoint",
    "claim",
    "data_key",
    "delivery",
    "delivery_body",
    "delivery_outcome",
    "delivery_queue",
    "draw",
    "draw_ticket",
    "entry",
    "identity",
    "import_batch",
    "import_row",
    "lot",
    "lot_use",
    "mail",
    "member",
    "metadata",
    "object_delivery",
    "object_part",
    "outbox_task",
    "programme",
    "programme_version",
    "rate",
    "redemption",
    "redemption_use",
    "referral",
    "replay",
    "schedule_run",
    "segment_member",
    "segment_run",
    "shadow",
    "shadow_award",
    "shadow_due",
    "source_object",
    "store",
    "store_customer",
    "store_secret",
    "task_waiter",
    "tier_fact",
    "tier_run",
    "trait",
    "waiting",
]
