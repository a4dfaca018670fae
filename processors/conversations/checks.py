"""Check digits and ranges: what tells a card, an account or an address from any other number."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Final

_IBAN_LENGTH: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BR": 29, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20,
    "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18,
    "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "JO": 30,
    "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24,
    "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24,
    "TR": 26, "UA": 29, "VA": 22, "XK": 20,
}  # fmt: skip
_CARD_LENGTHS: Final = (
    ("34", (15,)), ("37", (15,)), ("36", (14,)), ("38", (14,)), ("30", (14,)), ("35", (16,)),
    ("4", (13, 16, 19)), ("5", (16,)), ("2", (16,)), ("6", (16, 17, 18, 19)),
)  # fmt: skip

_NOBODYS: Final = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8", "127.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "::/127", "::ffff:0:0/96", "2001:db8::/32", "ff00::/8",
    )
)  # fmt: skip
"""Loopback, documentation, multicast and reserved: RFC 6890, 5737 and 3849."""
_PRIVATE: Final = tuple(
    ip_network(each)
    for each in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
        "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
"""RFC 1918, 3927, 6598, 4193 and 4291."""


def luhn(digits: str) -> bool:
    """Say whether the last of `digits` is the check digit of those before it.

    References
    ----------
    ISO/IEC 7812-1, annex B; H. P. Luhn, US patent 2,950,048 (1960).

    Examples
    --------
    >>> luhn("4242424242424242"), luhn("4242424242424243")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Say whether `digits` may be a payment card: issuer, length and check digit."""
    issuer = next((lengths for begin, lengths in _CARD_LENGTHS if digits.startswith(begin)), ())
    return len(digits) in issuer and luhn(digits)


def is_iban(text: str) -> bool:
    """Say whether `text`, without spaces and in capitals, is an account number.

    References
    ----------
    ISO 13616-1: remainder 1 on division by 97 (ISO/IEC 7064, MOD 97-10), a length per country.

    Examples
    --------
    >>> is_iban("GB82WEST12345698765432"), is_iban("GB82WEST12345698765431")
    (True, False)
    """
    if len(text) != _IBAN_LENGTH.get(text[:2]):
        return False
    moved = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def address_kind(text: str) -> str:
    """Return ``ip_public``, ``ip_private``, or nothing for what names no machine of anybody's.

    Examples
    --------
    >>> address_kind("8.8.8.8"), address_kind("10.1.2.3"), address_kind("127.0.0.1")
    ('ip_public', 'ip_private', '')
    """
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    # Lists of our own: what the library calls private differs between versions of Python.
    for kind, networks in (("", _NOBODYS), ("ip_private", _PRIVATE)):
        if any(address in network for network in networks):
            return kind
    return "ip_public"
