"""The API's certificate: read when the server starts, and again when its file changes."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path
from typing import Final

from config.settings import SettingsError

_LOG: Final = logging.getLogger("homeostat.api")


class Certificate:
    """A TLS context of the server's that follows its files, so that a renewal needs no restart.

    The files are looked at with each handshake; one that cannot be used is said once, and the
    certificate before it goes on.

    Parameters
    ----------
    certificate, key : Path
        PEM; the certificate first, then the authorities between it and a known one.

    Raises
    ------
    SettingsError
        If they cannot be used; says which setting and why.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._version = self._seen()
        self.context = self._read()
        self.context.sni_callback = self._refresh

    def _refresh(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _old: ssl.SSLContext
    ) -> None:
        version = self._seen()
        if version != self._version:
            self._version = version
            try:
                self.context = self._read()
                _LOG.info("the API's certificate was read again")
            except SettingsError as error:
                _LOG.error("%s; the certificate before it goes on", error)
        connection.context = self.context

    def _seen(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_version(file) for file in self._files)

    def _read(self) -> ssl.SSLContext:
        certificate, key = self._files
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(certificate, key)
        except OSError as error:  # an SSLError is one
            names = f"HOMEOSTAT_TLS_CERTIFICATE={certificate}, HOMEOSTAT_TLS_KEY={key}"
            raise SettingsError(f"{names}: {error}; give both as PEM, of one pair") from error
        return context


def _version(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
