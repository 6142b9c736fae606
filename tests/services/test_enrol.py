"""Joining by a manager's hand: one person, one account, whatever there was before."""

import json

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.errors import Invalid
from app.programme.presets import preset_source
from app.services.enrol import add_member, confirm_claim
from tests.pipeline import Pipeline, order_body

EMAIL = "jan.kowalski@example.pl"


def enrol(pipeline: Pipeline, programme_id: int, email: str = EMAIL) -> int:
    with pipeline.database.transaction() as connection:
        return add_member(
            connection,
            pipeline.runtime.vault,
            programme_id=programme_id,
            email=email,
            now=pipeline.clock(),
        )


def account(**changes: object) -> dict[str, object]:
    return {
        "id": 7,
        "date_created_gmt": "2026-11-21T17:00:00",
        "date_modified_gmt": "2026-11-21T17:00:00",
        "email": EMAIL,
        "role": "customer",
        "username": "jan",
        "billing": {"email": EMAIL},
        "meta_data": [],
    } | changes


def member_ids(pipeline: Pipeline, state: str = "member") -> list[int]:
    with pipeline.database.snapshot() as connection:
        return list(
            connection.execute(select(t.member.c.id).where(t.member.c.state == state)).scalars()
        )


def test_joining_twice_is_joining_once(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme("start-100-50-200")
    assert enrol(pipeline, programme_id) == enrol(
        pipeline, programme_id, " JAN.Kowalski@Example.PL"
    )
    assert pipeline.balances(programme_id) == [100]


def test_a_shop_account_with_the_e_mail_is_the_member(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme("start-100-50-200")
    store = pipeline.store(programme_id)
    pipeline.deliver(store, "customer.created", account())
    assert [enrol(pipeline, programme_id)] == member_ids(pipeline)
    assert pipeline.balances(programme_id) == [100]


def test_a_shop_account_goes_before_the_guest_whose_points_it_can_claim(
    pipeline: Pipeline,
) -> None:
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    pipeline.deliver(store, "order.updated", order_body("008"))
    pipeline.deliver(store, "customer.created", account())
    member_id = enrol(pipeline, programme_id)
    with pipeline.database.snapshot() as connection:
        [claim] = connection.execute(select(t.claim)).all()
    assert claim.member_id == member_id
    with pipeline.database.transaction() as connection:
        confirm_claim(
            connection,
            pipeline.runtime.vault,
            claim_id=claim.id,
            actor="test",
            reason="he showed the invoice",
            now=pipeline.clock(),
        )
    assert pipeline.balances(programme_id) == [269]
    assert pipeline.verified().problems == []


def test_opt_in_a_shop_account_only_gathers_until_it_joins(pipeline: Pipeline) -> None:
    source = preset_source("start-100-50-200").replace(
        "[programme]", '[programme]\nenrolment = "opt-in"', 1
    )
    programme_id = pipeline.programme(source=source)
    store = pipeline.store(programme_id)
    pipeline.deliver(store, "customer.created", account())
    pipeline.deliver(store, "order.updated", order_body("008", customer_id=7))
    assert member_ids(pipeline) == []
    assert pipeline.balances(programme_id) == [50]
    joined = enrol(pipeline, programme_id)
    assert member_ids(pipeline) == [joined]
    assert pipeline.balances(programme_id) == [150]
    assert pipeline.verified().problems == []


@pytest.mark.parametrize("email", ["", "jan", "mailto:jan@example.pl", "a@b@c", "jan@exa mple.pl"])
def test_who_has_no_e_mail_cannot_be_enrolled_by_it(pipeline: Pipeline, email: str) -> None:
    programme_id = pipeline.programme()
    with pytest.raises(Invalid, match="not an e-mail"):
        enrol(pipeline, programme_id, email)


def test_joining_leaves_a_note_in_the_audit_log(pipeline: Pipeline) -> None:
    member_id = enrol(pipeline, pipeline.programme())
    with pipeline.database.snapshot() as connection:
        [act] = connection.execute(select(t.audit).where(t.audit.c.action == "member.add")).all()
    assert (act.action, act.subject, json.loads(act.detail)) == (
        "member.add",
        f"member {member_id}",
        {},
    )
