"""Senders that never stop, and remember what was acknowledged."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.webhooks import raw
from tests.webhooks.conftest import SECRET, Shop


class Senders:
    """What several senders saw. Each delivery has a topic of its own, by which it is found again."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.stop = threading.Event()

    def run(self, port: int, shop: Shop, name: str) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            topic = f"{name}-{number}"
            body = f"{topic} {'x' * 600}".encode()
            try:
                answer = raw.send(port, raw.signed(shop.path, body, SECRET, topic.encode()))
            except OSError:
                self.statuses[0] += 1
                self.stop.wait(0.02)
                continue
            self.statuses[answer.status] += 1
            if answer.status == 200:
                self.acknowledged.append(topic)


@contextmanager
def senders(port: int, shop: Shop, count: int = 8) -> Iterator[Senders]:
    """Keep `count` senders busy until the block ends."""
    seen = Senders()
    threads = [
        threading.Thread(target=seen.run, args=(port, shop, f"sender{number}"))
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        seen.stop.set()
        for thread in threads:
            thread.join()
