"""Domains of mailboxes that anybody gets without an account, for minutes or in public.

The best known ones, each of them in the list of the PyPI package disposable-email-domains as of
November 2026 (ten thousand names, most of them gone in a month). Being here is a signal, no verdict.
"""

_NAMES = """
10mail.org 10minut.com.pl 10minutemail.co.uk 10minutemail.com 10minutemail.net 10minutmail.pl
1secmail.com 1secmail.net 1secmail.org 20minutemail.com anonbox.net armyspy.com byom.de
crazymailing.com cuvox.de dayrep.com discard.email discardmail.com discardmail.de
dispostable.com dropmail.me einrot.com emailondeck.com emltmp.com fakeinbox.com fakemail.net
fleckens.hu getairmail.com getnada.com grr.la guerrillamail.biz guerrillamail.com
guerrillamail.de guerrillamail.net guerrillamail.org guerrillamailblock.com gustr.com
harakirimail.com inboxkitten.com incognitomail.org jetable.com jetable.net jetable.org
jourrapide.com koszmail.pl linshiyouxiang.net mailcatch.com maildrop.cc mailexpire.com
mailinator.com mailnesia.com mailnull.com mailsac.com mailtemp.info mintemail.com moakt.cc
moakt.com mohmal.com mvrht.com mytemp.email nada.email nwytg.net pokemail.net rhyta.com
sharklasers.com smailpro.com spam4.me spambog.com spambog.de spamex.com superrito.com
teleworm.us temp-mail.org temp-mail.ru tempail.com tempinbox.com tempmail.de tempmail.eu
tempmailo.com tempr.email throwam.com throwawaymail.com tmail.com tmpmail.net tmpmail.org
trash-mail.com trash-mail.de trashmail.com trashmail.de trashmail.me trashmail.net
wegwerfmail.de wegwerfmail.net wegwerfmail.org yopmail.com yopmail.fr yopmail.net
"""

DOMAINS = frozenset(_NAMES.split())


def is_throwaway(domain: str) -> bool:
    """Say whether a folded domain, or one that it belongs to, gives out such mailboxes."""
    labels = domain.split(".")
    return any(".".join(labels[at:]) in DOMAINS for at in range(len(labels) - 1))
