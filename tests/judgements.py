"""Counts how often orders are judged: by the calls of the functions that every judgement goes through."""

import sys
from collections.abc import Callable
from types import FrameType

from app.programme.basis import basis_of
from app.programme.order_windows import counts
from app.programme.rules import evaluate, points_of

_JUDGING = frozenset(one.__code__ for one in (basis_of, counts, evaluate, points_of))


def judgements(work: Callable[[], object]) -> int:
    """Do `work`; return how often it asked what an order, or something else, is worth."""
    asked = 0

    def called(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal asked
        asked += event == "call" and frame.f_code in _JUDGING

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(before)
    return asked
