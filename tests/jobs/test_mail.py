"""A code reaches its member by e-mail: once, through every trouble that mail servers make."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select, update

from app.db import tables as t
from app.services.mail import CODE, want_mail
from app.services.merge import merge_accounts
from app.services.stores import Store
from app.settings import MailServer
from jobs.mail import send_mail
from jobs.worker import Worker
from tests.attack.help import customer
from tests.issued import change, issue, member_of
from tests.mailbox import Mailbox, mailbox
from tests.pipeline import Pipeline, TestClock

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"

[[reward]]
key = "ten-percent"
cost = 100
kind = "percent"
value = "10"
"""

OLA = "ola@example.pl"


@dataclass
class Post:
    """An installation with one shop, and a mail server."""

    pipeline: Pipeline
    box: Mailbox
    store: Store
    customers: int = 0

    def person(self, email: str) -> int:
        """Let somebody sign up in the shop; returns the account."""
        self.customers += 1
        body = customer(self.customers, email=email)
        self.pipeline.deliver(self.store, "customer.created", body)
        return member_of(self.pipeline, self.store, self.customers)

    def code(self, member_id: int, code: str = "K7QM-3XTD-9RWB", **columns: Any) -> int:
        """Issue a code and want a mail about it; returns the redemption."""
        made = issue(self.pipeline, self.store, member_id, code, **columns)
        self.want(made, member_id)
        return made

    def want(self, redemption_id: int, member_id: int) -> None:
        with self.pipeline.database.transaction() as connection:
            want_mail(
                connection,
                programme_id=self.store.programme_id,
                member_id=member_id,
                kind=CODE,
                subject_id=redemption_id,
                now=self.pipeline.clock(),
            )

    def send(self, server: MailServer | None = None) -> int:
        """Send what is due, in as many turns as it takes."""
        settings = replace(self.pipeline.settings, mail=server or self.box.server)
        runtime = replace(self.pipeline.runtime, settings=settings)
        done = 0
        for _ in range(50):
            turn = send_mail(runtime)
            done += turn
            if not turn:
                return done
        raise AssertionError("the mails never end")

    def later(self, **time: float) -> None:
        self.pipeline.clock.advance(**time)

    def rows(self) -> list[Any]:
        with self.pipeline.database.snapshot() as connection:
            return list(connection.execute(select(t.mail).order_by(t.mail.c.id)).all())

    @property
    def row(self) -> Any:
        [row] = self.rows()
        return row


@pytest.fixture
def post(pipeline: Pipeline) -> Iterator[Post]:
    with mailbox() as box:
        yield Post(pipeline, box, pipeline.store(pipeline.programme(source=SOURCE)))


def test_a_code_is_sent_once_to_its_member(post: Post) -> None:
    ola = post.person(OLA)
    made = post.code(ola)
    post.want(made, ola)  # issued again, after an order was cancelled
    assert post.send() == 1
    assert post.send() == 0
    assert post.box.to == [[OLA]]
    mail = post.box.only()
    assert "K7QM-3XTD-9RWB" in mail.get_body(("plain",)).get_content()
    assert "K7QM-3XTD-9RWB" in mail.get_body(("html",)).get_content()
    assert "K7QM" not in str(mail["Subject"])
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"].addresses[0].addr_spec == "points@shop.example"
    assert mail["Message-ID"] == f"<stempel.{post.row.id}@shop.example>"
    assert mail["Date"].datetime.date() == post.pipeline.clock.moment.date()
    assert (post.row.due_at, post.row.error, post.row.tries) == (None, None, 0)
    assert post.row.sent_at is not None


def test_without_a_mail_server_nothing_is_tried(post: Post) -> None:
    post.code(post.person(OLA))
    assert send_mail(post.pipeline.runtime) == 0
    assert (post.row.tries, post.row.error, post.row.lease_until) == (0, None, None)
    post.send()
    assert len(post.box.mails) == 1


def test_what_waited_too_long_for_a_mail_server_is_not_sent_any_more(post: Post) -> None:
    post.code(post.person(OLA))
    post.later(days=7, minutes=1)
    assert post.send() == 1
    assert post.box.mails == []
    assert (post.row.due_at, post.row.sent_at) == (None, None)
    assert post.row.error == "not sent for 7 days"


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"state": "used"}, "the code is used"),
        ({"state": "released"}, "the code is released"),
        ({"ending": "released by hand"}, "the code is over"),
        ({"ends_at": TestClock().moment}, "the code is over"),
    ],
    ids=["used", "released", "ending", "ended"],
)
def test_a_code_that_is_over_is_not_sent(post: Post, over: dict[str, Any], reason: str) -> None:
    change(post.pipeline, post.code(post.person(OLA)), **over)
    post.send()
    assert post.box.mails == []
    assert (post.row.error, post.row.due_at) == (reason, None)


def test_it_goes_to_the_account_that_the_member_has_now(post: Post) -> None:
    ola, also_ola = post.person(OLA), post.person("ola+shop@example.pl")
    post.code(also_ola)
    with post.pipeline.database.transaction() as connection:
        stays = merge_accounts(
            connection,
            post.pipeline.runtime.vault,
            programme_id=post.store.programme_id,
            one=ola,
            other=also_ola,
            now=post.pipeline.clock(),
        )
    assert stays == ola
    post.send()
    assert post.box.to == [[OLA]]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"email": None}, "no e-mail address is known"),
        ({"state": "erased"}, "the person was erased"),
    ],
    ids=["no e-mail", "erased"],
)
def test_who_has_no_address_or_was_erased_gets_nothing(
    post: Post, columns: dict[str, Any], reason: str
) -> None:
    ola = post.person(OLA)
    post.code(ola)
    with post.pipeline.database.transaction() as connection:
        connection.execute(update(t.member).where(t.member.c.id == ola).values(columns))
    post.send()
    assert post.box.mails == []
    assert (post.row.error, post.row.due_at, post.row.sent_at) == (reason, None, None)


@pytest.mark.parametrize(
    "address",
    ["a,b@example.pl", "<a@example.pl>", "a@example.pl>", "a(b)@example.pl", "żaneta@example.pl"],
)
def test_nothing_is_sent_to_what_is_no_plain_address(post: Post, address: str) -> None:
    post.code(post.person(address))
    post.code(post.person(OLA), "AAAA-BBBB-CCCC")
    post.send()
    assert post.box.to == [[OLA]]
    assert {row.error for row in post.rows()} == {"the e-mail address is no plain one", None}


def test_a_domain_of_other_letters_is_written_as_the_internet_knows_it(post: Post) -> None:
    post.code(post.person("Ola@łódź.example"))
    post.send()
    assert post.box.to == [["Ola@xn--d-uga0v4h.example"]]


def test_the_worker_sends_it(post: Post) -> None:
    post.code(post.person(OLA))
    settings = replace(post.pipeline.settings, mail=post.box.server)
    worker = Worker(replace(post.pipeline.runtime, settings=settings))
    worker.start()
    try:
        deadline = time.monotonic() + 20
        while post.row.sent_at is None:
            assert time.monotonic() < deadline, "the worker does not send it"
            time.sleep(0.05)
        assert worker.alive
    finally:
        worker.stop()
    assert len(post.box.mails) == 1
