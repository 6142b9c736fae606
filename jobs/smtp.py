"""One session with the mail server, and what its answers mean.

What the server writes is never repeated, only its numbers: its text quotes addresses, or worse.
"""

import ipaddress
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage

from app.errors import ConfigError, Invalid, Passing
from app.settings import MailServer

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 60.0
"""For each answer: servers that look into a message take their time, and giving up sends it twice."""

SESSION_SECONDS = 570.0
"""For everything together: a server that sends a line now and then is never silent for long."""

_ENHANCED = re.compile(rb"\s*([245]\.\d{1,3}\.\d{1,3})\b")  # RFC 3463


class Away(Passing):
    """The mail server itself cannot be used now, whichever e-mail is sent."""


class Misconfigured(ConfigError):
    """The mail server refuses us for good: a person must look at the settings."""


class Post:
    """An open session. `send` may be called again after a refused e-mail."""

    def __init__(self, server: MailServer, smtp: smtplib.SMTP) -> None:
        self._server = server
        self._smtp = smtp

    def send(self, message: EmailMessage, to: str) -> None:
        """Hand one e-mail over.

        Raises Away and Misconfigured about the server; about this e-mail only Passing, Invalid (its
        address or content is refused) and ConfigError (refused for a policy that a person may change).
        """
        try:
            self._smtp.send_message(message, from_addr=self._server.sender, to_addrs=[to])
        except smtplib.SMTPRecipientsRefused as error:
            [(code, text)] = error.recipients.values()
            raise _refusal("the address", code, text) from None
        except smtplib.SMTPDataError as error:
            raise _refusal("the message", error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPSenderRefused as error:
            raise _about_server("the sender in MAIL_FROM", error) from None
        except (smtplib.SMTPException, OSError) as error:
            raise _away(error) from None


@contextmanager
def post(server: MailServer, own_name: str) -> Iterator[Post]:
    """Open a session; `own_name` is the host that we say we are. Raises Away or Misconfigured."""
    smtp = _opened(server, own_name)
    alarm = threading.Timer(SESSION_SECONDS, _hang_up, [smtp])
    alarm.daemon = True
    alarm.start()
    try:
        yield Post(server, smtp)
    finally:
        try:
            smtp.quit()
        except (smtplib.SMTPException, OSError):
            smtp.close()
        alarm.cancel()


def _hang_up(smtp: smtplib.SMTP) -> None:
    """End a session from outside: whoever waits for an answer gets none."""
    with suppress(OSError):
        if smtp.sock is not None:
            socket.socket.shutdown(smtp.sock, socket.SHUT_RDWR)  # of TLS too, without a farewell


def _opened(server: MailServer, own_name: str) -> smtplib.SMTP:
    context = ssl.create_default_context()
    smtp: smtplib.SMTP | None = None
    try:
        if server.security == "tls":
            smtp = smtplib.SMTP_SSL(
                server.host,
                server.port,
                local_hostname=_ehlo(own_name),
                timeout=CONNECT_SECONDS,
                context=context,
            )
        else:
            smtp = smtplib.SMTP(
                server.host, server.port, local_hostname=_ehlo(own_name), timeout=CONNECT_SECONDS
            )
        if server.security == "starttls":
            _to_tls(smtp, server, context)
        if server.user is not None:
            smtp.login(server.user, server.password or "")
        if smtp.sock is not None:
            smtp.sock.settimeout(ANSWER_SECONDS)
    except (smtplib.SMTPException, OSError, Misconfigured) as error:
        if smtp is not None:
            smtp.close()
        raise _not_opened(server, error) from None
    return smtp


def _to_tls(smtp: smtplib.SMTP, server: MailServer, context: ssl.SSLContext) -> None:
    smtp.ehlo_or_helo_if_needed()
    if not smtp.has_extn("starttls"):
        raise Misconfigured(f"the mail server {server.host} offers no TLS (starttls)")
    smtp.starttls(context=context)


def _not_opened(server: MailServer, error: Exception) -> Away | Misconfigured:
    if isinstance(error, Misconfigured):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        return Misconfigured(f"the certificate of the mail server {server.host} is not valid")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _about_server("user and password of SMTP_URL", error)
    if isinstance(error, smtplib.SMTPNotSupportedError) or type(error) is smtplib.SMTPException:
        return Misconfigured(f"the mail server {server.host} offers no login that we know")
    return _away(error)


def _about_server(what: str, error: smtplib.SMTPResponseException) -> Away | Misconfigured:
    numbers = _numbers(error.smtp_code, error.smtp_error)
    if 500 <= error.smtp_code < 600:
        return Misconfigured(f"the mail server refuses {what} ({numbers})")
    return Away(f"the mail server does not take {what} now ({numbers})")


def _away(error: Exception) -> Away:
    if isinstance(error, smtplib.SMTPResponseException):
        return Away(
            f"the mail server answered {_numbers(error.smtp_code, error.smtp_error)} instead of going on"
        )
    return Away(f"the mail server does not answer ({type(error).__name__})")


def _refusal(what: str, code: int, text: bytes | str) -> Passing | Invalid | ConfigError:
    numbers = _numbers(code, text)
    if code == 421:
        return Away(f"the mail server closes the session ({numbers})")
    if not 500 <= code < 600:
        return Passing(f"the mail server does not take {what} now ({numbers})")
    if code == 530 or " 5.7." in f" {numbers}":
        return ConfigError(f"the mail server does not let us send to {what} ({numbers})")
    return Invalid(f"the mail server refuses {what} ({numbers})")


def _numbers(code: int, text: bytes | str) -> str:
    found = _ENHANCED.match(text if isinstance(text, bytes) else text.encode())
    return f"{code} {found[1].decode()}" if found else str(code)


def _ehlo(own_name: str) -> str:
    try:
        address = ipaddress.ip_address(own_name)
    except ValueError:
        return own_name
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
