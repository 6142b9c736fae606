"""Runs the service like `stempel up`, with the platform `tinyshop` and no worker."""

import os
import sys

from app import main, serving, settings
from app.errors import ConfigError
from tests.webhooks.platform import connector


def make() -> main.Application:
    """Build the service in the server's process."""
    chosen = settings.from_env(os.environ)
    serving.prepare_process(chosen)
    return main.create_app(chosen, connectors={connector.name: connector}, work=False)


if __name__ == "__main__":
    try:
        sys.exit(serving.run(settings.from_env(os.environ), "tests.webhooks.server:make"))
    except ConfigError as error:
        sys.exit(f"stempel: {error}")
