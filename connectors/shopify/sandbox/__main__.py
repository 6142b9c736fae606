"""Serve a sandbox in a process of its own: python -m connectors.shopify.sandbox --port 8081."""

import click

from connectors.sandbox.command import (
    host_option,
    runner_option,
    tell_how,
    wait_until_interrupted,
)
from connectors.shopify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, serve
from connectors.shopify.sandbox.shops import FIRST_ID


@click.command()
@host_option
@click.option("--port", default=8081, show_default=True, help="0 takes a free one.")
@click.option("--shop", "names", multiple=True, default=("kawa",), show_default=True)
@click.option("--currency", default="PLN", show_default=True)
@runner_option
def main(host: str, port: int, names: tuple[str, ...], currency: str, runner_every: float) -> None:
    """Serve make-believe Shopify shops until interrupted."""
    sandbox = Sandbox()
    with serve(sandbox, host, port, runner_every=runner_every or None) as running:
        click.echo(f"{running.url} client id {CLIENT_ID} secret {CLIENT_SECRET}")
        for name in names:
            shop = sandbox.open_shop(name, currency=currency)
            click.echo(f"{running.url}/{shop.domain}/ token {shop.token}")
        tell_how(
            f"STEMPEL_DEV=1 SHOPIFY_ORIGIN='{running.origin}'",
            f"shopify --shop {names[0]} --client-id {CLIENT_ID} --client-secret {CLIENT_SECRET}",
            f'connectors.shopify.sandbox.demo:run_demo("{running.url}", "{names[0]}")',
            page=f"{running.url}/{names[0].removesuffix('.myshopify.com')}.myshopify.com/",
            codes="codes",
            first=FIRST_ID + 1,
        )
        wait_until_interrupted()


if __name__ == "__main__":
    main()
