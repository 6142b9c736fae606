"""Shopify's `Credits` role: gift cards and store credit."""

from collections.abc import Callable, Sequence

from app.clock import Clock
from app.errors import Blocked, Invalid, Passing
from app.programme.shop_money import GIFT_CARD
from connectors.rewards import CodeShown, Credit, Made
from connectors.shopify import gift_cards, store_credit
from connectors.shopify.client import Session, shaped
from connectors.shopify.credit_answers import ShopMoney
from connectors.shopify.refusals import Denied

_BATCH = 10  # each is a call of its own

Asked = Callable[[Sequence[Credit]], Sequence[CodeShown]]


class ShopifyCredits:
    """Shopify's `Credits` role.

    Each kind needs permissions of its own, and an app may lack them: then the rest of the shop is called
    all the same, and the result of each says what is missing. What was given before a call failed is
    never forgotten because of that: store credit cannot be given twice without harm.
    """

    batch_size = _BATCH

    def __init__(self, session: Session, now: Clock) -> None:
        self._session = session
        self._now = now
        self._shop: ShopMoney | None = None

    def give(self, wanted: Sequence[Credit]) -> Sequence[Made]:
        """Give it, each once."""
        made: list[Made] = []
        for one in wanted:
            try:
                made.append(self._give(one))
            except Denied as error:
                made.append(Made(reference=one.reference, error=str(error)))
            except Invalid as error:  # that is about this one alone
                made.append(Made(reference=one.reference, error=str(error), never=True))
            except (Passing, Blocked) as error:
                if not made:
                    raise
                made.append(Made(reference=one.reference, error=str(error)))
                return made + [_not_asked(other) for other in wanted[len(made) :]]
        return made

    def look(self, given: Sequence[Credit]) -> Sequence[CodeShown]:
        """Say how it stands."""
        return self._each(
            given,
            lambda cards: gift_cards.look(self._session, cards),
            lambda others: store_credit.look(self._session, others, self._now),
        )

    def end(self, given: Sequence[Credit]) -> Sequence[CodeShown]:
        """Take back what is whole, and say how it stands then."""
        return self._each(
            given,
            lambda cards: gift_cards.end(self._session, cards),
            lambda others: store_credit.end(self._session, others, self._now),
        )

    def _give(self, one: Credit) -> Made:
        give = gift_cards.give if one.kind == GIFT_CARD else store_credit.give
        return give(self._session, one, self._money())

    def _each(self, given: Sequence[Credit], cards: Asked, accounts: Asked) -> Sequence[CodeShown]:
        """Ask about cards together and about credits one by one; a call that fails ends it.

        What can never be asked as it is tells so of itself alone.
        """
        shown: list[CodeShown] = []
        some = [one for one in given if one.kind == GIFT_CARD]
        others = [one for one in given if one.kind != GIFT_CARD]
        for part, ask in ((some, cards), *(([one], accounts) for one in others)):
            try:
                shown += ask(part) if part else []
            except (Denied, Invalid) as error:
                shown += [_unseen(one, str(error)) for one in part]
            except (Passing, Blocked) as error:
                if not shown:
                    raise
                known = {one.reference for one in shown}
                missing = [one for one in given if one.reference not in known]
                return shown + [_unseen(one, str(error)) for one in missing]
        return shown

    def _money(self) -> ShopMoney:
        if self._shop is None:
            self._shop = shaped(self._session.ask("shop_money").get("shop"), ShopMoney)
        return self._shop


def _not_asked(one: Credit) -> Made:
    return Made(
        reference=one.reference,
        error="The shop was not asked, because the call before it failed.",
        undone=one.tried_at is None,
    )


def _unseen(one: Credit, reason: str) -> CodeShown:
    return CodeShown(reference=one.reference, id=one.id, error=reason)
