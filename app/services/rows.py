"""The rows a batch works with: changed in memory, written back by `workset.flush`."""

from dataclasses import dataclass
from datetime import datetime

ObjectKey = tuple[int, str, str]  # store id, kind, external id

REDEMPTION = "redemption"
"""The kind of source object that spends points."""


@dataclass(kw_only=True)
class Stored:
    """What every row remembers besides its columns."""

    new: bool = False
    dirty: bool = False


@dataclass(kw_only=True)
class ObjectRow(Stored):
    """A row of `source_object`."""

    id: int
    programme_id: int
    store_id: int
    kind: str
    external_id: str
    number: str | None
    facts: str
    modified_at: datetime | None
    truth_at: datetime | None
    accepted_at: datetime
    gone: int = 0
    settled_by_rule: int = 0
    occurred_at: datetime
    earned_at: datetime | None
    version: int
    context: str
    owner_id: int | None
    owner_ref: str | None
    owner_known_at: datetime | None
    writer_hash: bytes | None = None
    delivery_id: int | None
    rev: int
    seen_at: datetime
    undated: str | None = None

    @property
    def key(self) -> ObjectKey:
        """Return what the platform knows it by."""
        return (self.store_id, self.kind, self.external_id)


@dataclass(kw_only=True)
class MemberRow(Stored):
    """A row of `member`."""

    id: int
    programme_id: int
    state: str
    email: bytes | None = None
    email_hash: bytes | None = None
    data_key_id: int | None = None
    enrolled_at: datetime | None = None
    merged_into: int | None = None
    balance: int = 0
    pending: int = 0
    entries: int = 0
    head: bytes = bytes(32)
    rev: int = 0
    created_at: datetime
    tier: str | None = None
    tier_since: datetime | None = None
    tier_at: datetime | None = None


@dataclass(kw_only=True)
class CustomerRow(Stored):
    """A row of `store_customer`."""

    id: int
    programme_id: int
    store_id: int
    external_id: str
    member_id: int
    gone: int = 0
    kept_as: str | None = None
    proved_hash: bytes | None = None
    email_hash: bytes | None = None
    wanted_rev: int = 0
    due_at: datetime | None = None


@dataclass(kw_only=True)
class AwardRow(Stored):
    """A row of `award`: what one rule gives one member for one object or window."""

    id: int
    programme_id: int
    member_id: int
    object_id: int | None
    window_key: str
    rule: str
    points: int = 0
    forgiven: int = 0
    pending: int = 0
    matures_at: datetime | None = None
    expires_at: datetime | None = None
    expired: int = 0
    reward: str | None = None
    grants: int = 0
    badge: str | None = None
    until: datetime | None = None
    perks: str | None = None
    lapses_at: datetime | None = None
    grant_due_at: datetime | None = None
    grant_note: str | None = None
    postings: int = 0
    explanation: str = "{}"


@dataclass(kw_only=True)
class LotRow(Stored):
    """A row of `lot`."""

    id: int
    member_id: int
    award_id: int | None
    entry_id: int
    origin_id: int | None = None
    points: int
    remaining: int
    available_at: datetime
    expires_at: datetime | None
    reminded: int | None = None


@dataclass(kw_only=True)
class RedemptionRow(Stored):
    """A row of `redemption`, without what only the pusher of codes writes."""

    id: int
    programme_id: int
    store_id: int
    member_id: int
    object_id: int
    reward: str
    kind: str
    request_key: str | None = None
    granted_by: str | None = None
    replaces_id: int | None = None
    state: str
    customer: str | None
    code: str | None
    code_key: str | None
    created_at: datetime
    ends_at: datetime | None
    remote_id: str | None = None
    made_at: datetime | None = None
    ending: str | None = None
    dead_at: datetime | None = None
    uses: int = 0
    used_by: int | None = None
    due_at: datetime | None
