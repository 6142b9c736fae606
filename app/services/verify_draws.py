"""Proves the draws: the secrets are those that were committed to, and the winners those that they make."""

from sqlalchemy import Connection, select

from app.crypto import Keyring
from app.db import tables as t
from app.programme.draw import Ticket, commitment, winners
from app.services.draws import is_free_ticket
from app.services.problems import Problem


def check_draws(
    connection: Connection, keyring: Keyring, programme_id: int, problems: list[Problem]
) -> None:
    """Work the winners out anew from the tickets that each draw was held with, and look for others."""
    draws = connection.execute(
        select(t.draw).where(t.draw.c.programme_id == programme_id).order_by(t.draw.c.id)
    ).all()
    for draw in draws:
        secret = keyring.unwrap(draw.secret)
        if commitment(secret) != draw.commitment:
            problems.append(
                Problem(what=f"the secret of draw {draw.id} is not the one that was committed to")
            )
        if draw.held_at is None:
            continue
        rows = connection.execute(
            select(t.draw_ticket).where(t.draw_ticket.c.draw_id == draw.id)
        ).all()
        won = winners(secret, [Ticket(one.redemption_id, one.person) for one in rows], draw.prizes)
        told = {one.redemption_id: one.place for one in rows if one.place is not None}
        if told != {number: place for place, number in enumerate(won, start=1)}:
            problems.append(
                Problem(what=f"the winners of draw {draw.id} are not those that its secret makes")
            )
        left_out = connection.execute(
            select(t.redemption.c.id)
            .where(
                t.redemption.c.programme_id == programme_id,
                t.redemption.c.reward == draw.reward,
                t.redemption.c.created_at < draw.closed_at,
                is_free_ticket(),
            )
            .order_by(t.redemption.c.id)
        )
        problems += [
            Problem(what=f"the draw {draw.id} was held without the ticket {one}")
            for one in left_out.scalars()
        ]
