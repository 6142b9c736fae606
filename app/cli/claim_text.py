"""How claims are printed: accounts that may be one person's."""

from typing import Any

from app.cli.printing import stamp
from app.services.view_claims import ClaimView


def claim_row(one: ClaimView) -> dict[str, Any]:
    """Return a claim for a script. Ids are strings: JSON numbers lose digits in some readers."""
    return {
        "id": str(one.id),
        "programme": one.programme,
        "member": str(one.member_id),
        "member_points": one.member_balance,
        "holder": str(one.holder_id),
        "holder_points": one.holder_balance,
        "stays": str(one.staying_id),
        "status": one.status,
        "created_at": stamp(one.created_at),
        "decided_at": stamp(one.decided_at),
    }


def claim_line(claim: ClaimView) -> str:
    """Say what a claim comes to."""
    pair = f"claim {claim.id}: {claim.member_id} and {claim.holder_id}"
    if claim.status == "pending":
        return f"{pair} may be one person; confirmed, {claim.staying_id} stays"
    if claim.decided_at is None:
        return f"{pair} are proved to be one person and joined in a moment"
    how = {
        "confirmed": "confirmed by a person",
        "proved": "the shop made one customer of two"
        if claim.by_shop
        else "the shop vouches for the e-mail",
    }
    return f"{pair} are joined: {how.get(claim.status, 'not by this claim')}"
