"""A small, fast load client: keep-alive sockets, one epoll loop, a new signed body each time.

Run as a process of its own: `python -m tests.bench.client HOST:PORT PATH SECRET SECONDS CONNECTIONS
START`; prints one line of JSON. Each body is a stem plus a running number, so that its HMAC costs one
block: the client must not be what is measured.
"""

import base64
import hashlib
import hmac
import json
import random
import select
import socket
import sys
import time
from itertools import count

_STEMS = 64


def stems() -> list[bytes]:
    """Return made-up order bodies of 4.6 to 6.4 KB, as a WooCommerce order is written."""
    chance = random.Random(2026)
    made = []
    for number in range(_STEMS):
        lines = [_line(chance) for _ in range(chance.randint(9, 14))]
        order = {
            "id": number,
            "status": "processing",
            "currency": "PLN",
            "date_created": "2026-11-20T10:11:12",
            "total": f"{chance.randint(100, 99999) / 100:.2f}",
            "billing": {"first_name": "A", "email": f"shopper{number}@example.org", "city": "Łódź"},
            "payment_method": "bacs",
            "customer_note": "".join(chance.choices("abcdefghij ", k=chance.randint(0, 300))),
            "line_items": lines,
            "meta_data": [{"id": 1, "key": "_token", "value": f"{chance.getrandbits(256):064x}"}],
        }
        made.append(json.dumps(order, separators=(",", ":")).encode()[:-1] + b',"number":"')
    return made


def _line(chance: random.Random) -> dict[str, object]:
    price = chance.randint(100, 20000) / 100
    return {
        "id": chance.randint(1, 10**6),
        "name": f"Kawa {chance.choice(['Etiopia', 'Kenia', 'Brazylia'])} {chance.randint(1, 999)} g",
        "product_id": chance.randint(1, 10**5),
        "variation_id": 0,
        "quantity": chance.randint(1, 5),
        "tax_class": "",
        "subtotal": f"{price:.2f}",
        "subtotal_tax": f"{price * 0.23:.2f}",
        "total": f"{price:.2f}",
        "total_tax": f"{price * 0.23:.2f}",
        "taxes": [{"id": 1, "total": f"{price * 0.23:.6f}", "subtotal": f"{price * 0.23:.6f}"}],
        "meta_data": [{"id": chance.randint(1, 10**6), "key": "mielenie", "value": "drip"}],
        "sku": f"KAWA-{chance.getrandbits(40):010x}",
        "price": price,
        "image": {"id": "", "src": "https://shop.example/wp-content/uploads/2026/kawa.jpg"},
    }


class Requests:
    """Makes ready-to-send requests, every body new."""

    def __init__(self, path: str, secret: bytes, start: int) -> None:
        self._numbers = count(start)
        self._ready = []
        for stem in stems():
            length = len(stem) + 14
            head = (
                f"POST {path} HTTP/1.1\r\nHost: bench.example\r\nContent-Type: application/json\r\n"
                f"User-Agent: WooCommerce/11.0.1 Hookshot (WordPress/7.1)\r\nAccept: */*\r\n"
                f"X-Topic: order.updated\r\nX-WC-Webhook-Source: https://shop.example/\r\n"
                f"X-WC-Webhook-ID: 3\r\nContent-Length: {length}\r\nX-Delivery-ID: "
            ).encode()
            self._ready.append((head, hmac.new(secret, stem, hashlib.sha256), stem))

    def next(self) -> bytes:
        number = next(self._numbers)
        head, mac, stem = self._ready[number % _STEMS]
        name = b"%012d" % number
        tail = name + b'"}'
        signed = mac.copy()
        signed.update(tail)
        signature = base64.b64encode(signed.digest())
        return b"".join((head, name, b"\r\nX-Signature: ", signature, b"\r\n\r\n", stem, tail))


def run(address: tuple[str, int], requests: Requests, seconds: float, connections: int) -> dict:
    """Send as fast as the server answers; returns counts, latencies in ms and our CPU share."""
    poll = select.epoll()
    sockets = {}
    sent_at = {}
    latencies = []
    errors = 0
    for _ in range(connections):
        one = socket.create_connection(address)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sockets[one.fileno()] = one
        poll.register(one.fileno(), select.EPOLLIN)
    began, cpu = time.perf_counter(), time.process_time()
    end = began + seconds
    for number, one in sockets.items():
        sent_at[number] = time.perf_counter()
        one.sendall(requests.next())
    waiting = len(sockets)
    while waiting:
        for number, _ in poll.poll(5.0):
            one = sockets[number]
            answer = one.recv(65536)
            now = time.perf_counter()
            latencies.append(now - sent_at[number])
            if not answer.startswith(b"HTTP/1.1 200"):
                errors += 1
            if now >= end or not answer:
                poll.unregister(number)
                waiting -= 1
                continue
            sent_at[number] = now
            one.sendall(requests.next())
    took = time.perf_counter() - began
    share = (time.process_time() - cpu) / took
    latencies.sort()
    return {
        "requests": len(latencies),
        "errors": errors,
        "rate": len(latencies) / took,
        "p50": 1000 * latencies[len(latencies) // 2],
        "p99": 1000 * latencies[int(len(latencies) * 0.99)],
        "client_cpu": share,
    }


def main(arguments: list[str]) -> None:
    """Run as the arguments say and print the figures."""
    where, path, secret, seconds, connections, start = arguments
    host, _, port = where.rpartition(":")
    requests = Requests(path, secret.encode(), int(start))
    result = run((host, int(port)), requests, float(seconds), int(connections))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
