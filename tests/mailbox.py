"""A mail server on this machine that keeps what it is given, and refuses what a test tells it to."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.settings import MailServer
from tests.sockets import free_port

FROM = "points@shop.example"
USER, PASSWORD = "stempel", "pa:ss@w%rd"


@dataclass
class Mailbox:
    """What arrived, and what the server says instead of yes: at "RCPT" or "DATA"."""

    server: MailServer
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    says: dict[str, str] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)  # an address and what is said to it
    hangs_up: bool = False  # keeps the message and closes the line without a word

    async def handle_RCPT(  # noqa: N802 - the server's word
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        said = self.refuses.get(address) or self.says.get("RCPT")
        if said is not None:
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if "DATA" in self.says:
            return self.says["DATA"]
        self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        self.to.append(list(envelope.rcpt_tos))
        if self.hangs_up:
            server.transport.abort()
        return "250 OK"

    def only(self) -> EmailMessage:
        [mail] = self.mails
        return mail


@contextmanager
def mailbox(*, certificate: Path | None = None, security: str = "none") -> Iterator[Mailbox]:
    """Run a mail server; with a certificate it does TLS and wants USER and PASSWORD."""
    options: dict[str, Any] = {}
    kept = MailServer(
        host="localhost",
        port=free_port(),
        sender=FROM,
        security=security,  # type: ignore[arg-type]
        user=USER if certificate else None,
        password=PASSWORD if certificate else None,
    )
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        key = "ssl_context" if security == "tls" else "tls_context"
        options |= {
            key: context,
            "auth_required": True,
            "auth_require_tls": security != "tls",  # it knows of STARTTLS only
            "authenticator": _authenticate,
        }
    box = Mailbox(kept)
    controller = Controller(box, hostname="127.0.0.1", port=kept.port, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def nobody() -> MailServer:
    """Return a mail server that is not there."""
    return MailServer(host="127.0.0.1", port=free_port(), sender=FROM, security="none")


def with_wrong_password(server: MailServer) -> MailServer:
    return replace(server, password="guessed")


def _authenticate(
    _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
) -> AuthResult:
    fine = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=fine, handled=False)


def make_certificate(path: Path) -> Path:
    """Write a key and a certificate for localhost, signed by itself, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
