"""`homeostat replay`: the recorded log, folded again and compared with what was decided."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.client import NO
from api.cli.options import AsJson
from api.cli.running import run
from api.cli.show import as_json, progress, say

if TYPE_CHECKING:
    from config.settings import Settings


def replay(
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every decision with the record.")
    ] = False,
    fetch: Annotated[
        int, typer.Option(min=0, help="Records to a fetch; 0 is a random size each time.")
    ] = 2000,
    plain: AsJson = False,
) -> None:
    """Fold the recorded log again; nothing is produced, sent or touched.

    With --verify every fact is compared with what was recorded, byte for byte; the exit status
    is 1 where the code would now decide otherwise.
    """
    told = progress(plain=plain)
    if not verify:
        raise typer.BadParameter("say what to replay for: --verify")
    from api.cli.kept_log import kept_log
    from processors.topology import steps
    from projections.replay.verdict import VerifyReport
    from projections.replay.verify import verify as check
    from streams.contracts.trust import Signer

    async def look(settings: Settings) -> VerifyReport:
        signer = Signer(settings.secret())
        async with kept_log(settings, told) as connection:
            return await check(connection, signer, steps(), fetch_sizes=(fetch,), report=told)

    result = run(look)
    if plain:
        as_json({"equal": result.equal, **asdict(result)})
    else:
        say(result.summary())
    raise typer.Exit(0 if result.equal else NO)
