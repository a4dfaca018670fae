"""`homeostat simulate`: a synthetic fleet with faults, sent to the broker."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.client import AWAY, USAGE, CommandError
from api.cli.options import AsJson
from api.cli.show import as_json, say

if TYPE_CHECKING:
    from streams.kafka.connection import Connection
    from streams.kafka.publisher import Publisher
    from streams.simulator.run import Run


def simulate(
    agents: Annotated[int, typer.Option(min=1, help="How many agents.")] = 100,
    rate: Annotated[float, typer.Option(min=0.001, help="Heartbeats a second, together.")] = 100.0,
    duration: Annotated[float, typer.Option(min=1, help="Simulated seconds.")] = 300.0,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same fleet and faults.")] = 1,
    scenario: Annotated[
        str, typer.Option(help="A set of scenarios, or one scenario; --list names them.")
    ] = "mixed",
    truth: Annotated[
        Path | None, typer.Option(help="Where to write the injected faults, as JSON lines.")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0, help="Simulated seconds a second; 0 is as fast as possible.")
    ] = 1.0,
    listed: Annotated[
        bool, typer.Option("--list", help="Name all scenarios and sets of them; send nothing.")
    ] = False,
    plain: AsJson = False,
) -> None:
    """Send heartbeats of a synthetic fleet, with injected faults whose truth is known.

    At any speed but 1 the simulated time ends about now, so that nothing lies in the future.
    """
    if listed:
        _list(plain=plain)
        return
    from config.settings import settings_from_environment
    from streams.kafka.connection import Connection
    from streams.kafka.errors import BrokerAway
    from streams.simulator.run import Run

    start = time.time() - (0.0 if speed == 1.0 else duration)
    try:
        run = Run(agents, seed, scenario, start, agents / rate, duration)
        if truth is not None:
            run.write_truth(truth)
        connection = Connection.from_settings(settings_from_environment())
        sent, seconds = asyncio.run(_send(run, connection, speed))
    except (ValueError, OSError) as error:
        raise CommandError(USAGE, f"simulate: {error}") from error
    except BrokerAway as error:
        raise CommandError(AWAY, f"simulate: {error}") from error
    except KeyboardInterrupt:
        sys.stderr.write("\nended early; everything shown was acknowledged\n")
        raise typer.Exit(130) from None
    if plain:
        as_json({"heartbeats": sent, "seconds": seconds})


def _list(*, plain: bool) -> None:
    from streams.simulator.catalogue import CATALOGUE
    from streams.simulator.scenarios import SETS

    if plain:
        as_json({"sets": SETS, "scenarios": [each.described() for each in CATALOGUE.values()]})
        return
    for name, scenarios in SETS.items():
        held = "each of these" if name == "all" else ", ".join(scenarios) or "no faults"
        say(f"{name:22} a set: {held}")
    for each in CATALOGUE.values():
        say(f"{each.name:22} {each.verdict}: {each.says}")


async def _send(run: Run, connection: Connection, speed: float) -> tuple[int, float]:
    from streams.kafka.publisher import Publisher

    async with Publisher(connection) as publisher:
        return await _frames(run, publisher, speed)


async def _frames(run: Run, publisher: Publisher, speed: float) -> tuple[int, float]:
    began = shown = time.monotonic()
    sent = 0
    for elapsed, records in run.batches():
        if speed > 0:
            await asyncio.sleep(began + elapsed / speed - time.monotonic())
        await publisher.publish(records)
        sent += len(records)
        if (now := time.monotonic()) - shown >= 0.5:
            shown = now
            _show(sent, now - began, elapsed / run.duration_s)
    seconds = time.monotonic() - began
    _show(sent, seconds, 1.0)
    sys.stderr.write("\n")
    return sent, seconds


def _show(sent: int, seconds: float, done: float) -> None:
    left = seconds / done - seconds if done > 0 else 0.0
    rate = sent / max(seconds, 1e-9)
    text = f"\r{done:4.0%}  {sent:,} heartbeats  {rate:,.0f}/s  {left:.0f} s left  "
    sys.stderr.write(text)
    sys.stderr.flush()
