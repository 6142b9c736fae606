"""What the edge answers, over real sockets, for proper and hostile requests."""

import base64
import gzip
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from app.crypto import Keyring
from app.db import tables as t
from app.db.engine import Database
from app.services.keys import new_vault
from tests.webhooks import raw
from tests.webhooks.conftest import OTHER_SECRET, SECRET, Server, Shop, add_shop

ORDER = json.dumps({"id": 16, "total": "269.08", "note": "Zażółć gęślą jaźń" * 40}).encode()


def stored(database: Database) -> list[tuple[str, int]]:
    """Return topic and repeats of every stored delivery, oldest first."""
    with database.snapshot() as connection:
        rows = connection.execute(
            select(t.delivery.c.topic, t.delivery.c.repeats).order_by(t.delivery.c.id)
        )
        return [(row.topic, row.repeats) for row in rows]


def test_a_signed_delivery_is_stored_to_the_byte_before_the_200(
    server: Server, shop: Shop, database: Database, keyring: Keyring
) -> None:
    answer = raw.send(server.port, raw.signed(shop.path, ORDER, SECRET))
    assert (answer.status, answer.body) == (200, b"")
    vault = new_vault(keyring)
    with database.snapshot() as connection:
        row = connection.execute(
            select(t.delivery, t.delivery_body.c.data_key_id, t.delivery_body.c.body).join(
                t.delivery_body, t.delivery_body.c.delivery_id == t.delivery.c.id
            )
        ).one()
        assert (row.store_id, row.programme_id) == (shop.id, shop.programme_id)
        assert (row.source, row.topic, row.size) == ("webhook", "order.updated", len(ORDER))
        assert vault.open_body(connection, row.data_key_id, row.id, row.body) == ORDER
        assert ORDER not in row.body
        queued = connection.execute(select(t.delivery_queue.c.delivery_id)).scalars().all()
        assert queued == [row.id]


def test_the_same_order_again_is_counted_and_a_short_signal_is_not(
    server: Server, shop: Shop, database: Database
) -> None:
    for _ in range(3):
        assert raw.send(server.port, raw.signed(shop.path, ORDER, SECRET)).status == 200
    for _ in range(2):
        signal = raw.signed(shop.path, b'{"id":16}', SECRET, b"order.deleted")
        assert raw.send(server.port, signal).status == 200
    other_topic = raw.signed(shop.path, ORDER, SECRET, b"order.restored")
    assert raw.send(server.port, other_topic).status == 200
    assert stored(database) == [
        ("order.updated", 2),
        ("order.deleted", 0),
        ("order.deleted", 0),
        ("order.restored", 0),
    ]


def test_the_store_may_be_named_by_a_header(server: Server, shop: Shop, database: Database) -> None:
    more = [(b"X-Shop", f"{shop.key}.shop.example".encode())]
    answer = raw.send(server.port, raw.signed("/webhooks/tinyshop", ORDER, SECRET, more=more))
    assert answer.status == 200
    assert len(stored(database)) == 1


def test_a_header_names_no_store_by_its_key_and_a_path_none_by_its_name(
    server: Server, shop: Shop, database: Database
) -> None:
    by_key = [(b"X-Shop", shop.key.encode())]
    answer = raw.send(server.port, raw.signed("/webhooks/tinyshop", ORDER, SECRET, more=by_key))
    assert answer.status == 401
    by_name = f"/webhooks/tinyshop/tinyshop:{shop.key}.shop.example"
    assert raw.send(server.port, raw.signed(by_name, ORDER, SECRET)).status == 401
    assert stored(database) == []


GOOD = base64.b64encode(hmac.digest(SECRET, ORDER, hashlib.sha256))
DIGEST = hmac.digest(SECRET, ORDER, hashlib.sha256)

REFUSED: dict[str, list[tuple[bytes, bytes]]] = {
    "no signature": [],
    "an empty one": [(b"X-Signature", b"")],
    "two, both right": [(b"X-Signature", GOOD), (b"X-Signature", GOOD)],
    "two in one header": [(b"X-Signature", GOOD + b", " + GOOD)],
    "hex instead of base64": [(b"X-Signature", DIGEST.hex().encode())],
    "no padding": [(b"X-Signature", GOOD.rstrip(b"="))],
    "upper case": [(b"X-Signature", GOOD.upper())],
    "the digest itself": [(b"X-Signature", b"".join(b"\\x%02x" % x for x in DIGEST))],
    "of re-serialised JSON": [
        (
            b"X-Signature",
            base64.b64encode(
                hmac.digest(SECRET, json.dumps(json.loads(ORDER)).encode() + b" ", hashlib.sha256)
            ),
        )
    ],
    "by another shop": [
        (b"X-Signature", base64.b64encode(hmac.digest(OTHER_SECRET, ORDER, hashlib.sha256)))
    ],
    "by an empty secret": [
        (b"X-Signature", base64.b64encode(hmac.digest(b"", ORDER, hashlib.sha256)))
    ],
    "the secret sent along": [
        (b"X-Signature", base64.b64encode(hmac.digest(b"mine", ORDER, hashlib.sha256))),
        (b"X-Secret", b"mine"),
        (b"X-Webhook-Secret", b"mine"),
    ],
    "bytes that are not ASCII": [(b"X-Signature", "zażółć".encode()), (b"X-Topic", b"\xff\xfe")],
    "64 KB of it": [(b"X-Signature", b"A" * 64_000)],
}


def test_whatever_is_not_signed_by_the_shop_is_refused_and_not_kept(
    server: Server, shop: Shop, database: Database
) -> None:
    answers = {
        name: raw.send(server.port, raw.request(shop.path, ORDER, headers))
        for name, headers in REFUSED.items()
    }
    assert {name: (a.status, a.body) for name, a in answers.items()} == dict.fromkeys(
        REFUSED, (401, b"")
    )
    assert stored(database) == []


def test_an_unknown_store_looks_exactly_like_a_bad_signature(
    server: Server, shop: Shop, database: Database, keyring: Keyring
) -> None:
    other = add_shop(database, keyring, key="other-shop", secrets=[OTHER_SECRET])
    add_shop(database, keyring, key="no-secret", secrets=[])
    with database.transaction() as connection:
        connection.execute(
            update(t.store).where(t.store.c.id == other.id).values(platform="elsewhere")
        )
    requests = {
        "bad signature": raw.signed(shop.path, ORDER, OTHER_SECRET),
        "unknown store": raw.signed("/webhooks/tinyshop/nobody", ORDER, SECRET),
        "another tenant's store": raw.signed("/webhooks/tinyshop/other-shop", ORDER, SECRET),
        "a store of another platform": raw.signed(
            "/webhooks/tinyshop/other-shop", ORDER, OTHER_SECRET
        ),
        "unknown platform": raw.signed(f"/webhooks/nothing/{shop.key}", ORDER, SECRET),
        "no store at all": raw.signed("/webhooks/tinyshop", ORDER, SECRET),
        "a store without secrets": raw.signed("/webhooks/tinyshop/no-secret", ORDER, b""),
        "a longer path": raw.signed(f"{shop.path}/more", ORDER, SECRET),
        "a slash at the end": raw.signed(f"{shop.path}/", ORDER, SECRET),
        "an endless key": raw.signed("/webhooks/tinyshop/" + "k" * 5000, ORDER, SECRET),
        "a key with NUL": raw.signed("/webhooks/tinyshop/%00", ORDER, SECRET),
        "a key that is no text": raw.signed("/webhooks/tinyshop/%ff%fe", ORDER, SECRET),
        "a ping of an unknown store": raw.request("/webhooks/tinyshop/nobody", b"ping=1"),
    }
    answers = {name: raw.send(server.port, request) for name, request in requests.items()}
    seen = {name: (a.status, a.body, a.headers.keys() - {"date"}) for name, a in answers.items()}
    assert seen == dict.fromkeys(requests, seen["bad signature"])
    assert seen["bad signature"] == (401, b"", {"content-length", "server"})
    assert stored(database) == []


def test_a_secret_counts_until_the_second_it_ends(
    server: Server, shop: Shop, database: Database
) -> None:
    with database.transaction() as connection:
        connection.execute(
            update(t.store_secret).values(not_after=datetime.now(UTC) + timedelta(seconds=1))
        )
    assert raw.send(server.port, raw.signed(shop.path, ORDER, SECRET)).status == 200
    time.sleep(1.1)
    assert raw.send(server.port, raw.signed(shop.path, ORDER, SECRET)).status == 401
    assert stored(database) == [("order.updated", 0)]


BODIES = {
    "empty": b"",
    "null": b"null",
    "[]": b"[]",
    "a text": b'"x"',
    "zero": b"0",
    "not UTF-8": b"\xff\xfe\x80 order" * 100,
    "a byte order mark": b"\xef\xbb\xbf{}" + b" " * 600,
    "lone surrogates": b'{"name":"\\ud800"}' + b" " * 600,
    "NUL": b'{"name":"\\u0000 and \x00"}' + b" " * 600,
    "right to left": '{"name":"\u202eabc \U0001f600"}'.encode() + b" " * 600,
    "10k combining marks": ("a" + "\u0301" * 10_000).encode(),
    "doubled keys": b'{"total":"1","total":"2"}' + b" " * 600,
    "100,000 deep": b"[" * 100_000,
    "odd numbers": b'{"a":1e400,"b":NaN,"c":-0,"d":' + b"9" * 400 + b"}" + b" " * 600,
    "a gzip bomb": gzip.compress(b"0" * 50_000_000),
    "a connector's bug": b"trap" + b"x" * 600,
    "5 MB": b"x" * (5 * 1024 * 1024),
}


def test_every_body_that_the_shop_signed_is_kept_as_it_is(
    server: Server, shop: Shop, database: Database, keyring: Keyring
) -> None:
    more = {"a gzip bomb": [(b"Content-Encoding", b"gzip")]}
    answers = {
        name: raw.send(
            server.port, raw.signed(shop.path, body, SECRET, name.encode(), more.get(name))
        ).status
        for name, body in BODIES.items()
    }
    assert answers == dict.fromkeys(BODIES, 200)
    vault = new_vault(keyring)
    with database.snapshot() as connection:
        rows = connection.execute(
            select(t.delivery, t.delivery_body.c.data_key_id, t.delivery_body.c.body).join(
                t.delivery_body, t.delivery_body.c.delivery_id == t.delivery.c.id
            )
        ).all()
        kept = {
            row.topic: vault.open_body(connection, row.data_key_id, row.id, row.body)
            for row in rows
        }
    assert kept == BODIES


TOPICS = {
    b"order.updated": "order.updated",
    b"": "",
    b"t" * 200: "t" * 128,
    b"tab\tin it": "tabin it",
    b"\xff\xfe\xa0": "ÿþ",
    b"customers/redact": "customers/redact",
}


def test_a_topic_is_a_hint_cut_down_to_what_can_be_kept(
    server: Server, shop: Shop, database: Database
) -> None:
    for topic in TOPICS:
        assert raw.send(server.port, raw.signed(shop.path, b"{}", SECRET, topic)).status == 200
    assert [topic for topic, _ in stored(database)] == list(TOPICS.values())


def test_requests_that_are_none_are_refused_without_a_5xx(
    server: Server, shop: Shop, database: Database
) -> None:
    path = shop.path.encode()
    signature = b"X-Signature: " + GOOD + b"\r\n"
    head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + signature
    chunked = head + b"Transfer-Encoding: chunked\r\n"
    chunk = b"%x\r\n%b\r\n" % (len(ORDER), ORDER)
    requests: dict[str, tuple[tuple[bytes, ...], set[int]]] = {
        "chunked, as some proxies send": ((chunked + b"\r\n" + chunk + b"0\r\n\r\n",), {200}),
        "GET": ((raw.request(shop.path, method="GET"),), {405}),
        "HEAD": ((raw.request(shop.path, method="HEAD"),), {405}),
        "PUT": ((raw.request(shop.path, ORDER, method="PUT"),), {405}),
        "OPTIONS": ((raw.request(shop.path, method="OPTIONS"),), {405}),
        "length over the limit": (
            (head + b"Content-Length: 5242881\r\n\r\n",),
            {413},
        ),
        "length beyond all numbers": (
            (head + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n",),
            {400, 413},
        ),
        "negative length": ((head + b"Content-Length: -1\r\n\r\n",), {400}),
        "length that is no number": ((head + b"Content-Length: ten\r\n\r\n",), {400}),
        "two lengths": (
            (head + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456",),
            {400},
        ),
        "length and chunked": (
            (chunked + b"Content-Length: 3\r\n\r\n" + chunk + b"0\r\n\r\n",),
            {400, 401, 200},
        ),
        "length too small": ((raw.request(shop.path, ORDER, length=b"10"),), {401}),
        "length too large": ((raw.request(shop.path, ORDER, length=b"99999"),), {408}),
        "chunked without end": ((chunked + b"\r\n" + chunk,), {408}),
        "broken chunk": ((chunked + b"\r\nzz\r\nabc\r\n0\r\n\r\n",), {400}),
        "chunks over the limit": (
            (chunked + b"\r\n", *[b"100000\r\n" + b"x" * 0x100000 + b"\r\n"] * 6),
            {413},
        ),
        "no HTTP": ((b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",), {400, 0}),
    }
    answers = {name: raw.send(server.port, *parts).status for name, (parts, _) in requests.items()}
    wrong = {name: s for name, s in answers.items() if s not in requests[name][1]}
    assert wrong == {}
    allow = raw.send(server.port, raw.request(shop.path, method="GET")).headers["allow"]
    assert allow == "POST"
    assert len(stored(database)) == 1
    assert raw.send(server.port, raw.signed(shop.path, ORDER, SECRET)).status == 200


def test_a_sender_that_hangs_up_midway_leaves_nothing(
    server: Server, shop: Shop, database: Database
) -> None:
    whole = raw.signed(shop.path, ORDER, SECRET)
    for length in (10, 100, len(whole) - 1):
        with raw.connect(server.port) as one:
            one.sendall(whole[:length])
    assert raw.send(server.port, whole).status == 200
    assert stored(database) == [("order.updated", 0)]


def test_three_hundred_slow_senders_do_not_delay_a_good_one(
    server: Server, shop: Shop, database: Database
) -> None:
    whole = raw.signed(shop.path, ORDER, SECRET)
    page = raw.request("/anything", b"x" * 100)
    slow = []
    try:
        for number in range(300):
            one = raw.connect(server.port)
            slow.append(one)
            one.sendall((page if number % 3 == 0 else whole)[:-20])
        took = []
        for number in range(20):
            began = time.monotonic()
            body = ORDER + b"%d" % number
            assert raw.send(server.port, raw.signed(shop.path, body, SECRET)).status == 200
            took.append(time.monotonic() - began)
        assert sorted(took)[10] < 0.25
        assert {raw.receive(one).status for one in slow} == {408}
    finally:
        for one in slow:
            one.close()
    assert len(stored(database)) == 20


def test_the_ping_of_a_known_store_is_answered_and_noted(
    server: Server, shop: Shop, database: Database
) -> None:
    with database.transaction() as connection:
        # Our own request that made the webhook may hold the store just now.
        connection.execute(
            update(t.store).where(t.store.c.id == shop.id).values(copy_host="kawa.example")
        )
        began = time.monotonic()
        for _ in range(3):
            assert raw.send(server.port, raw.request(shop.path, b"ping=1")).status == 200
        assert time.monotonic() - began < 2
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with database.snapshot() as connection:
            pinged = connection.execute(select(t.store.c.pinged_at)).scalar_one()
        if pinged is not None:
            break
        time.sleep(0.05)
    assert pinged is not None
    assert raw.send(server.port, raw.request(shop.path, b"ping=" + b"1" * 100)).status == 401
    assert raw.send(server.port, raw.request(shop.path, b"")).status == 401
    time.sleep(0.2)
    with database.snapshot() as connection:
        assert connection.execute(select(t.store.c.pinged_at)).scalar_one() == pinged
        assert connection.execute(select(func.count()).select_from(t.delivery)).scalar_one() == 0


def test_what_is_no_webhook_goes_to_the_pages_whatever_its_query(
    server: Server, shop: Shop
) -> None:
    for target in ("/nothing-here", "/nothing?x=\udcff\udcfe", "/webhooks", "/%ff", "/nothing?%ff"):
        assert raw.send(server.port, raw.request(target, method="GET")).status < 500, target
    over = b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5242881\r\n\r\n"
    assert raw.send(server.port, over).status == 413


def test_health_is_told_without_a_database(server: Server) -> None:
    answer = raw.send(server.port, raw.request("/healthz", method="GET"))
    assert answer.status == 200
    assert json.loads(answer.body) == {"status": "ok", "database": "ok"}
