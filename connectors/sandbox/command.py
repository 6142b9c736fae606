"""What the commands that serve a sandbox in a process of its own share."""

import threading

import click

host_option = click.option("--host", default="127.0.0.1", show_default=True)
runner_option = click.option(
    "--runner-every", default=1.0, show_default=True, help="Seconds; 0 for no runner."
)


def tell_how(settings: str, add: str, story: str) -> None:
    """Say what to type where Stempel runs; `story` is the call that lets the customers buy."""
    module, call = story.split(":", 1)
    click.echo("\nFor `stempel up` and `stempel store add` alike:")
    click.echo(f"  export {settings}")
    click.echo("To connect the shop:")
    click.echo(f"  stempel store add {add} --programme KEY --register")
    click.echo("To let its customers buy and return for a day:")
    click.echo(f"  python -c 'from {module} import run_demo; [print(one) for one in {call}]'")
    click.echo("Ctrl+C ends it, and nothing is kept.")


def wait_until_interrupted() -> None:
    """Sleep until Ctrl-C, and say so."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("stopped")
