"""Mail servers that refuse, put off, hang up or stay away: a mail reaches its member all the same, once."""

import logging
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.clock import now
from app.db import tables as t
from app.services.mail import claim_mail, mail_sent
from jobs import policy
from tests.jobs.test_mail import OLA, Post, post
from tests.mailbox import mailbox, make_certificate, nobody, with_wrong_password
from tests.webhooks.conftest import environment

__all__ = ["post"]  # the fixture: a shop and a mail server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate") / "localhost.pem")


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
