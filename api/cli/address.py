"""Where an installation's API is, and whose certificate is believed there.

Imports little: a shell that completes a word waits for it, and the supervisor keeps it.
"""

from __future__ import annotations

import http.client
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from config.settings import Settings

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what it is called from


def own_address(settings: Settings) -> str:
    """Return where this machine's API is reached, such as ``http://127.0.0.1:8000``."""
    scheme = "http" if settings.tls_certificate is None else "https"
    host = _EVERYWHERE.get(settings.api_host, settings.api_host)
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{settings.api_port}"


def asked_address(settings: Settings) -> str:
    """Return the address that ``HOMEOSTAT_API`` names, or this machine's."""
    return (os.environ.get("HOMEOSTAT_API") or own_address(settings)).rstrip("/")


def trusted(settings: Settings, address: str) -> ssl.SSLContext:
    """Return what a certificate at `address` is checked against.

    ``HOMEOSTAT_TLS_CA`` names the authorities to believe. Without it this machine's own API is
    known by its very certificate, whatever name that is for: only who has its key can answer.
    Everybody else is checked against the system's authorities.

    Raises
    ------
    SettingsError
        If a certificate cannot be read.
    """
    from config.settings import SettingsError

    try:
        if settings.tls_ca is not None:
            return ssl.create_default_context(cafile=settings.tls_ca)
        if settings.tls_certificate is not None and address == own_address(settings):
            return _pinned(settings.tls_certificate)
    except (OSError, ValueError) as error:
        name = "CA" if settings.tls_ca else "CERTIFICATE"
        path = settings.tls_ca or settings.tls_certificate
        raise SettingsError(f"HOMEOSTAT_TLS_{name}={path}: {error}") from error
    return ssl.create_default_context()


def connected(settings: Settings, address: str, timeout_s: float) -> http.client.HTTPConnection:
    """Return a connection to `address`, opened by its first request."""
    where = urlsplit(address)
    if where.scheme != "https":
        return http.client.HTTPConnection(where.netloc, timeout=timeout_s)
    context = trusted(settings, address)
    return http.client.HTTPSConnection(where.netloc, timeout=timeout_s, context=context)


def _pinned(certificate: Path) -> ssl.SSLContext:
    """Trust the first certificate of the file and nothing that it or another may have signed."""
    text = certificate.read_text(encoding="ascii")
    end = "-----END CERTIFICATE-----"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=text[: text.index(end)] + end + "\n")
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context
