"""What browsers are told about every answer, whoever makes it."""

from __future__ import annotations

from typing import Final

SAFETY: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-permitted-cross-domain-policies": "none",
}
HSTS: Final = ("strict-transport-security", "max-age=31536000")
"""Under TLS, for names that are not this machine's: a browser would ask everything else that is
served there for TLS as well, on every port. Source: RFC 6797, 8.3."""
