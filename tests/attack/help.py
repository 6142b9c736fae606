"""What the attacks share: an order's body as a shop sends it, and answers as our reader stores them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.crypto import seal
from app.db import tables as t
from app.db.ids import new_id
from app.db.inbox import NewDelivery, store_deliveries
from app.services.enrol import confirm_claim
from app.services.stores import Store
from tests.pipeline import Pipeline, order_body

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
GUEST = "jan.kowalski@example.pl"


def stamp(seconds: int) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


def order(
    amount: str = "100.00",
    *,
    number: int = 700,
    modified: int = 0,
    status: str = "completed",
    customer: int = 0,
    email: str = GUEST,
    refunds: tuple[tuple[int, str], ...] = (),
) -> bytes:
    """Return an order with one line at this price with tax, modified so many seconds after START."""
    template = order_body("008")
    line = template["line_items"][0] | {"id": 1, "total": amount, "total_tax": "0"}
    body = template | {
        "id": number,
        "number": str(number),
        "status": status,
        "customer_id": customer,
        "billing": template["billing"] | {"email": email},
        "date_modified_gmt": stamp(modified),
        "total": amount,
        "line_items": [line],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [{"id": i, "reason": "", "total": f"-{sum_}"} for i, sum_ in refunds],
    }
    return json.dumps(body).encode()


def customer(number: int = 5, *, email: str = GUEST, modified: int = 0) -> bytes:
    """Return a shopper's account, signed up at START."""
    body: dict[str, Any] = {
        "id": number,
        "email": email,
        "role": "customer",
        "date_created_gmt": stamp(0),
        "date_modified_gmt": stamp(modified),
    }
    return json.dumps(body).encode()


def answer(
    pipeline: Pipeline, store: Store, kind: str, body: dict[str, Any], began_at: datetime
) -> int:
    """Store what our reader brought back from a read that began at that moment."""
    now, delivery_id = pipeline.clock(), new_id()
    raw = json.dumps(body).encode()
    with pipeline.database.transaction() as connection:
        key_id, key = pipeline.runtime.vault.data_keys.for_writing(
            connection, store.programme_id, now
        )
        store_deliveries(
            connection,
            [
                NewDelivery(
                    id=delivery_id,
                    programme_id=store.programme_id,
                    store_id=store.id,
                    source="read",
                    topic=f"read.{kind}",
                    received_at=now,
                    began_at=began_at,
                    content_key=None,
                    size=len(raw),
                    data_key_id=key_id,
                    body=seal(key, delivery_id, raw),
                )
            ],
        )
    return delivery_id


def order_body_of_answer(body: bytes | None) -> dict[str, Any]:
    """Return an order with its refunds as our reader puts them together; None: the shop has none."""
    if body is None:
        return {"order": None}
    told = json.loads(body)
    refunds = [
        {"id": r["id"], "amount": r["total"].lstrip("-"), "date_created_gmt": stamp(1)}
        for r in told["refunds"]
    ]
    return {"order": told, "refunds": refunds}


def order_answer(
    pipeline: Pipeline, store: Store, body: bytes | None, began_at: datetime, *, number: int = 700
) -> int:
    """Store the answer about an order."""
    envelope = {"id": str(number)} | order_body_of_answer(body)
    return answer(pipeline, store, "order", envelope, began_at)


def confirm(pipeline: Pipeline) -> int:
    """Confirm the only pending claim; returns the member's id."""
    with pipeline.database.transaction() as connection:
        claim_id = connection.execute(
            select(t.claim.c.id).where(t.claim.c.status == "pending")
        ).scalar_one()
        return confirm_claim(
            connection,
            pipeline.runtime.vault,
            claim_id=claim_id,
            actor="test",
            reason="showed an id card",
            now=pipeline.clock(),
        )


def problems(pipeline: Pipeline) -> list[str]:
    return [problem.what for problem in pipeline.verified().problems]
