"""Shops are called at their own address; anything else is for the demo and tests, and refused otherwise."""

import dataclasses

import pytest

from app.db.engine import Database
from app.errors import ConfigError
from app.settings import Settings
from connectors.registry import load_connectors
from jobs.runtime import new_runtime


def with_origin(settings: Settings, *, dev: bool, **origins: str) -> Settings:
    return dataclasses.replace(settings, dev=dev, origins=origins)


def test_a_real_installation_refuses_to_call_shops_elsewhere(
    database: Database, settings: Settings
) -> None:
    astray = with_origin(settings, dev=False, woocommerce="https://elsewhere.example")
    with pytest.raises(ConfigError, match="WOOCOMMERCE_ORIGIN is for the demo and tests"):
        new_runtime(database, astray, load_connectors())


def test_what_is_no_address_is_refused_with_what_to_write(settings: Settings) -> None:
    wrong = with_origin(settings, dev=True, woocommerce="elsewhere")
    with pytest.raises(ConfigError, match=r"as http://127\.0\.0\.1:9000/\{shop\}"):
        wrong.origin_of("woocommerce")


def test_variables_of_other_programmes_are_left_alone(
    database: Database, settings: Settings
) -> None:
    new_runtime(database, with_origin(settings, dev=False, cors="*"), load_connectors())
