"""A log as files: one of compressed JSON lines for each partition, and what they are together.

Every record keeps its offset, its timestamp and its bytes, so that a log made of the files has
the same coordinates; ids, positions and signatures stay true. The manifest is written last: a
folder without one is an export that did not end.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Self, cast

import msgspec

from streams.contracts.record import Record

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_LEVEL: Final = 4
_CHUNK: Final = 1 << 20
_encoder = msgspec.json.Encoder()


class LogFileError(RuntimeError):
    """Files are not a whole log, or cannot become one here; says which, and what to do."""


class Line(msgspec.Struct, frozen=True):
    """One record; `at_ms` is the broker's stamp in milliseconds, bytes are base64."""

    offset: int
    at_ms: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


def line_of(record: Record) -> Line:
    """Return a record as it stands in a file."""
    headers = cast("list[tuple[str, bytes | None]]", list(record.headers))
    at_ms = round(record.timestamp * 1000)
    return Line(record.offset, at_ms, record.key, record.value, headers)


class Part(msgspec.Struct, frozen=True):
    """One partition: offsets from `first` up to, not including, `end`."""

    topic: str
    partition: int
    first: int
    end: int
    records: int

    @property
    def file(self) -> str:
        """Its name in the folder."""
        return f"{self.topic}-{self.partition}.jsonl.gz"


class Manifest(msgspec.Struct, frozen=True):
    """What an export is.

    Parameters
    ----------
    format : int
        Of the files.
    partitions : int
        Of every keyed topic.
    secret : str
        Tells whose signatures the records carry, without telling the secret.
    parts : list of Part
        Every partition of the log.
    """

    format: int
    partitions: int
    secret: str
    parts: list[Part]


class PartWriter:
    """Writes the records of one partition.

    Parameters
    ----------
    path : Path
        A file that does not exist.
    """

    def __init__(self, path: Path) -> None:
        # The name and the time are left out, so that equal logs are equal files.
        self._raw = path.open("xb")
        self._file = gzip.GzipFile("", "wb", _LEVEL, self._raw, mtime=0)
        self.records = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._raw.close()

    def write(self, records: Sequence[Record]) -> None:
        """Add `records` in their order."""
        self._file.write(_encoder.encode_lines([line_of(record) for record in records]))
        self.records += len(records)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Declare the export in `folder` whole."""
    (folder / MANIFEST).write_bytes(msgspec.json.format(_encoder.encode(manifest)) + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Return what the export in `folder` is.

    Raises
    ------
    LogFileError
        Where there is none, or one of another format.
    """
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError) as error:
        detail = f"{path} is missing: name the folder of an export that ended well"
        raise LogFileError(detail) from error
    except msgspec.MsgspecError as error:
        raise LogFileError(f"{path}: {error}; export again") from error
    if manifest.format != FORMAT:
        raise LogFileError(f"{path}: format is {manifest.format}; this code reads {FORMAT}")
    return manifest


def read_part(folder: Path, part: Part) -> Iterator[Line]:
    """Give the records of `part` in order.

    Raises
    ------
    LogFileError
        Where the file is damaged, or holds other records than the manifest says.
    """
    path, count, decode = folder / part.file, 0, msgspec.json.Decoder(Line).decode
    try:
        with (
            gzip.open(path, "rb") as file,
            io.BufferedReader(cast("io.RawIOBase", file), _CHUNK) as lines,
        ):
            for text in lines:
                count += 1
                yield decode(text)
    except (OSError, EOFError, msgspec.MsgspecError) as error:
        raise LogFileError(f"{path} is damaged ({error}); copy or export it again") from error
    if count != part.records:
        raise LogFileError(f"{path} has {count} records; the manifest says {part.records}")
