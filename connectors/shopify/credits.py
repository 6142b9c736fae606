"""Shopify's `Credits` role: gift cards."""

from collections.abc import Callable, Sequence

from connectors.base import CodeShown, Credit, Made
from connectors.shopify import gift_cards
from connectors.shopify.client import Session, shaped
from connectors.shopify.credit_answers import ShopMoney
from connectors.shopify.refusals import Denied

_BATCH = 10  # each is a call of its own


class ShopifyCredits:
    """Shopify's `Credits` role.

    Each kind needs permissions of its own, and an app may lack them: then the rest of the shop is called
    all the same, and the result of each says what is missing.
    """

    batch_size = _BATCH

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shop: ShopMoney | None = None

    def give(self, wanted: Sequence[Credit]) -> Sequence[Made]:
        """Give it, each once."""
        return [self._give(one) for one in wanted]

    def look(self, given: Sequence[Credit]) -> Sequence[CodeShown]:
        """Say how it stands."""
        return _shown(given, lambda: gift_cards.look(self._session, given))

    def end(self, given: Sequence[Credit]) -> Sequence[CodeShown]:
        """Take back what is whole, and say how it stands then."""
        return _shown(given, lambda: gift_cards.end(self._session, given))

    def _give(self, one: Credit) -> Made:
        try:
            return gift_cards.give(self._session, one, self._money())
        except Denied as error:
            return Made(reference=one.reference, error=str(error))

    def _money(self) -> ShopMoney:
        if self._shop is None:
            self._shop = shaped(self._session.ask("shop_money").get("shop"), ShopMoney)
        return self._shop


def _shown(given: Sequence[Credit], act: Callable[[], Sequence[CodeShown]]) -> Sequence[CodeShown]:
    try:
        return act()
    except Denied as error:
        return [CodeShown(reference=one.reference, id=one.id, error=str(error)) for one in given]
