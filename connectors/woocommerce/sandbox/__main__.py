"""Serve a sandbox in a process of its own: python -m connectors.woocommerce.sandbox --port 8080."""

from pathlib import Path

import click

from connectors.sandbox.command import (
    host_option,
    runner_option,
    tell_how,
    wait_until_interrupted,
)
from connectors.woocommerce.sandbox import KEY, SECRET, Sandbox, Settings, serve


@click.command()
@host_option
@click.option("--port", default=8080, show_default=True, help="0 takes a free one.")
@click.option("--home-url", default="", help="What bodies call the shop's address.")
@click.option("--tls-in-front", is_flag=True, help="Behave as if TLS ended in front: Basic works.")
@click.option("--seed", type=click.Path(exists=True, path_type=Path), help="Captured REST answers.")
@runner_option
def main(
    host: str, port: int, home_url: str, tls_in_front: bool, seed: Path | None, runner_every: float
) -> None:
    """Serve a make-believe WooCommerce shop until interrupted."""
    shop = Sandbox(Settings(home_url=home_url, tls_in_front=tls_in_front))
    if seed is not None:
        shop.seed_captured(seed)
    with serve(shop, host, port, runner_every=runner_every or None) as running:
        click.echo(f"{running.url} key {KEY} secret {SECRET}")
        tell_how(
            "ALLOW_PRIVATE_ADDRESSES=1",
            f"woocommerce --url {running.url} --consumer-key {KEY} --consumer-secret {SECRET}",
            f'connectors.woocommerce.sandbox.demo:run_demo("{running.url}")',
            page=running.url,
            codes="coupons",
        )
        wait_until_interrupted()


if __name__ == "__main__":
    main()
