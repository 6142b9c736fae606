"""Any sequence of movements on an account, against nothing but the sums that they claim."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.programme.lots import (
    Account,
    Movement,
    Policy,
    give_back,
    moved,
    open_points,
    spend,
    spendable,
    take_back,
)
from tests.programme.test_lots import NOW, lot


class AnAccount(RuleBasedStateMachine):
    """Any sequence of movements, against nothing but the sums they claim."""

    def __init__(self) -> None:
        super().__init__()
        self.account = Account()
        self.next_lot = 1
        self.worth: dict[int, int] = {}  # award → points posted, net
        self.forgiven: dict[int, int] = {}
        self.uses: dict[int, list[tuple[int, int]]] = {}
        self.cost: dict[int, int] = {}  # redemption → what it takes
        self.taken: set[int] = set()
        self.plain = 0  # adjusted

    def post(self, movement: Movement, award: int | None, days: int | None = None) -> None:
        new = None
        if movement.opened:
            new = lot(self.next_lot, movement.opened, award=award, days=days)
            self.next_lot += 1
        self.account = moved(self.account, movement, new)

    @rule(award=st.integers(1, 3), points=st.integers(1, 60), days=st.sampled_from([None, 5, 90]))
    def earn(self, award: int, points: int, days: int | None) -> None:
        uses = self.uses.setdefault(award, [])
        movement = give_back(
            self.account,
            points,
            forgiven=self.forgiven.get(award, 0),
            uses=tuple(reversed(uses)),
            now=NOW,
        )
        self.post(movement, award, days)
        self.worth[award] = self.worth.get(award, 0) + points
        self.forgiven[award] = self.forgiven.get(award, 0) + movement.forgiven
        self.note_uses(award, movement)

    def note_uses(self, award: int, movement: Movement) -> None:
        uses = self.uses.setdefault(award, [])
        uses += [(lot_id, -change) for lot_id, change in movement.lots]
        net: dict[int, int] = {}
        for lot_id, taken in uses:
            net[lot_id] = net.get(lot_id, 0) + taken
        self.uses[award] = [(lot_id, taken) for lot_id, taken in net.items() if taken > 0]

    @rule(
        award=st.integers(1, 3),
        share=st.integers(1, 4),
        policy=st.sampled_from(["debt", "forgive"]),
    )
    def reverse(self, award: int, share: int, policy: Policy) -> None:
        points = self.worth.get(award, 0) // share
        movement = take_back(self.account, award, points, policy)
        self.post(movement, award)
        self.worth[award] = self.worth.get(award, 0) - points
        self.forgiven[award] = self.forgiven.get(award, 0) + movement.forgiven
        self.note_uses(award, movement)

    @precondition(lambda self: spendable(self.account, NOW))
    @rule(data=st.data())
    def redeem(self, data: st.DataObject) -> None:
        points = data.draw(st.integers(1, spendable(self.account, NOW)))
        redemption = 100 + len(self.cost)
        self.cost[redemption] = points
        self.take(redemption, None)

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        redemption = data.draw(st.sampled_from(sorted(self.taken)))
        self.taken.remove(redemption)
        self.earn(redemption, self.cost[redemption], None)

    @precondition(lambda self: self.cost.keys() - self.taken)
    @rule(data=st.data(), policy=st.sampled_from(["debt", "forgive"]))
    def show_a_released_code(self, data: st.DataObject, policy: Policy) -> None:
        self.take(data.draw(st.sampled_from(sorted(self.cost.keys() - self.taken))), policy)

    def take(self, redemption: int, policy: Policy | None) -> None:
        points = self.cost[redemption]
        movement = spend(self.account, points, NOW, policy)
        self.post(movement, redemption)
        self.worth[redemption] = self.worth.get(redemption, 0) - points
        self.forgiven[redemption] = self.forgiven.get(redemption, 0) + movement.forgiven
        self.note_uses(redemption, movement)
        self.taken.add(redemption)

    @rule(points=st.integers(-40, 40))
    def adjust(self, points: int) -> None:
        if points >= 0:
            self.post(open_points(self.account, points), None)
        else:
            self.post(take_back(self.account, None, -points, "debt"), None)
        self.plain += points

    @invariant()
    def lots_add_up_to_the_balance(self) -> None:
        remainders = [each.remaining for each in self.account.lots]
        assert sum(remainders) == max(self.account.balance, 0)
        assert all(0 <= each.remaining <= each.points for each in self.account.lots)

    @invariant()
    def the_balance_is_what_was_posted(self) -> None:
        posted = sum(self.worth.values()) + sum(self.forgiven.values()) + self.plain
        assert self.account.balance == posted
        assert all(forgiven >= 0 for forgiven in self.forgiven.values())


TestAnyAccount = AnAccount.TestCase
TestAnyAccount.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
