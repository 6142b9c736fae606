"""A mail server that answers for ever, and e-mails that are overtaken by what happens meanwhile."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from app.settings import MailServer
from jobs import smtp
from jobs.mail import send_mail
from tests.jobs.test_mail import OLA, Post, post

__all__ = ["post"]  # the fixture: a shop and a mail server


@contextmanager
def dripping() -> Iterator[MailServer]:
    """Run a mail server that greets, and then sends one more line each tenth of a second, for ever."""
    ended = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            line, _ = listener.accept()
            with line:
                line.sendall(b"220 welcome\r\n")
                line.recv(1000)
                line.sendall(b"250 go on\r\n")
                while not ended.wait(0.1):
                    line.sendall(b"250-more of it\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield MailServer(
            host="127.0.0.1",
            port=listener.getsockname()[1],
            sender="points@shop.example",
            security="none",
            user=None,
            password=None,
        )
    finally:
        ended.set()
        listener.close()
        thread.join()


def test_a_server_that_answers_for_ever_is_left(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "SESSION_SECONDS", 0.6)
    post.code(post.person(OLA))
    began = time.monotonic()
    with dripping() as server:
        runtime = replace(
            post.pipeline.runtime, settings=replace(post.pipeline.settings, mail=server)
        )
        send_mail(runtime)
    assert time.monotonic() - began < 5
    assert (post.row.sent_at, post.row.tries) == (None, 1)
    assert "does not answer" in post.row.error
    post.later(hours=1)
    assert post.send() == 1
    assert post.box.only()["To"] == OLA
