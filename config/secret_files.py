"""Files that hold a secret, or a text that stands in for a variable."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from config.mistakes import SettingsError


def read_or_make(path: Path) -> bytes:
    """Return the secret in `path`; make one of 256 bits where there is none, mode 0600.

    Raises
    ------
    SettingsError
        Where the file is there and holds nothing, or zeros, as it may after a loss of power: an
        empty secret would be everybody's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    if not path.exists():
        made.touch(mode=0o600)
        with made.open("wb") as file:
            file.write(secrets.token_urlsafe(32).encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(made)  # only one process wins, whole or not at all
        except FileExistsError:
            pass
        finally:
            made.unlink()
    content = path.read_bytes().strip()
    if not content or b"\0" in content:
        what = "holds zeros" if content else "is empty"
        raise SettingsError(f"{path} {what}: put its copy back, or remove it, and one is made")
    return content


def content_of(variable: str, path: Path) -> str:
    """Return the text of the file that a variable names, or say that it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"HOMEOSTAT_{variable}={path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"HOMEOSTAT_{variable}={path}: it is no text in UTF-8") from error
