"""Files that hold a secret, or a text that stands in for a variable."""

from __future__ import annotations

import secrets
from pathlib import Path

from config.mistakes import SettingsError


def read_or_make(path: Path) -> bytes:
    """Return the secret in `path`; make one of 256 bits where there is none, mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    if not path.exists():
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(32), encoding="ascii")
        try:
            path.hardlink_to(made)  # only one process wins, whole or not at all
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_bytes().strip()


def content_of(variable: str, path: Path) -> str:
    """Return the text of the file that a variable names, or say that it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"HOMEOSTAT_{variable}={path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"HOMEOSTAT_{variable}={path}: it is no text in UTF-8") from error
