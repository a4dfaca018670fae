r"""What secrets and personal data look like in a text.

Two sorts. A *token* is a public prefix and characters of one alphabet: data, in the policy. What
has more structure has an expression here and, where there is one, a check digit.

Every expression is linear in the text: each repetition is bounded and possessive (``{m,n}+``, never
given back), and begins only where the run of its characters begins. So no text, however it was
made, takes longer than others of its length; a test reads the expressions and says so.

When it fails
-------------
Keys of forms that nobody declared, without a word such as ``password`` beside them; secrets cut in
two by a line, spelt in words or encoded; national phone numbers but those of North America. Made-up
examples of the right form are reported: a form cannot tell them from real ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from processors.conversations.checks import address_kind, is_card, is_iban

SECRETS: Final = frozenset({"private_key", "jwt", "password"})
"""Kinds of this file that are secrets; the others are personal data and addresses."""
_EXAMPLES: Final = ("example.com", "example.org", "example.net")
_PLACEHOLDERS: Final = ("<", "${", "$(", "{", "%(", "***", "...", "[", "your", "xxxx")
_CARD_GROUPS: Final = re.compile(
    r"[0-9]+|[0-9]{4}(?:[ -][0-9]{4}){2,3}(?:[ -][0-9]{1,3})?|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}"
)
_CODE: Final = re.compile(r"[A-Za-z_][A-Za-z_.]{0,64}+[(\[.]")
"""A call, a subscript, an attribute: what code assigns where a password would stand."""


class Found(NamedTuple):
    """A place in a text: `start` and `end` in characters, and what may be shown of it."""

    kind: str
    start: int
    end: int
    masked: str


class Judged(NamedTuple):
    """What a match is: nothing where `kind` is empty; it begins at `start` and has `length`."""

    kind: str = ""
    masked: str = ""
    length: int = 0
    start: int = 0


class Form(NamedTuple):
    """One expression.

    Parameters
    ----------
    hints : tuple of str
        Without one of these, in small letters, a text has no match: found quickly.
    pattern : Pattern
        Group ``it``, where it has one, is what must not be said.
    judge : callable
        Says what a match's text is.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    judge: Callable[[str], Judged]


def _private_key(text: str) -> Judged:
    return Judged("private_key", "-----BEGIN … PRIVATE KEY-----", len(text))


def _jwt(text: str) -> Judged:
    return Judged("jwt", "eyJ…", len(text))


def _password(text: str) -> Judged:
    """Tell a password from words and code: a digit beside something else, or case and a sign."""
    value = text.rstrip(".,;:!?)")
    if len(value) < 6 or value.lower().startswith(_PLACEHOLDERS) or _CODE.match(value):
        return Judged()
    digit, letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    sign = not value.isalnum()
    cases = any(map(str.islower, value)) and any(map(str.isupper, value))
    strong = (digit and (letter or sign)) or (cases and sign)
    return Judged("password", "…", len(value)) if strong else Judged()


def _credentials(text: str) -> Judged:
    if text.lower().startswith(_PLACEHOLDERS):
        return Judged()
    return Judged("password", "…", len(text))


def _email(text: str) -> Judged:
    domain = text.rpartition("@")[2].lower()
    if domain in _EXAMPLES or domain.endswith(".example"):
        return Judged()
    return Judged("email", f"{text[0]}…@…", len(text))


def _phone(text: str) -> Judged:
    for length in _shorter(text):
        digits = "".join(c for c in text[:length] if c.isdigit())
        if 10 <= len(digits) <= 15:
            return Judged("phone", f"…{digits[-2:]}", length)
    return Judged()


def _iban(text: str) -> Judged:
    for length in _shorter(text):
        whole = text[:length].replace(" ", "")
        if is_iban(whole):
            return Judged("iban", f"{whole[:2]}…{whole[-2:]}", length)
    return Judged()


def _card(text: str) -> Judged:
    """Try each run of groups: another number may stand before it, and another behind it."""
    for start in (0, *(at + 1 for at, c in enumerate(text) if not c.isalnum())):
        for length in _shorter(text[start:]):
            run = text[start:][:length]
            digits = run.replace(" ", "").replace("-", "")
            if _CARD_GROUPS.fullmatch(run) and is_card(digits):
                return Judged("credit_card", f"…{digits[-4:]}", length, start)
    return Judged()


def _shorter(text: str) -> Iterator[int]:
    """Yield the length of the whole, then without its last groups: something else may follow."""
    yield len(text)
    yield from (at for at in range(len(text) - 1, 8, -1) if not text[at].isalnum())


def _address(text: str) -> Judged:
    begin = text.split("." if "." in text else ":", 1)[0]
    if not any(c.isdigit() for c in text):
        return Judged()
    return Judged(address_kind(text), f"{begin}…", len(text))


_WORDS: Final = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|api[_ -]?key|access[_ -]?key|auth[_ -]?token|"
    r"access[_ -]?token|client[_ -]?secret|private[_ -]?token|credentials?"
)
FORMS: Final = (
    Form(
        ("private key",),
        re.compile(r"-----BEGIN [A-Z ]{0,30}?PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s]{0,8192}+"),
        _private_key,
    ),
    Form(
        ("eyj",),
        re.compile(
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,2048}+\.[A-Za-z0-9_-]{8,8192}+"
            r"\.[A-Za-z0-9_-]{8,1024}+"
        ),
        _jwt,
    ),
    Form(
        ("://",),
        re.compile(r"://[^\s:/@?#]{1,64}+:(?P<it>[^\s/@]{3,128}+)@"),
        _credentials,
    ),
    Form(
        ("pass", "pwd", "secret", "key", "token", "credential"),
        re.compile(
            rf"(?i:(?<![a-z])(?:[a-z0-9]{{1,16}}[_-])?(?:{_WORDS}))[\"'`]?\s{{0,3}}+(?:is|=>|:=|[:=])"
            r"\s{0,3}+[\"'`]?(?P<it>[^\s\"'`<>,;]{6,256}+)"
        ),
        _password,
    ),
    Form(
        ("@",),
        re.compile(
            r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+][A-Za-z0-9._%+-]{0,63}+@"
            r"(?:[A-Za-z0-9-]{1,63}+\.){1,8}[A-Za-z]{2,24}+(?![A-Za-z0-9-])"
        ),
        _email,
    ),
    Form(
        (),
        re.compile(
            r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{1,4}+(?![a-z])){3,14}+(?![A-Za-z0-9])"
        ),
        _iban,
    ),
    Form(
        (),
        re.compile(
            r"(?<![0-9A-Za-z.+-])[2-6][0-9]{0,18}+(?![0-9A-Za-z])"
            r"(?:[ -][0-9]{1,19}+(?![0-9A-Za-z])){0,9}+"
        ),
        _card,
    ),
    Form(
        ("+",),
        re.compile(r"(?<![0-9A-Za-z+])\+[1-9](?:[ .()/-]{0,2}[0-9](?![A-Za-z])){8,30}+"),
        _phone,
    ),
    Form(
        (),
        re.compile(
            r"(?<![0-9A-Za-z.+-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])"
            r"[2-9][0-9]{2}[ .-][0-9]{4}(?![0-9A-Za-z]|[.-][0-9])"
        ),
        _phone,
    ),
    Form(
        (".",),
        re.compile(r"(?<![0-9A-Za-z.-])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z-]|\.[0-9])"),
        _address,
    ),
    Form(
        ("::", ":"),
        re.compile(r"(?<![0-9A-Za-z:.])[0-9A-Fa-f]{3,4}:[0-9A-Fa-f:]{2,36}+(?![0-9A-Za-z:.])"),
        _address,
    ),
)
"""In the order in which they are tried: what one has found no later one reports again."""


def matches(form: Form, text: str, small: str) -> Iterator[Found]:
    """Yield what has that form in `text`; `small` is the text in small letters."""
    if form.hints and not any(hint in small for hint in form.hints):
        return
    group = "it" if form.pattern.groups else 0
    for match in form.pattern.finditer(text):
        judged = form.judge(match[group])
        if judged.kind:
            start = match.start(group) + judged.start
            yield Found(judged.kind, start, start + judged.length, judged.masked)
