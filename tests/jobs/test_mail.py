"""A code reaches its member by e-mail: once, through every trouble that mail servers make."""

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.clock import now
from app.db import tables as t
from app.services.mail import CODE, claim_mail, mail_sent, want_mail
from app.services.merge import merge_accounts
from app.services.stores import Store
from app.settings import MailServer
from jobs import policy
from jobs.mail import send_mail
from jobs.worker import Worker
from tests.attack.help import customer
from tests.issued import change, issue, member_of
from tests.mailbox import Mailbox, mailbox, make_certificate, nobody, with_wrong_password
from tests.pipeline import Pipeline, TestClock
from tests.webhooks.conftest import environment

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


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate") / "localhost.pem")


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


def test_a_refused_address_is_given_up_with_the_reason_and_spoils_nothing(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    post.box.refuses = {"jan@example.pl": "550 5.1.1 jan@example.pl: no such user here"}
    post.code(post.person("jan@example.pl"))
    post.code(post.person(OLA), "AAAA-BBBB-CCCC")
    assert post.send() == 2
    assert post.box.to == [[OLA]]
    refused, sent = post.rows()
    assert refused.error == "cannot work: the mail server refuses the address (550 5.1.1)"
    assert (refused.due_at, refused.sent_at) == (None, None)
    assert sent.sent_at is not None
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("stempel")]
    assert len(ours) == 1
    assert "example.pl" not in ours[0]


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
def test_a_server_that_says_later_is_asked_later(post: Post, at: str) -> None:
    post.box.says = {at: "451 4.7.1 greylisted"}
    post.code(post.person(OLA))
    assert post.send() == 1
    assert post.row.error.startswith("will be tried again: the mail server does not take the ")
    assert post.row.tries == 1
    post.box.says = {}
    assert post.send() == 0  # not at once
    post.later(minutes=1)
    post.send()
    assert len(post.box.mails) == 1
    assert (post.row.error, post.row.due_at) == (None, None)


def test_a_message_that_is_refused_is_given_up(post: Post) -> None:
    post.box.says = {"DATA": "554 5.6.0 I do not like it"}
    post.code(post.person(OLA))
    post.send()
    assert post.row.error == "cannot work: the mail server refuses the message (554 5.6.0)"
    assert post.row.due_at is None


def test_a_policy_that_forbids_it_waits_for_a_person(post: Post) -> None:
    post.box.says = {"RCPT": "554 5.7.1 relay access denied"}
    post.code(post.person(OLA))
    post.send()
    assert post.row.error.startswith("a person must act: the mail server does not let us send")
    post.box.says = {}
    post.later(hours=1)
    post.send()
    assert len(post.box.mails) == 1


def test_a_server_that_is_away_is_asked_once_and_everything_waits(post: Post) -> None:
    for number in range(25):
        post.code(post.person(f"p{number}@example.pl"), f"CODE-{number}")
    assert post.send(nobody()) == 10  # one turn
    assert {row.tries for row in post.rows()} == {0, 1}
    assert all(row.due_at > post.pipeline.clock.moment for row in post.rows())
    post.later(minutes=1)
    assert post.send() == 25
    assert len(post.box.mails) == 25
    assert len({mail["Message-ID"] for mail in post.box.mails}) == 25


def test_nothing_is_given_up_for_a_server_that_is_away_for_days(post: Post) -> None:
    post.code(post.person(OLA))
    for _ in range(policy.MOST_TRIES):  # within the week that it is worth sending
        post.send(nobody())
        post.pipeline.clock.moment = post.row.due_at
    assert post.row.tries == policy.MOST_TRIES
    post.send()
    assert len(post.box.mails) == 1


def test_a_line_that_breaks_after_the_message_sends_the_same_message_again(post: Post) -> None:
    post.code(post.person(OLA))
    post.box.hangs_up = True
    post.send()
    post.box.hangs_up = False
    post.later(minutes=1)
    post.send()
    first, second = post.box.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert post.row.sent_at is not None


def test_a_kill_between_sending_and_noting_sends_the_same_message_again(
    post: Post, tmp_path: Path
) -> None:
    clock = post.pipeline.clock
    clock.moment = now()  # the killed process looks at the machine's
    post.code(post.person(OLA))
    settings = environment(post.pipeline.database.url, post.pipeline.settings.keyring, tmp_path, 80)
    server = post.box.server
    settings |= {
        "STEMPEL_DEV": "1",
        "STEMPEL_FAILPOINTS": "mail.sent@1",
        "SMTP_URL": f"smtp://{server.host}:{server.port}?starttls=no",
        "MAIL_FROM": server.sender,
    }
    script = (
        "import os; from app.db.engine import open_database; from app.settings import from_env\n"
        "from jobs.mail import send_mail; from jobs.runtime import new_runtime\n"
        "settings = from_env(os.environ)\n"
        "send_mail(new_runtime(open_database(settings.database_url), settings, {}))\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], env=settings, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert len(post.box.mails) == 1
    assert post.row.sent_at is None
    assert post.send() == 0  # as if the other one were still at it
    post.later(minutes=11)
    post.send()
    first, second = post.box.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert post.row.sent_at is not None


def test_several_workers_send_each_mail_once(post: Post) -> None:
    for number in range(40):
        post.code(post.person(f"p{number}@example.pl"), f"CODE-{number}")
    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(lambda _: post.send(), range(4))) == 40
    assert sorted(to for [to] in post.box.to) == sorted(f"p{one}@example.pl" for one in range(40))
    assert all(row.sent_at is not None for row in post.rows())


def test_a_sender_that_slept_through_its_lease_notes_nothing(post: Post) -> None:
    post.code(post.person(OLA))
    with post.pipeline.database.transaction() as connection:
        [asleep] = claim_mail(connection, post.pipeline.clock(), limit=9)
    post.later(minutes=11)
    post.box.says = {"RCPT": "550 5.1.1 no"}
    post.send()
    with post.pipeline.database.transaction() as connection:
        assert not mail_sent(connection, asleep, post.pipeline.clock())
    assert post.row.sent_at is None


def test_a_fault_of_ours_about_one_mail_keeps_no_other_back(post: Post) -> None:
    ola = post.person(OLA)
    spoilt = post.code(ola, "AAAA-BBBB-CCCC")
    post.code(ola)
    with post.pipeline.database.transaction() as connection:
        of_it = select(t.redemption.c.object_id).where(t.redemption.c.id == spoilt)
        connection.execute(
            update(t.source_object)
            .where(t.source_object.c.id == of_it.scalar_subquery())
            .values(facts="null")
        )
    post.send()
    assert len(post.box.mails) == 1
    assert post.rows()[0].error == "a fault of ours (AssertionError)"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_login_goes_over_tls_only(
    post: Post, certificate: Path, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.code(post.person(OLA))
    with mailbox(certificate=certificate, security=security) as box:
        post.send(box.server)  # nobody vouches for that certificate
        assert post.row.error == (
            "a person must act: the certificate of the mail server localhost is not valid"
        )
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        post.later(minutes=5)
        post.send(with_wrong_password(box.server))
        assert post.row.error.startswith(
            "a person must act: the mail server refuses user and password of SMTP_URL (535"
        )
        assert "guessed" not in post.row.error
        assert box.mails == []
        post.later(minutes=5)
        post.send(box.server)
        assert len(box.mails) == 1


def test_a_server_that_cannot_do_tls_gets_no_password(post: Post) -> None:
    post.code(post.person(OLA))
    post.send(replace(post.box.server, security="starttls", user="me", password="secret"))
    assert post.box.mails == []
    assert post.row.error == (
        "a person must act: the mail server localhost offers no TLS (starttls)"
    )


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
