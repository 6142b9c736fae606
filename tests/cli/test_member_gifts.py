"""Cards, badges and what waits, at the command line; and what was given without points."""

from app.services.redemption_words import next_words, price_words, reason_words
from app.services.view_redemptions import RedemptionDetail, show_redemption
from tests.cards import cups
from tests.cli.answers import Run, data, plain
from tests.jobs.test_grants import made, opened, turn
from tests.people import People, gone
from tests.pipeline import Pipeline

BADGE = """
[[challenge]]
key = "pair"
orders = 2
days = 7
badge = "regular"

[[badge]]
key = "regular"
name = "Regular guest"
"""


def shown(people: People) -> RedemptionDetail:
    [row] = people.rows("redemption")
    with people.pipeline.database.snapshot() as connection:
        return show_redemption(connection, row.id)


def test_a_member_s_card_badge_and_waiting_reward_are_told(run: Run, pipeline: Pipeline) -> None:
    people = opened(pipeline, more=BADGE)
    member = people.member(0, "5")
    assert "the card card: 0 of 3" in plain(run("member", "show", member))
    people.tell(0, cups(1, 2))
    people.tell(0, cups(2, 2))
    told = plain(run("member", "show", member))
    assert "  the card card: 1 of 3, 1 full before" in told
    assert "  the challenge pair: won" in told
    assert "  the badge Regular guest (regular)" in told
    assert "  the reward coffee of the rule card is to be given: in a moment" in told
    assert "The reward “coffee”: for the 1st full card “card” (3 pieces)." in told
    assert "The badge “regular”: for the challenge “pair”." in told
    people.tell(0, gone("5"))
    turn(people)
    told = plain(run("member", "show", member))
    assert "is to be given: the person has no account in a shop that can be called" in told
    found = data(run("member", "show", member, "--json"))
    assert found["cards"] == [{"rule": "card", "punched": 1, "every": 3, "full": 1}]
    assert found["badges"] == [{"key": "regular", "name": "Regular guest"}]
    assert found["challenges"] == [
        {"challenge": "pair", "done": 0, "needed": 2, "through": None, "won": True}
    ]
    assert [(one["rule"], one["reward"]) for one in found["waiting"]] == [("card", "coffee")]


def test_what_was_given_without_points_speaks_of_no_points(run: Run, pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 3))
    made(people)
    [row] = people.rows("redemption")
    told = plain(run("redemption", "show", row.id))
    assert "given by the rule “card”" in told
    assert "Given without points by the rule “card”" in told
    assert "points" not in told.replace("without points", "")
    assert data(run("redemption", "show", row.id, "--json"))["granted_by"] == "card"
    people.tell(0, cups(1, 3, back=1, at=1))
    turn(people)
    found = shown(people)
    assert found.next is not None
    assert next_words(found.next, "en", restores=False) == "The code is to be ended in the shop."
    assert price_words(found.redemption, "pl") == "przyznana przez regułę „card”"
    assert reason_words(found.redemption.ending or "", "pl") == "nie jest już zasłużona"


def test_a_reward_of_a_card_has_no_price(run: Run, pipeline: Pipeline) -> None:
    opened(pipeline)
    told = plain(run("reward", "list", "--programme", "kawa"))
    assert "it is given for a card or challenge, not for points" in told
