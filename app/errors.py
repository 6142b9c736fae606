"""The kinds of failure. Connectors raise one of the first three; `jobs.policy` alone decides on retries."""


class StempelError(Exception):
    """Base of everything we raise on purpose; its text is for people and says what to do."""


class Passing(StempelError):
    """It may work later: a time-out, a 5xx, a rate limit.

    `retry_after` is in seconds, if the other side named it.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Invalid(StempelError):
    """This message can never work: its content is not what the platform documents."""


class Blocked(StempelError):
    """A person must act first: credentials, permission, store gone. Pauses that store's outbound."""


class ConfigError(StempelError):
    """A setting or a programme document is wrong; the text names the key and what is allowed."""


class NotFound(StempelError):
    """What was asked for does not exist in this programme."""


class Conflict(StempelError):
    """The request contradicts what is stored; nothing was changed."""
