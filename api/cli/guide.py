"""`homeostat guide`: the guide in the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.client import NO, CommandError
from api.cli.show import say
from api.guide.pages import UnknownPage, every_page, read_page


def guide(
    page: Annotated[
        str | None, typer.Argument(help="tutorial, failures or reference. Default: a list of them.")
    ] = None,
) -> None:
    """Print a page of the guide; as Markdown if standard output is no terminal."""
    if page is None:
        for each in every_page():
            say(f"{each.name:<12}{each.lead}")
        return
    try:
        text = read_page(page).text
    except UnknownPage as error:
        raise CommandError(NO, str(error)) from error
    from rich.console import Console

    console = Console()
    if console.is_terminal:
        from rich.markdown import Markdown

        console.print(Markdown(text))
    else:
        say(text.rstrip())
