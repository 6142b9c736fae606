"""Sends the e-mails that are due, each once as far as a mail server allows.

Between the server's yes and our note of it a process may end: then it is sent again, with the same
Message-ID, by which mail programs know it as the same.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

from app.services.addressing import Letter, Unsent
from app.services.letters import letter
from app.services.mail import (
    LEASE,
    Mail,
    claim_mail,
    close_mail,
    let_mail_rest,
    mail_due,
    mail_sent,
    postpone_mail,
)
from app.settings import MailServer
from jobs import policy
from jobs.runtime import Runtime
from jobs.smtp import ANSWER_SECONDS, Away, Misconfigured, Post, post

log = logging.getLogger("stempel.mail")

_PER_TURN = 10
_ANSWERS_EACH = 5  # a mail server's, to one e-mail
_LAST_START = LEASE - timedelta(seconds=ANSWER_SECONDS * _ANSWERS_EACH)


def send_mail(runtime: Runtime) -> int:
    """Send e-mails that are due; returns how many were dealt with. Without a mail server: none."""
    server = runtime.settings.mail
    if server is None:
        return 0
    began = runtime.clock()
    with runtime.database.snapshot() as connection:
        if not mail_due(connection, began):
            return 0
    with runtime.database.transaction() as connection:
        claimed = claim_mail(connection, began, limit=_PER_TURN)
    ready = [(mail, found) for mail in claimed if (found := _composed(runtime, mail)) is not None]
    if not ready:
        return len(claimed)
    left = [mail for mail, _ in ready]
    try:
        with post(server, urlsplit(runtime.settings.public_url).hostname or "localhost") as office:
            for mail, found in ready:
                if runtime.clock() > began + _LAST_START:
                    break
                _send(runtime, server, office, mail, found)
                left.remove(mail)
    except (Away, Misconfigured) as error:
        _rest(runtime, left, error)
        return len(claimed)
    if left:
        with runtime.database.transaction() as connection:
            postpone_mail(connection, left, due_at=runtime.clock(), error=None)
    return len(claimed)


def _send(runtime: Runtime, server: MailServer, office: Post, mail: Mail, found: Letter) -> None:
    """Send one e-mail and note what became of it; raises only what is about the server."""
    try:
        office.send(message_of(server, mail, found, runtime.clock()), found.to)
    except (Away, Misconfigured):
        raise
    except Exception as error:  # noqa: BLE001 - the edge of the jobs: recorded, never swallowed
        _failed(runtime, mail, error)
        return
    runtime.reach("mail.sent")
    with runtime.database.transaction() as connection:
        mail_sent(connection, mail, runtime.clock())


def _composed(runtime: Runtime, mail: Mail) -> Letter | None:
    """Return what a mail says; None if there is nothing to send, which is noted."""
    now = runtime.clock()
    try:
        with runtime.database.snapshot() as connection:
            found = letter(connection, runtime.vault, mail, now)
    except Exception as error:  # noqa: BLE001 - the edge of the jobs: recorded, never swallowed
        _failed(runtime, mail, error)
        return None
    if isinstance(found, Letter):
        return found
    _close(runtime, mail, found)
    return None


def _close(runtime: Runtime, mail: Mail, unsent: Unsent) -> None:
    log.info("mail %s is not sent: %s", mail.id, unsent.reason)
    with runtime.database.transaction() as connection:
        close_mail(connection, mail, unsent.reason)


def _failed(runtime: Runtime, mail: Mail, error: Exception) -> None:
    """Note what went wrong about one e-mail."""
    decision = policy.decide(error, tries=mail.tries, now=runtime.clock())
    log.warning("mail %s: %s", mail.id, decision.reason)
    with runtime.database.transaction() as connection:
        if decision.retry_at is None:
            close_mail(connection, mail, decision.reason)
        else:
            postpone_mail(connection, [mail], due_at=decision.retry_at, error=decision.reason)


def _rest(runtime: Runtime, left: Sequence[Mail], error: Exception) -> None:
    """Put everything off: it is not about one e-mail. None is given up for it before it is too old."""
    now = runtime.clock()
    decision = policy.decide(error, tries=min(mail.tries for mail in left), now=now)
    log.warning("no e-mail can be sent: %s", decision.reason)
    until = decision.retry_at or policy.much_later(now)
    with runtime.database.transaction() as connection:
        postpone_mail(connection, left, due_at=until, error=decision.reason)
        let_mail_rest(connection, now, until)


def message_of(server: MailServer, mail: Mail, found: Letter, now: datetime) -> EmailMessage:
    """Return the letter as it is handed over; the same mail has the same Message-ID each time."""
    message = EmailMessage(policy=SMTP)
    name = server.sender_name or found.sender_name
    message["From"] = Address(display_name=name, addr_spec=server.sender)
    message["To"] = Address(addr_spec=found.to)
    message["Subject"] = found.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<stempel.{mail.id}@{server.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's out-of-office answers it
    message.set_content(found.text, cte="quoted-printable")
    message.add_alternative(found.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = found.language  # here: setting the content takes it away
    return message
