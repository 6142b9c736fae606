"""The e-mails that members of an aging shop get."""

from app.services.addressing import Letter, Unsent
from app.services.letters import letter
from app.services.mail import claim_mail, mail_sent
from tests.aging import Aging


def told(aging: Aging) -> list[Letter | Unsent]:
    """Return the e-mails that are due, as they are sent now."""
    with aging.pipeline.database.transaction() as connection:
        mails = claim_mail(connection, aging.now, limit=50)
        vault = aging.pipeline.runtime.vault
        letters = [letter(connection, vault, one, aging.now) for one in mails]
        assert all(mail_sent(connection, one, aging.now) for one in mails)
    return letters


def subjects(aging: Aging) -> list[str]:
    return [one.subject if isinstance(one, Letter) else one.reason for one in told(aging)]
