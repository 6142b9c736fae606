"""What the commands that serve a sandbox in a process of its own share."""

import threading

import click

host_option = click.option("--host", default="127.0.0.1", show_default=True)
runner_option = click.option(
    "--runner-every", default=1.0, show_default=True, help="Seconds; 0 for no runner."
)


def tell_how(settings: str, add: str, story: str, *, page: str, codes: str, first: int = 1) -> None:
    """Say what to type where Stempel runs.

    `story` is the call that lets the customers buy, `page` the shop's address, and `codes` what its desk
    calls the codes of an order; `first` is the number that its first customer and product get.
    """
    module, call = story.split(":", 1)
    order = f'customer_id={first}, items={{{first}: 1}}, {codes}=["CODE"]'
    click.echo("\nFor `stempel up` and `stempel store add` alike:")
    click.echo(f"  export {settings}")
    click.echo("To connect the shop:")
    click.echo(f"  stempel store add {add} --programme KEY --register")
    click.echo("To let its customers buy and return for a day:")
    click.echo(f"  python -c 'from {module} import run_demo; [print(one) for one in {call}]'")
    click.echo(
        f"To order with a code after that (the numbers of all customers and goods stand on {page}):"
    )
    click.echo(
        "  python -c 'from connectors.sandbox.desk import Desk; "
        f'Desk("{page}").do("place_order", {order})\''
    )
    file = f"{module.rpartition('.')[0].replace('.', '/')}/control.py"
    click.echo(f"All that the desk can do (cancel, refund, …) stands in {file}.")
    click.echo("Ctrl+C ends it, and nothing is kept.")


def wait_until_interrupted() -> None:
    """Sleep until Ctrl-C, and say so."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("stopped")
