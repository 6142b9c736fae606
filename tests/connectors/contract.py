"""What every connector must hold to. A connector's test inherits `ConnectorContract` and fills in the top.

Deliveries are captured files, never written by hand; a connector's own tests say what they mean.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from app.errors import Invalid
from connectors.base import (
    CONTRACT_VERSION,
    Access,
    Closed,
    Connector,
    Delivery,
    Headers,
    Ignored,
    NeedsRead,
    Observed,
)
from connectors.http import Answer

NOW = datetime(2026, 11, 22, tzinfo=UTC)

HOSTILE_BODIES: Mapping[str, bytes] = {
    "empty": b"",
    "blank": b" \n",
    "null": b"null",
    "empty list": b"[]",
    "list": b'[{"id":1}]',
    "text": b'"x"',
    "number": b"0",
    "empty object": b"{}",
    "half an object": b'{"id":1',
    "two objects": b'{"id":1}{"id":2}',
    "not UTF-8": b'{"id":1,"email":"\xff\xfe"}',
    "BOM": b'\xef\xbb\xbf{"id":1}',
    "UTF-16": '{"id":1}'.encode("utf-16"),
    "lone surrogate": b'{"id":"\\ud800"}',
    "surrogates swapped": b'{"id":"\\ude00\\ud83d"}',
    "NUL": b'{"id":"\\u0000","action":"\\u0000","arg":"\\u0000"}',
    "raw NUL": b'{"id":1}\x00',
    "doubled keys": b'{"id":1,"id":2}',
    "deep lists": b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "never closed": b"[" * 100_000,
    "NaN": b'{"id":NaN}',
    "Infinity": b'{"id":-Infinity}',
    "1e400": b'{"id":1e400}',
    "-0": b'{"id":-0}',
    "id of 400 digits": b'{"id":' + b"9" * 400 + b"}",
    "id of 10000 digits": b'{"id":' + b"9" * 10_000 + b"}",
    "id over 64 bits": b'{"id":18446744073709551616}',
    "id as text": b'{"id":"16"}',
    "id as list": b'{"id":[16]}',
    "id true": b'{"id":true}',
    "id negative": b'{"id":-1}',
    "id with Arabic digits": '{"id":"١٦"}'.encode(),
    "form": b"webhook_id=1&x=2",
    "XML": b'<?xml version="1.0"?><id>1</id>',
    "10,000 combining marks": ('{"id":1,"email":"a' + "\u0301" * 10_000 + '"}').encode(),
}


def _digest(signed: bytes) -> bytes:
    """Return what a signature spells in base64, or itself if it is no base64."""
    try:
        return base64.b64decode(signed, validate=True)
    except binascii.Error:
        return signed


SPELLINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda signed: signed[:0],
    "hex": lambda signed: _digest(signed).hex().encode(),
    "hex in base64": lambda signed: base64.b64encode(_digest(signed).hex().encode()),
    "no padding": lambda signed: signed.rstrip(b"=") if signed.endswith(b"=") else signed[:-1],
    "upper case": lambda signed: signed.upper(),
    "newline": lambda signed: signed + b"\n",
    "prefixed": lambda signed: b"sha256=" + signed,
    "raw": _digest,
    "joined": lambda signed: signed + b"," + signed,
    "not ASCII": lambda signed: b"\xff" + signed,
    "64 KB": lambda signed: signed * 1500,
}

HOSTILE_TOPICS = ("", "x", "order.updated", "orders/paid", "read.order", "\u202e", "a" * 128)


class NoNetwork:
    """An HttpClient for connectors that must not call anybody."""

    def request(self, method: str, url: str, **_: object) -> Answer:
        raise AssertionError(f"{method} {url}: no call was due")

    def close(self) -> None:
        pass


class ConnectorContract:
    """Inherit, name the class Test…, and fill in these."""

    connector: Connector
    signature_header: str
    credentials: Mapping[str, str]  # enough for calls
    url: str = "https://shop.example"
    # What it would take for a sign that something is gone, if it were the answer of a read of ours.
    forged_reads: Mapping[str, bytes] = {
        "order": b'{"id":"16","order":null}',
        "customer": b'{"id":"16","customer":null}',
    }

    def deliveries(self) -> Sequence[Delivery]:
        """Return captured webhooks of every family."""
        raise AssertionError("fill in")

    def signals(self) -> Sequence[Delivery]:
        """Return captured webhooks that only point at something."""
        raise AssertionError("fill in")

    def signature(self, body: bytes, secret: bytes) -> bytes:
        """Return what the platform would send; override it where that is not base64 of HMAC-SHA256."""
        return base64.b64encode(hmac.digest(secret, body, hashlib.sha256))

    def verified(self, body: bytes, secrets: Sequence[bytes], *signatures: bytes) -> bool:
        raw = [(self.signature_header.encode(), value) for value in signatures]
        return self.connector.inbound.verify(Headers(raw), body, secrets)

    # --- who signed it ---------------------------------------------------------------------------

    def test_the_right_secret_is_accepted_whatever_the_case_of_the_header(self) -> None:
        signed = self.signature(b"body", b"secret")
        assert self.verified(b"body", [b"secret"], signed)
        lower = Headers([(self.signature_header.lower().encode(), signed)])
        assert self.connector.inbound.verify(lower, b"body", [b"secret"])

    def test_during_an_overlap_both_secrets_are_accepted(self) -> None:
        for secret in (b"old", b"new"):
            assert self.verified(b"body", [b"new", b"old"], self.signature(b"body", secret))

    def test_after_the_overlap_the_old_secret_is_refused(self) -> None:
        assert not self.verified(b"body", [b"new"], self.signature(b"body", b"old"))

    def test_a_delivery_without_a_signature_is_refused(self) -> None:
        assert not self.verified(b"body", [b"secret"])

    def test_a_doubled_signature_is_refused_even_if_both_are_right(self) -> None:
        signed = self.signature(b"body", b"secret")
        assert not self.verified(b"body", [b"secret"], signed, signed)
        assert not self.verified(b"body", [b"secret"], signed, b"wrong")

    def test_a_changed_byte_is_refused(self) -> None:
        for delivery in self.deliveries():
            signed = self.signature(delivery.body, b"secret")
            assert self.verified(delivery.body, [b"secret"], signed)
            changed = delivery.body[:-1] + bytes([delivery.body[-1] ^ 1])
            assert not self.verified(changed, [b"secret"], signed)

    def test_reserialised_json_is_not_what_was_signed(self) -> None:
        body = b'{"a": 1,  "b":"\\/"}'
        again = json.dumps(json.loads(body)).encode()
        assert not self.verified(again, [b"secret"], self.signature(body, b"secret"))

    def test_no_secret_and_an_empty_secret_sign_nothing(self) -> None:
        empty = self.signature(b"body", b"")
        assert not self.verified(b"body", [], empty)
        assert not self.verified(b"body", [b""], empty)
        assert not self.verified(b"body", [b"", b"secret"], empty)

    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_the_right_digest_in_another_spelling_is_refused(self, spelling: str) -> None:
        signed = self.signature(b"body ?>~", b"secret")
        spoilt = SPELLINGS[spelling](signed)
        assert spoilt != signed
        assert not self.verified(b"body ?>~", [b"secret"], spoilt)

    def test_a_secret_sent_along_proves_nothing(self) -> None:
        headers = Headers([(b"X-Secret", b"secret"), (b"X-Webhook-Secret", b"secret")])
        assert not self.connector.inbound.verify(headers, b"body", [b"secret"])

    def test_another_stores_signature_is_refused(self) -> None:
        signed = self.signature(b"body", b"their secret")
        assert not self.verified(b"body", [b"our secret"], signed)

    # --- is it a repeat --------------------------------------------------------------------------

    def test_a_signal_is_never_a_repeat(self) -> None:
        for delivery in self.signals():
            assert self.connector.inbound.content_key(delivery.topic, delivery.body) is None

    def test_the_same_bytes_have_the_same_key_and_other_bytes_another(self) -> None:
        key = self.connector.inbound.content_key
        bodies = {delivery.body: delivery.topic for delivery in self.deliveries()}
        keys = [key(topic, body) for body, topic in bodies.items()]
        known = [found for found in keys if found is not None]
        assert known
        assert len(set(known)) == len(known)
        assert keys == [key(topic, body) for body, topic in bodies.items()]

    def test_content_keys_are_made_without_parsing(self) -> None:
        for body in HOSTILE_BODIES.values():
            for topic in HOSTILE_TOPICS:
                self.connector.inbound.content_key(topic, body)

    # --- what it says ----------------------------------------------------------------------------

    def test_every_captured_delivery_is_understood(self) -> None:
        for delivery in self.deliveries():
            outcome = self.connector.inbound.normalise(delivery)
            assert isinstance(outcome, Observed | NeedsRead | Closed | Ignored)
            if isinstance(outcome, Ignored):
                assert delivery.topic in outcome.reason

    def test_a_captured_delivery_says_the_same_each_time(self) -> None:
        for delivery in self.deliveries():
            first = self.connector.inbound.normalise(delivery)
            assert self.connector.inbound.normalise(delivery) == first

    def test_a_signal_states_nothing_by_itself(self) -> None:
        for delivery in self.signals():
            assert isinstance(self.connector.inbound.normalise(delivery), NeedsRead)

    @pytest.mark.parametrize("name", HOSTILE_BODIES)
    def test_a_hostile_body_is_invalid_or_changes_nothing(self, name: str) -> None:
        for topic in (*HOSTILE_TOPICS, *{delivery.topic for delivery in self.deliveries()}):
            for source in ("webhook", "read"):
                delivery = Delivery(
                    source=source, topic=topic, body=HOSTILE_BODIES[name], received_at=NOW
                )
                try:
                    outcome = self.connector.inbound.normalise(delivery)
                except Invalid:
                    continue
                assert not isinstance(outcome, Observed | Closed)

    def test_a_webhook_cannot_pass_itself_off_as_our_own_read(self) -> None:
        for kind, body in self.forged_reads.items():
            forged = Delivery(source="webhook", topic=f"read.{kind}", body=body, received_at=NOW)
            assert isinstance(self.connector.inbound.normalise(forged), Ignored)

    def test_no_header_trips_it(self) -> None:
        inbound = self.connector.inbound
        for raw in ([], [(b"\xff", b"\xff")], [(b"x" * 70_000, b"y" * 70_000)]):
            headers = Headers(raw)
            inbound.locate(headers)
            assert inbound.topic(headers) == ""
            assert inbound.preflight(headers, b"") is None

    # --- what it is ------------------------------------------------------------------------------

    def test_it_speaks_our_contract_and_hides_its_secrets(self) -> None:
        assert self.connector.contract == CONTRACT_VERSION
        names = [field.name for field in self.connector.fields]
        assert len(set(names)) == len(names)
        assert {field.name for field in self.connector.fields if field.secret} >= set(
            self.credentials
        )
        assert all(field.help for field in self.connector.fields)

    def test_opening_a_shop_calls_nobody(self) -> None:
        assert self.connector.can_call(self.credentials) == bool(self.credentials)
        assert not self.connector.can_call({})
        access = Access(store_key="k", url=self.url, credentials=dict(self.credentials))
        assert not any(secret in repr(access) for secret in self.credentials.values())
        self.connector.connect(access, NoNetwork()).close()
