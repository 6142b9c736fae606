"""What an app may see: its scopes, and its approval for protected customer data."""

from graphql import GraphQLError

from connectors.shopify.sandbox.gql import Context

_SCOPES = {
    ("QueryRoot", "order"): "read_orders",
    ("QueryRoot", "orders"): "read_orders",
    ("QueryRoot", "refund"): "read_orders",
    ("QueryRoot", "return"): "read_returns",
    ("QueryRoot", "customer"): "read_customers",
    ("QueryRoot", "customers"): "read_customers",
    ("QueryRoot", "customerByIdentifier"): "read_customers",
    ("Order", "customer"): "read_customers",
    ("Order", "returns"): "read_returns",
    ("Customer", "orders"): "read_orders",
    ("Customer", "storeCreditAccounts"): "read_store_credit_accounts",
    ("QueryRoot", "product"): "read_products",
    ("QueryRoot", "codeDiscountNode"): "read_discounts",
    ("QueryRoot", "codeDiscountNodeByCode"): "read_discounts",
    ("QueryRoot", "discountNode"): "read_discounts",
    ("QueryRoot", "discountNodes"): "read_discounts",
    ("DiscountCustomers", "customers"): "read_customers",
    ("DiscountProducts", "products"): "read_products",
    ("DiscountProducts", "productVariants"): "read_products",
    ("DiscountCollections", "collections"): "read_products",
    ("QueryRoot", "giftCard"): "read_gift_cards",
    ("QueryRoot", "giftCards"): "read_gift_cards",
    ("QueryRoot", "storeCreditAccount"): "read_store_credit_accounts",
    ("QueryRoot", "storeCreditConfiguration"): "read_store_credit_accounts",
    ("StoreCreditAccount", "transactions"): "read_store_credit_account_transactions",
    ("Mutation", "storeCreditAccountCredit"): "write_store_credit_account_transactions",
    ("Mutation", "storeCreditAccountDebit"): "write_store_credit_account_transactions",
    ("Mutation", "giftCardCreate"): "write_gift_cards",
    ("Mutation", "giftCardDeactivate"): "write_gift_cards",
    ("Mutation", "customerUpdate"): "write_customers",
    ("Mutation", "discountCodeBasicCreate"): "write_discounts",
    ("Mutation", "discountCodeFreeShippingCreate"): "write_discounts",
    ("Mutation", "discountCodeBxgyCreate"): "write_discounts",
    ("Mutation", "discountCodeActivate"): "write_discounts",
    ("Mutation", "discountCodeDeactivate"): "write_discounts",
    ("Mutation", "discountCodeDelete"): "write_discounts",
}
KINDS = {
    "Customer": "customers",
    "DiscountCodeNode": "discounts",
    "GiftCard": "gift_cards",
    "Order": "orders",
    "Product": "products",
    "Refund": "orders",
    "Return": "returns",
    "StoreCreditAccount": "store_credit_accounts",
    "StoreCreditAccountCreditTransaction": "store_credit_account_transactions",
    "StoreCreditAccountDebitTransaction": "store_credit_account_transactions",
    "StoreCreditAccountDebitRevertTransaction": "store_credit_account_transactions",
}
"""Kinds of objects and the scope that reading or writing one needs."""
_OBJECTS = {
    "customer": "Customer",
    "customers": "Customer",
    "customerByIdentifier": "Customer",
    "order": "Order",
    "orders": "Order",
}
_HOLDERS = frozenset(["QueryRoot", "Order", "Customer", "Return", "DiscountCustomers"])
# Marked as protected in the schema; that the default e-mail and phone objects are too is assumed.
_LEVEL_2 = {
    "Customer": frozenset(
        [
            *("firstName", "lastName", "displayName", "email", "phone"),
            *("defaultEmailAddress", "defaultPhoneNumber"),
        ]
    ),
    "Order": frozenset(["email", "phone", "statusPageUrl"]),
}
_SCOPE_PAGE = "https://shopify.dev/api/usage/access-scopes"
_DATA_PAGE = "https://shopify.dev/docs/apps/launch/protected-customer-data"


def check(c: Context, parent: str, field: str) -> None:
    """Refuse a field, as an error beside the data; raises GraphQLError."""
    scope = _SCOPES.get((parent, field))
    if scope is not None:
        require(c, scope, field)
    level = c.shop.settings.approved_level
    if level < 1 and field in _OBJECTS and parent in _HOLDERS:
        raise _not_approved(f"access the {_OBJECTS[field]} object")
    if level < 2 and field in _LEVEL_2.get(parent, ()):
        raise _not_approved(f"use the {field} field")


def require(c: Context, scope: str, field: str) -> None:
    """Refuse a field to an app without a scope; raises GraphQLError."""
    if not c.installation.may(scope):
        wanted = f"`{scope}` access scope."
        raise GraphQLError(
            f"Access denied for {field} field. Required access: {wanted}",
            extensions={
                "code": "ACCESS_DENIED",
                "documentation": _SCOPE_PAGE,
                "requiredAccess": wanted,
            },
        )


def require_object(c: Context, kind: str, field: str, act: str = "read") -> None:
    """Refuse an object of a kind that the app may not read or write; raises GraphQLError."""
    if kind in KINDS:
        require(c, f"{act}_{KINDS[kind]}", field)


def _not_approved(what: str) -> GraphQLError:
    return GraphQLError(
        f"This app is not approved to {what}. See {_DATA_PAGE} for more details.",
        extensions={"code": "ACCESS_DENIED", "documentation": _SCOPE_PAGE},
    )
