"""`maskwright version`: which version this is."""

from importlib.metadata import version

import typer


def command() -> None:
    """Print the version."""
    typer.echo(f"maskwright {version('maskwright')}")


def print_and_leave(asked: bool) -> bool:
    """What `--version` does."""
    if asked:
        command()
        raise typer.Exit
    return asked
