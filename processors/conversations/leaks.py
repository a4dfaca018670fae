"""Leaks in a message: what must not be said, found by form, reported without being repeated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from config.conversations import LeakPolicy, TokenForm
from processors.conversations.forms import FORMS, SECRETS, Found, matches

REPORTED: Final = 50
"""Leaks of one message that are told of: what says more has said enough."""
_ALPHABETS: Final = {
    "digits": "0-9",
    "hex": "0-9A-Fa-f",
    "upper_alphanumeric": "A-Z0-9",
    "alphanumeric": "A-Za-z0-9",
    "url_safe": "A-Za-z0-9_-",
    "dotted": "A-Za-z0-9_.-",
}


class Leak(NamedTuple):
    """Something that must not be said.

    Parameters
    ----------
    kind : str
        The form's or the token's name.
    severity : str
        As the policy has it.
    position, length : int
        Where it stands in the text, in characters.
    masked : str
        What may be shown: a public prefix, the last digits of a number.
    """

    kind: str
    severity: str
    position: int
    length: int
    masked: str


class LeakRules:
    """A policy, made ready for searching.

    Parameters
    ----------
    policy : LeakPolicy
        Severities, tokens and roles.

    Examples
    --------
    >>> rules = LeakRules(LeakPolicy())
    >>> [(leak.kind, leak.masked) for leak in rules.find("write to ann@home.net", "assistant")]
    [('email', 'a…@…')]
    """

    def __init__(self, policy: LeakPolicy) -> None:
        self._policy = policy
        self._tokens = [(each, _pattern(each)) for each in policy.tokens]
        self._severity = {each.name: each.severity for each in policy.tokens}
        self._secrets = SECRETS | self._severity.keys()

    def find(self, text: str, role: str) -> list[Leak]:
        """Return the leaks in what `role` said, in the order of the text."""
        secret = role in self._policy.secret_roles
        personal = role in self._policy.personal_roles
        if not (secret or personal):
            return []
        wanted = [
            found
            for found in _apart(self._all(text))
            if (secret if found.kind in self._secrets else personal)
        ]
        leaks = [self._leak(found) for found in wanted]
        return [leak for leak in leaks if leak.severity != "off"][:REPORTED]

    def _all(self, text: str) -> Iterator[Found]:
        small = text.lower()
        for form in FORMS[:2]:
            yield from matches(form, text, small)
        for token, pattern in self._tokens:
            if any(prefix in text for prefix in token.prefixes):
                yield from _tokens(token, pattern, text)
        for form in FORMS[2:]:
            yield from matches(form, text, small)

    def _leak(self, found: Found) -> Leak:
        severity = self._severity.get(found.kind) or getattr(self._policy, found.kind)
        length = found.end - found.start
        return Leak(found.kind, severity, found.start, length, found.masked)


def _pattern(token: TokenForm) -> re.Pattern[str]:
    prefixes = "|".join(re.escape(each) for each in sorted(token.prefixes, key=len, reverse=True))
    own = _ALPHABETS[token.alphabet]
    return re.compile(
        rf"(?<![A-Za-z0-9])(?:{prefixes})(?P<rest>[{own}]{{{token.minimum},{token.maximum}}}+)"
        rf"(?![{own}])"
    )


def _tokens(token: TokenForm, pattern: re.Pattern[str], text: str) -> Iterator[Found]:
    for match in pattern.finditer(text):
        rest = match["rest"]
        if token.mixed and (rest.isalpha() or not any(c.isdigit() for c in rest)):
            continue
        yield Found(token.name, *match.span(), f"{match[0][: -len(rest)]}…")


def _apart(found: Iterable[Found]) -> list[Found]:
    """Return what does not overlap with what was found before it, in the order of the text."""
    kept: list[Found] = []
    for each in found:
        if len(kept) < 4 * REPORTED and all(
            each.end <= one.start or one.end <= each.start for one in kept
        ):
            kept.append(each)
    return sorted(kept, key=lambda one: one.start)
