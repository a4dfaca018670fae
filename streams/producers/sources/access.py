"""How a source is signed in to by HTTP, and which certificate it is believed to have."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from typing import Final, NamedTuple


class Access(NamedTuple):
    """Files are read at each look: what is renewed counts at once.

    Parameters
    ----------
    token_file : Path or None
        A file with a bearer token.
    username : str or None
        Who signs in by name (RFC 7617).
    password_file : Path or None
        A file with their password.
    ca_file : Path or None
        Certificates that its own is checked against; else the system's.
    """

    token_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None

    def headers(self) -> dict[str, str]:
        """Return what a request proves itself with.

        Raises
        ------
        OSError
            If a file cannot be read.
        """
        if self.token_file is not None:
            return {"Authorization": f"Bearer {_secret(self.token_file)}"}
        if self.username is not None:
            password = "" if self.password_file is None else _secret(self.password_file)
            pair = f"{self.username}:{password}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return {}

    def context(self) -> ssl.SSLContext:
        """Return what checks the server's certificate.

        Raises
        ------
        OSError
            If the file of certificates cannot be read, or holds none.
        """
        if self.ca_file is None:
            return ssl.create_default_context()
        try:
            return ssl.create_default_context(cadata=self.ca_file.read_text(encoding="ascii"))
        except (ssl.SSLError, ValueError) as error:
            raise OSError(f"{self.ca_file} holds no certificates in PEM: {error}") from error


NOBODY: Final = Access()


def _secret(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip()
