"""Accounts of one person on the command line: which may be one, which are, and what came of it."""

import pytest

from tests.cli.answers import Run, data, plain
from tests.people import JAN, OLA, People, account, gone, open_people, order
from tests.pipeline import Pipeline


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    return open_people(pipeline)


def test_a_claim_says_what_confirming_it_does(run: Run, people: People) -> None:
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(1, account("7", OLA, verified=False))
    member, guest = people.member(1, "7"), people.holder(OLA)
    listed = plain(run("member", "claims"))
    assert f"member {member}: 100" in listed
    assert f"guest {guest}: 40" in listed
    assert f"confirmed, {member} stays" in plain(run("member", "show", member))
    [claim] = data(run("member", "claims", "--json"))
    assert (claim["holder"], claim["stays"]) == (str(guest), str(member))
    told = plain(run("member", "confirm", claim["id"], "--reason", "same phone"))
    assert told == f"member {member} has it all now: 140 points\n"
    assert "are joined: confirmed by a person" in plain(run("member", "show", member))


def test_both_accounts_say_which_is_the_other(run: Run, people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    people.tell(0, order(1, "40.00", customer="5", email=OLA))
    ended, kept = people.member(0, "5"), people.member(0, "6")
    people.tell(0, gone("5", into="6"))
    told = plain(run("member", "show", kept))
    assert f"joined to it: {ended}" in told
    assert "are joined: the shop made one customer of two" in told
    assert f"140 points moved here from another account of the same person. ({ended})" in told
    told = plain(run("member", "show", ended))
    assert f"joined to member {kept}, who has its points and orders" in told
    found = data(run("member", "show", kept, "--json"))
    assert found["joined"] == [str(ended)]
    [moved] = [one for one in found["entries"] if one["kind"] == "merge"]
    assert moved["other_member"] == str(ended)
