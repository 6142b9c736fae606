"""Global ids: `gid://shopify/Order/5999` in documents, its number as text everywhere else."""

from connectors.shopify.values import identifier


def global_id(kind: str, number: str) -> str:
    """Return the global id of an object; raises Invalid for a number that is none."""
    return f"gid://shopify/{kind}/{identifier(number, f'the id of a {kind}')}"
