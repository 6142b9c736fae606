"""Facts about the shop: its status report and its currency."""

from connectors.woocommerce.sandbox import render
from connectors.woocommerce.sandbox.call import Call
from connectors.woocommerce.sandbox.request import Answer
from connectors.woocommerce.sandbox.state import Row, State

_CURRENCIES = {
    "PLN": ("Polish z&#x142;oty", "&#122;&#322;"),
    "EUR": ("Euro", "&euro;"),
    "USD": ("United States (US) dollar", "&#36;"),
    "JPY": ("Japanese yen", "&yen;"),
    "KWD": ("Kuwaiti dinar", "&#x62f;.&#x643;"),
}

_MACHINE: Row = {
    "wp_memory_limit": 536870912,
    "wp_debug_mode": False,
    "wp_cron": True,
    "wp_environment_type": "production",
    "language": "pl_PL",
    "external_object_cache": None,
    "log_directory": "/var/www/shop/wp-content/uploads/wc-logs/",
    "log_directory_writable": True,
    "server_info": "Sandbox",
    "server_architecture": "sandbox",
    "php_version": "8.2.36",
    "php_post_max_size": 16777216,
    "php_max_execution_time": 30,
    "php_max_input_vars": 1000,
    "curl_version": "7.88.1, OpenSSL/3.0.19",
    "suhosin_installed": False,
    "max_upload_size": 16777216,
    "mysql_version": "10.11.19",
    "mysql_version_string": "10.11.19-MariaDB",
    "default_timezone": "UTC",
    "fsockopen_or_curl_enabled": True,
    "soapclient_enabled": False,
    "domdocument_enabled": True,
    "gzip_enabled": True,
    "mbstring_enabled": True,
    "remote_post_successful": False,
    "remote_post_response": False,
    "remote_get_successful": False,
    "remote_get_response": False,
}
_FEATURES: Row = {
    "HPOS_sync_enabled": False,
    "geolocation_enabled": False,
    "taxonomies": {name: name for name in ("external", "grouped", "simple", "variable")},
    "product_visibility_terms": {
        name: name
        for name in (
            *("exclude-from-catalog", "exclude-from-search", "featured", "outofstock"),
            *(f"rated-{stars}" for stars in range(1, 6)),
        )
    },
    "woocommerce_com_connected": "no",
    "enforce_approved_download_dirs": True,
    "enabled_features": ["analytics", "order_attribution", "custom_order_tables"],
}


def _currency(shop: State) -> tuple[str, str]:
    code = shop.settings.currency
    return _CURRENCIES.get(code, (code, code))


def system_status(call: Call) -> Answer:
    """GET /system_status."""
    settings = call.shop.settings
    store = "OrdersTableDataStore" if settings.hpos else "WC_Order_Data_Store_CPT"
    prefix = "Automattic\\WooCommerce\\Internal\\DataStores\\Orders\\" if settings.hpos else ""
    environment: Row = {
        "home_url": settings.home_url,
        "site_url": settings.home_url,
        "store_id": "5a6db0c8-0000-4000-8000-000000000001",
        "version": settings.version,
        "wp_version": settings.wordpress,
        "wp_multisite": False,
        **_MACHINE,
    }
    return Answer(
        200,
        {
            "environment": environment,
            "settings": {
                "api_enabled": False,
                "force_ssl": False,
                "currency": settings.currency,
                "currency_symbol": _currency(call.shop)[1],
                "currency_position": "right_space",
                "thousand_separator": " ",
                "decimal_separator": ",",
                "number_of_decimals": settings.decimals,
                "order_datastore": f"{prefix}{store}",
                "HPOS_enabled": settings.hpos,
                **_FEATURES,
            },
        },
    )


def currency(call: Call) -> Answer:
    """GET /data/currencies/current."""
    code = call.shop.settings.currency
    name, symbol = _currency(call.shop)
    links = render.links(call.shop, f"data/currencies/{code}", ["GET"])
    return Answer(200, {"code": code, "name": name, "symbol": symbol, "_links": links})


def index(shop: State) -> Row:
    """GET /wp-json/: what a client asks with _fields (the real one is over a megabyte)."""
    offset = shop.now().astimezone(shop.settings.zone).utcoffset()
    return {
        "name": "Sandbox shop",
        "description": "",
        "url": shop.settings.home_url,
        "home": shop.settings.home_url,
        "gmt_offset": offset.total_seconds() / 3600 if offset else 0,
        "timezone_string": shop.settings.timezone,
        "namespaces": ["oembed/1.0", "wc/v1", "wc/v2", "wc/v3", "wc/store/v1", "wp/v2"],
    }
