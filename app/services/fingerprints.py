"""Which failures are the same fault: a short name made of what went wrong and where.

Numbers, ids and quoted words differ from delivery to delivery and line numbers from version to version,
so neither is part of it.
"""

import hashlib
import re

_LENGTH = 12
_FRAMES = 3  # the innermost ones say where it broke, those above only who called

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_HEX = re.compile(r"\b(?=[a-z]*\d)[0-9a-z]{8,}\b")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_TRIES = re.compile(r"given up after \d+ tries: ")
_FRAME = re.compile(r'File "([^"]+)", line \d+, in (\S+)')


def fingerprint(reason: str, error: str | None) -> str:
    """Return the fault's name: twelve hexadecimal digits.

    `reason` is the outcome's, `error` class, message and traceback, as `jobs.policy.describe` writes it.
    """
    if error is None:
        said, places = _folded(reason), []
    else:
        said = _folded(error.partition("\n")[0])
        places = [
            f"{path.replace(chr(92), '/').rpartition('/')[2]}:{function}"
            for path, function in _FRAME.findall(error)
        ]
    text = "\n".join([said, *places[-_FRAMES:]])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_LENGTH]


def _folded(said: str) -> str:
    said = _TRIES.sub("", said.lower())
    return _NUMBER.sub("0", _HEX.sub("0", _QUOTED.sub("'…'", said)))
