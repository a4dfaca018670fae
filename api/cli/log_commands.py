"""`homeostat log`: the log as files, and back."""

from __future__ import annotations

import contextlib
import hmac
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.client import USAGE, CommandError
from api.cli.options import AsJson
from api.cli.running import run
from api.cli.show import as_json, as_table, progress, say

if TYPE_CHECKING:
    from config.settings import Settings
    from projections.replay.progress import Progress
    from streams.kafka.log_files import Part

log = typer.Typer(help="The log as compressed files.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="The folder of the files.")]


@log.command("export")
def export_(folder: Folder, plain: AsJson = False) -> None:
    """Copy the whole log into FOLDER, which must be new, whether the installation runs or not.

    The files hold no secret: take the file `secret` along to import them elsewhere.
    """
    from api.audit.local import put_on_record
    from api.cli.kept_log import kept_log
    from streams.kafka.log_export import Exporter

    if folder.exists():
        raise CommandError(USAGE, f"{folder} is there already; name a new folder")

    told = progress(plain=plain)

    async def copy(settings: Settings) -> int:
        async with kept_log(settings, told) as connection:
            exporter = Exporter(connection, settings.partitions, _print_of(settings.secret()))
            manifest = await exporter.export(folder, _Told("exporting", told).so_far)
            records = sum(part.records for part in manifest.parts)
            # Afterwards: a copy does not hold the record of itself, and its import is its equal.
            place, count = str(folder.resolve()), str(records)
            await put_on_record(settings, connection, "log.exported", place, records=count)
            return records

    records = run(copy)
    if plain:
        as_json({"folder": str(folder), "records": records})
    else:
        say(f"{records:,} records are in {folder}")


@log.command("import")
def import_(folder: Folder, plain: AsJson = False) -> None:
    """Create a new installation's log from FOLDER; its state is the one that was exported.

    Nothing is carried out: what the log commanded is over. An import that was broken off goes on
    where it was, given the same FOLDER.
    """
    from streams.contracts.topics import COMMANDS
    from streams.kafka.connection import Connection
    from streams.kafka.log_files import read_manifest
    from streams.kafka.log_import import import_log, open_log

    told = progress(plain=plain)

    async def copy(settings: Settings) -> int:
        manifest = read_manifest(folder)
        _check(settings, manifest.secret, manifest.partitions)
        async with _empty_log(settings, told):
            connection = Connection.from_settings(settings)
            await import_log(connection, folder, manifest, _Told("importing", told).so_far)
            for part in manifest.parts:
                if part.topic == COMMANDS.name:
                    _leave_commands(settings, folder, part)
            await open_log(connection, manifest)
        return sum(part.records for part in manifest.parts)

    records = run(copy)
    if plain:
        as_json({"folder": str(folder), "records": records})
    else:
        say("the log is imported; `homeostat up` goes on from it")


@log.command("checkpoints")
def checkpoints_(plain: AsJson = False) -> None:
    """List the states that are kept, one a day for every partition that a step reads.

    Where the beginning of the log has expired, `replay --verify` and `policy what-if` begin with
    the oldest; a worker that has lost its snapshots goes on from the newest.
    """
    from api.cli.kept_log import kept_log
    from processors.runtime.checkpoints import Checkpoint, read_checkpoints
    from streams.contracts.envelope import rfc3339
    from streams.contracts.trust import Signer
    from streams.kafka.log_reader import LogReader

    told = progress(plain=plain)

    async def look(settings: Settings) -> list[Checkpoint]:
        async with kept_log(settings, told) as connection, LogReader(connection) as reader:
            return await read_checkpoints(reader, Signer(settings.secret()))

    found = run(look)
    rows = [
        {
            "step": each.label.step,
            "version": each.label.version,
            "position": f"{each.inbox}/{each.partition}/{each.label.position}",
            "at": rfc3339(each.at),
            "bytes": each.size,
        }
        for each in found
    ]
    if plain:
        as_json({"items": rows, "bytes": sum(each.size for each in found)})
        return
    as_table(("step", "version", "position", "at", "bytes"), ([*row.values()] for row in rows))
    total = sum(each.size for each in found)
    say(f"{len(found)} checkpoints take {total / 1e6:,.1f} MB")


class _Told:
    """Says share, rate and time left, at most once a second."""

    def __init__(self, what: str, report: Callable[[str], None]) -> None:
        self._what = what
        self._report = report
        self._progress: Progress | None = None

    def so_far(self, done: int, total: int) -> None:
        """Take note of the progress."""
        from projections.replay.progress import Progress

        if self._progress is None:
            self._progress = Progress(self._what, total, self._report, done=done)
            if done:
                self._report(f"{self._what} goes on at record {done:,}")
        self._progress.add(done - self._progress.done)
        if done == total:
            self._progress.finish()


@contextlib.asynccontextmanager
async def _empty_log(settings: Settings, report: Callable[[str], None]) -> AsyncIterator[None]:
    """Hold the home, and run its broker unless there is one outside."""
    from api.cli.holding import holding
    from streams.kafka.embedded_broker import EmbeddedBroker

    with holding(settings.home):
        if settings.kafka is not None:
            yield
            return
        broker = EmbeddedBroker(settings.home / "kafka", settings.kafka_port, report=report)
        await broker.start()
        try:
            yield
        finally:
            await broker.stop()


def _print_of(secret: bytes) -> str:
    return hmac.new(secret, b"homeostat log export", "sha256").hexdigest()[:16]


def _check(settings: Settings, secret: str, partitions: int) -> None:
    """Refuse before anything is made what could not be read or trusted afterwards."""
    path = settings.home / "secret"
    if not path.exists() or _print_of(settings.secret()) != secret:
        detail = f"{path} is not the secret that signed these records"
        raise CommandError(USAGE, f"{detail}; copy that of the exported installation there")
    if partitions != settings.partitions:
        detail = f"HOMEOSTAT_PARTITIONS is {settings.partitions}, the export has {partitions}"
        raise CommandError(USAGE, f"{detail}; set it to {partitions}")


def _leave_commands(settings: Settings, folder: Path, part: Part) -> None:
    """Let this host's node take every command of the log for done.

    It begins after them, and knows their ids: a worker that resumes from a snapshot writes again
    what it had decided since, as it does after a crash.
    """
    from processors.executors.claims import KEPT, Claims
    from processors.executors.services.ledger import replace_synced
    from streams.contracts.envelope import decode_event
    from streams.contracts.errors import ContractError
    from streams.kafka.log_files import read_part

    node = settings.home / "node"
    claims = Claims(node / "claims.jsonl")
    for line in deque(read_part(folder, part), KEPT):
        with contextlib.suppress(ContractError):  # what cannot be read commands nothing
            claims.finish(decode_event(line.value).id)
    claims.close()
    replace_synced(node / "commands.offset", str(part.end).encode())
