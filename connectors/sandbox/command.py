"""What the commands that serve a sandbox in a process of its own share."""

import threading

import click

host_option = click.option("--host", default="127.0.0.1", show_default=True)
runner_option = click.option(
    "--runner-every", default=1.0, show_default=True, help="Seconds; 0 for no runner."
)


def wait_until_interrupted() -> None:
    """Sleep until Ctrl-C, and say so."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("stopped")
