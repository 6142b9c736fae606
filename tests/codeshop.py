"""A shop of no platform that makes discount codes: in memory, with calls whose answers can get lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar

from app.errors import Passing
from connectors.rewards import CodeShown, Discount, Made, MadeCode

T = TypeVar("T")

Trouble = Literal["", "before", "after"]
"""Whether the next call gets lost before it takes effect, or after."""


@dataclass
class ShopCode:
    """A code as the shop has it."""

    wanted: Discount
    deleted: bool = False


@dataclass
class CodeShop:
    """The shop, which has no role but `Codes`; `uses` says how often a code (lower-cased) was used."""

    now: Callable[[], datetime]
    uses: Callable[[str], int] = lambda _: 0
    trouble: Trouble = ""
    made: dict[str, ShopCode] = field(default_factory=dict)
    batch_size: int = 100
    reader = writer = credits = installer = health = None

    @property
    def codes(self) -> "CodeShop":
        """Return the role that makes codes."""
        return self

    def close(self) -> None:
        """Close nothing."""

    def make(self, wanted: Sequence[Discount]) -> Sequence[Made]:
        """Make the codes, each once."""
        return self._call(lambda: [self._make(one) for one in wanted])

    def look(self, codes: Sequence[MadeCode]) -> Sequence[CodeShown]:
        """Say how the codes are."""
        return self._call(lambda: [self._shown(one) for one in codes])

    def end(self, codes: Sequence[MadeCode]) -> Sequence[CodeShown]:
        """Delete the codes that were not used but for what is spent."""
        return self._call(lambda: [self._end(one) for one in codes])

    def usable(self, code: str) -> bool:
        """Say whether somebody could place an order with this code now."""
        found = self.made.get(code.lower())
        if found is None or found.deleted or self.uses(code.lower()):
            return False
        return found.wanted.ends_at is None or found.wanted.ends_at > self.now()

    def delete(self, code: str) -> None:
        """Delete a code by the merchant's hand."""
        self.made[code.lower()].deleted = True

    def _call(self, act: Callable[[], list[T]]) -> list[T]:
        trouble, self.trouble = self.trouble, ""
        if trouble == "before":
            raise Passing("the shop hung up")
        answer = act()
        if trouble == "after":
            raise Passing("the shop's answer got lost")
        return answer

    def _make(self, wanted: Discount) -> Made:
        found = self.made.setdefault(wanted.code.lower(), ShopCode(wanted))
        if found.wanted.reference != wanted.reference or found.deleted:
            return Made(reference=wanted.reference, error="there is such a code", taken=True)
        return Made(reference=wanted.reference, id=f"coupon {wanted.reference}")

    def _shown(self, asked: MadeCode) -> CodeShown:
        found = self.made.get(asked.code.lower())
        return CodeShown(
            reference=asked.reference,
            exists=found is not None and not found.deleted,
            usable=self.usable(asked.code),
            uses=None if found is None else self.uses(asked.code.lower()),
        )

    def _end(self, asked: MadeCode) -> CodeShown:
        found = self.made.get(asked.code.lower())
        if found is not None and self.uses(asked.code.lower()) <= asked.spent:
            found.deleted = True
        return self._shown(asked)
