"""Who may run the broker of a home: one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from config.mistakes import SettingsError


class InstallationBusy(RuntimeError):
    """Another process holds this home."""


@contextlib.contextmanager
def holding(home: Path) -> Iterator[None]:
    """Hold `home` for as long as the context lasts; the system lets go of it with the process.

    Raises
    ------
    InstallationBusy
        Where another process holds it.
    SettingsError
        Where nothing can be written there.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        opened = (home / "up.lock").open("a+")
    except OSError as error:
        detail = f"{error.strerror}; name a folder that can be written to"
        raise SettingsError(f"HOMEOSTAT_HOME={home}: {detail}") from error
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            detail = f"HOMEOSTAT_HOME={home} is in use by another `homeostat up`; end that one"
            raise InstallationBusy(detail) from None
        yield
