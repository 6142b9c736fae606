"""The guarded client: where it refuses to go, and what it makes of the answers it gets."""

import gzip
import logging
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.errors import Blocked, Invalid, Passing
from connectors.http import MAX_RETRY_AFTER, Answer, GuardedClient, raise_for_answer, retry_after
from connectors.http_guard import AddressGuard, is_public
from tests.connectors.loopback import Loopback, Reply, Request, loopback, raw_server

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def echo(request: Request) -> Reply:
    return Reply(body=request.body or b"hello", headers={"X-Two": "b"})


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback(echo) as running:
        yield running


@pytest.fixture
def client() -> Iterator[GuardedClient]:
    opened = GuardedClient(allow_private=True)
    yield opened
    opened.close()


def leading_to(*addresses: str) -> GuardedClient:
    """Return a guarded client for which every name has these addresses."""
    return GuardedClient(resolve=lambda _host, _port: list(addresses))


# --- where it does not go ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data", "http://[::ffff:127.0.0.1]/",
        "http://0x7f000001/", "http://2130706433/", "http://017700000001/", "http://127.1/",
        "http://0/", "http://localhost/", "http://localhost./", "https://127.0.0.1:8443/",
        "http://[::1]/", "http://[::]/", "http://10.0.0.1/", "http://192.168.1.1/",
        "http://100.100.100.200/", "http://[fe80::1]/", "http://[fd00:ec2::254]/",
        "http://[64:ff9b::7f00:1]/", "http://224.0.0.1/", "http://255.255.255.255/",
        "http://168.63.129.16/",
        "https://ok.example@127.0.0.1/", "https://user:pass@shop.example/",
        "https://shop.example:6379/", "https://shop.example:22/", "https://shop.example:99999/",
        "https://shop.example:-1/", "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://a.example/",
        "//shop.example/", "shop.example", "", "https://", "https:///x", "https://[::1",
        "https://shop.example\\@127.0.0.1/", "https://shop.example\r\nX: 1/", "https://a b.example/",
        "https://shop.example/\x00", "https://sh\u2024op..example/", "https://" + "a" * 64 + ".pl/",
        "https://℀.example/",
    ],
)  # fmt: skip
def test_a_hostile_address_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(Blocked):
        GuardedClient().request("GET", url)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "168.63.129.16", "169.254.169.254",
        "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
        "198.51.100.7", "203.0.113.9", "224.0.0.251", "239.255.255.250", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::808:808",
        "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1",
        "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "not an address", "",
    ],
)  # fmt: skip
def test_private_and_disguised_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111"]
)
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(address)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(Blocked, match="private"):
        leading_to("93.184.216.34", "10.0.0.1").request("GET", "https://shop.example/")


def test_a_name_that_changes_its_answer_is_judged_at_every_connection() -> None:
    # The first look-up is public (and there is nobody), the second has moved to this machine.
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    guard = AddressGuard(allow_private=False, resolve=lambda _host, _port: answers.pop(0))
    assert guard.addresses("shop.example", 443) == ["93.184.216.34"]
    with pytest.raises(Blocked):
        guard.addresses("shop.example", 443)


def test_a_name_that_does_not_exist_may_exist_later() -> None:
    def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Passing, match=r"shop\.example cannot be found"):
        GuardedClient(resolve=nowhere).request("GET", "https://shop.example/")
    with pytest.raises(Passing, match="no address"):
        leading_to().request("GET", "https://shop.example/")


def test_a_name_in_other_letters_is_looked_up_as_the_network_spells_it() -> None:
    asked = []

    def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["10.0.0.1"]

    with pytest.raises(Blocked):
        GuardedClient(resolve=resolve).request("GET", "https://zażółć.example./")
    assert asked == ["xn--za-6ja4f8n1l.example"]


def test_a_refusal_repeats_no_path_and_no_query() -> None:
    for url in ("http://127.0.0.1/?secret=s3cret", "https://u:s3cret@shop.example/s3cret"):
        with pytest.raises(Blocked) as refused:
            GuardedClient().request("GET", url)
        assert "s3cret" not in str(refused.value)


# --- where it goes -------------------------------------------------------------------------------


def test_an_answer_comes_back_whole(client: GuardedClient, server: Loopback) -> None:
    answer = client.request("POST", f"{server.url}/a?b=c", headers={"X-One": "a"}, body=b"body")
    assert (answer.status, answer.body, answer.headers["x-two"]) == (200, b"body", "b")
    [request] = server.requests
    assert (request.method, request.path, request.headers["x-one"]) == ("POST", "/a?b=c", "a")
    assert request.headers["host"] == f"127.0.0.1:{server.port}"


def test_one_connection_is_kept_for_many_calls(client: GuardedClient, server: Loopback) -> None:
    for _ in range(3):
        client.request("GET", server.url)
    assert len({request.peer for request in server.requests}) == 1
    client.close()
    client.request("GET", server.url)
    assert len({request.peer for request in server.requests}) == 2


def test_a_redirect_is_not_followed(client: GuardedClient) -> None:
    def away(_request: Request) -> Reply:
        return Reply(302, b"", {"Location": "http://127.0.0.1:1/"})

    with loopback(away) as server:
        assert client.request("GET", server.url).status == 302
        assert len(server.requests) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for shop.test with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "shop.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_tls_speaks_the_name_while_the_connection_goes_to_the_checked_address(
    certificate: Path,
) -> None:
    names: list[str | None] = []
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate)
    served.sni_callback = lambda _sock, name, _context: names.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate))

    def here(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    with loopback(echo, served) as server:
        client = GuardedClient(allow_private=True, resolve=here, tls=trusting)
        answer = client.request("GET", f"https://shop.test:{server.port}/")
        assert answer.body == b"hello"
        assert names == ["shop.test"]
        assert server.requests[0].headers["host"] == f"shop.test:{server.port}"
        with pytest.raises(Passing, match="certificate"):
            client.request("GET", f"https://other.test:{server.port}/")
        client.close()


def test_an_untrusted_certificate_is_trouble_and_not_accepted(certificate: Path) -> None:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate)
    with loopback(echo, served) as server, pytest.raises(Passing, match="TLS"):
        GuardedClient(allow_private=True).request("GET", server.url)
    assert server.requests == []


# --- trouble -------------------------------------------------------------------------------------


def test_nobody_listening_may_pass(client: GuardedClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Passing, match="refuses the connection"):
        client.request("GET", f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"\r\n",
    ],
    ids=["nothing", "no HTTP", "half a body", "bad chunk", "long header", "many headers"],
)  # fmt: skip
def test_a_broken_answer_may_pass(client: GuardedClient, answer: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(answer)

    with raw_server(talk) as port, pytest.raises(Passing, match="broke"):
        client.request("GET", f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"],
    ids=["in the status", "in a header", "in the body"],
)  # fmt: skip
def test_a_byte_now_and_then_does_not_buy_more_time(client: GuardedClient, start: bytes) -> None:
    def dribble(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(start)
        for _ in range(100):
            connection.sendall(b"H")
            time.sleep(0.05)

    began = time.monotonic()
    with raw_server(dribble) as port, pytest.raises(Passing, match=r"did not answer within 0\.4 s"):
        client.request("GET", f"http://127.0.0.1:{port}/", timeout=0.4)
    assert time.monotonic() - began < 4


def test_a_late_byte_does_not_start_the_time_anew(client: GuardedClient) -> None:
    def late(connection: socket.socket) -> None:
        connection.recv(65_536)
        time.sleep(0.9)
        connection.sendall(b"H")
        connection.recv(1)

    began = time.monotonic()
    with raw_server(late) as port, pytest.raises(Passing, match="did not answer"):
        client.request("GET", f"http://127.0.0.1:{port}/", timeout=1)
    assert time.monotonic() - began < 1.6


def test_after_a_time_out_the_next_call_starts_anew(
    client: GuardedClient, server: Loopback
) -> None:
    def hang(connection: socket.socket) -> None:
        connection.recv(65_536)
        time.sleep(0.5)

    with raw_server(hang) as port, pytest.raises(Passing):
        client.request("GET", f"http://127.0.0.1:{port}/", timeout=0.2)
    client.request("GET", server.url, timeout=0.3)
    time.sleep(0.35)
    assert client.request("GET", server.url, timeout=5).status == 200


def test_an_answer_that_is_too_large_is_not_read() -> None:
    small = GuardedClient(allow_private=True, max_answer_bytes=1000)
    with loopback(lambda request: Reply(body=b"x" * int(request.path[1:]))) as server:
        assert len(small.request("GET", f"{server.url}/1000").body) == 1000
        with pytest.raises(Passing, match="more than 1,000 bytes"):
            small.request("GET", f"{server.url}/1001")
        with pytest.raises(Passing):
            small.request("GET", f"{server.url}/5000000")
        assert len(small.request("GET", f"{server.url}/10").body) == 10


def test_a_packed_answer_is_unpacked(client: GuardedClient) -> None:
    packed = Reply(body=gzip.compress(b"plain"), headers={"Content-Encoding": "gzip"})
    with loopback(lambda _: packed) as server:
        assert client.request("GET", server.url).body == b"plain"
        assert server.requests[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "encoding", "sentence"),
    [
        (gzip.compress(b"\0" * 50_000_000), "gzip", "more than"),
        (gzip.compress(b"plain")[:-6], "gzip", "ends in the middle"),
        (b"plain", "gzip", "cannot be unpacked"),
        (b"plain", "br", "not asked for"),
        (gzip.compress(gzip.compress(b"plain")), "gzip, gzip", "not asked for"),
    ],
    ids=["bomb", "cut", "no gzip", "brotli", "twice"],
)
def test_a_badly_packed_answer_is_not_unpacked(
    client: GuardedClient, body: bytes, encoding: str, sentence: str
) -> None:
    with (
        loopback(lambda _: Reply(body=body, headers={"Content-Encoding": encoding})) as server,
        pytest.raises(Passing, match=sentence),
    ):
        client.request("GET", server.url)


def test_nothing_is_logged_about_what_was_asked(
    client: GuardedClient, server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.request("GET", f"{server.url}/?oauth_signature=s3cret", headers={"X": "s3cret"})
    assert "s3cret" not in caplog.text


# --- what a status means -------------------------------------------------------------------------


def answered(status: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=named, body=b"")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Blocked), (302, Blocked), (307, Blocked), (304, Blocked), (401, Blocked),
        (403, Blocked), (400, Invalid), (404, Invalid), (409, Invalid), (413, Invalid),
        (422, Invalid), (408, Passing), (425, Passing), (429, Passing), (500, Passing),
        (502, Passing), (503, Passing), (504, Passing), (599, Passing),
    ],
)  # fmt: skip
def test_a_status_is_one_of_three_failures(
    status: int, kind: type[Passing | Invalid | Blocked]
) -> None:
    with pytest.raises(kind, match=f"The shop shop.example .*{status}"):
        raise_for_answer(answered(status), "The shop shop.example")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success_passes(status: int) -> None:
    raise_for_answer(answered(status), "The shop")


def test_the_time_a_shop_asks_for_is_handed_on() -> None:
    with pytest.raises(Passing) as refused:
        raise_for_answer(answered(429, retry_after="30"), "The shop")
    assert refused.value.retry_after == 30


@pytest.mark.parametrize(
    ("named", "seconds"),
    [
        ("120", 120), ("0", 0), (" 7 ", 7), ("99999999", MAX_RETRY_AFTER),
        ("9" * 5000, MAX_RETRY_AFTER), ("-1", None), ("soon", None), ("", None), ("1.5", None),
        ("٣", None), ("Sun, 22 Nov 2026 12:01:00 GMT", 60), ("Sun, 22 Nov 2026 11:59:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER), ("Sun, 22 Nov 2026 12:01:00 -0000", 60),
        ("Sun, 99 Nov 2026 12:01:00 GMT", None),
    ],
)  # fmt: skip
def test_absurd_times_to_wait_are_cut_or_dropped(named: str, seconds: float | None) -> None:
    assert retry_after(answered(503, retry_after=named), NOW) == seconds
