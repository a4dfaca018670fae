from __future__ import annotations

import re

import pytest

from config.conversations import LeakPolicy, TokenForm
from processors.conversations.forms import FORMS
from processors.conversations.leaks import LeakRules, _pattern
from streams.contracts.message import MAX_TEXT

AWS = TokenForm(
    name="aws_access_key", prefixes=["AKIA", "ASIA"], alphabet="upper_alphanumeric",
    minimum=16, maximum=16,
)  # fmt: skip
MIXED = TokenForm(
    name="model_key", prefixes=["sk-"], alphabet="url_safe", minimum=20, maximum=200, mixed=True
)
RULES = LeakRules(LeakPolicy(tokens=[AWS, MIXED]))
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9Pl"


def found(text: str, role: str = "assistant") -> list[tuple[str, str]]:
    return [(leak.kind, text[leak.position :][: leak.length]) for leak in RULES.find(text, role)]


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        ("use AKIAIOSFODNN7EXAMPLE.", "aws_access_key", "AKIAIOSFODNN7EXAMPLE"),
        ("sk-abc123abc123abc123abc1", "model_key", "sk-abc123abc123abc123abc1"),
        (f"Bearer {JWT}", "jwt", JWT),
        ('"password": "Tr0ub4dor&3"', "password", "Tr0ub4dor&3"),
        ("DB_PASSWORD=s3cr3t!x and more", "password", "s3cr3t!x"),
        ("the api key is 8f14e45fceea167a!", "password", "8f14e45fceea167a"),
        ("postgres://ann:pa55word@db/fleet", "password", "pa55word"),
        ("mail bob.smith+x@corp.co.uk, please", "email", "bob.smith+x@corp.co.uk"),
        ("Call +49 30 901820-100 now", "phone", "+49 30 901820-100"),
        ("call (212) 555-0173", "phone", "(212) 555-0173"),
        ("to DE89 3704 0044 0532 0130 00 Thanks", "iban", "DE89 3704 0044 0532 0130 00"),
        ("GB82WEST12345698765432.", "iban", "GB82WEST12345698765432"),
        ("card 4242 4242 4242 4242 12 pieces", "credit_card", "4242 4242 4242 4242"),
        ("378282246310005", "credit_card", "378282246310005"),
        ("ping 10.1.2.3 first", "ip_private", "10.1.2.3"),
        ("ping 8.8.4.4.", "ip_public", "8.8.4.4"),
        ("at [2001:4860:4860::8888]:443", "ip_public", "2001:4860:4860::8888"),
    ],
)
def test_a_form_is_found_where_it_stands(text, kind, what):
    assert found(text) == [(kind, what)]


def test_a_private_key_is_found_with_its_body():
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n"
    assert found(f"here: {key}-----END RSA PRIVATE KEY-----") == [("private_key", key)]


@pytest.mark.parametrize(
    "text",
    [
        "The password is required, the secret: patience.",
        "password: <your-password>, token=${TOKEN}, api_key: your_key_1",
        "version 1.2.3.4.5, 127.0.0.1, 192.0.2.7, 999.1.2.3",
        "at 12:30:45, ratio 3:2, Foo::bar, a::b",
        "order 4242424242424243, total 1234567890123456",
        "GB82WEST12345698765431 and AT611904300234573202",
        "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad, 2026-11-21T11:50:42Z",
        "123e4567-e89b-12d3-a456-426614174000",
        "AKIAIOSFODNN7EXAMPL and xAKIAIOSFODNN7EXAMPLE and AKIAIOSFODNN7EXAMPLE0",
        "sk-a-very-long-name-of-nothing-at-all",
        "write to nobody@example.com or a@b",
        "ISBN 978-3-16-148410-0, +1 is 2, 100-200-3000",
    ],
)
def test_what_only_looks_like_it_is_no_leak(text):
    assert found(text) == []


def test_roles_and_severities_are_the_policys():
    policy = LeakPolicy(email="off", personal_roles=("tool",), secret_roles=("user",))
    rules = LeakRules(policy)
    text = f"ann@home.net 10.0.0.1 {JWT}"
    assert [leak.kind for leak in rules.find(text, "tool")] == ["ip_private"]
    assert [leak.kind for leak in rules.find(text, "user")] == ["jwt"]
    assert rules.find(text, "assistant") == []


def test_a_place_is_told_once():
    assert found("api_key=sk-abc123abc123abc123abc1") == [
        ("model_key", "sk-abc123abc123abc123abc1")
    ]


def test_what_is_shown_does_not_tell_the_rest():
    for text in ("AKIAIOSFODNN7EXAMPLE", "password=Tr0ub4dor&3", "ann@home.net", JWT,
                 "4242 4242 4242 4242", "DE89370400440532013000", "+49 30 901820100"):  # fmt: skip
        (leak,) = RULES.find(text, "assistant")
        hidden = text[leak.position :][: leak.length]
        shown = leak.masked.replace("…", "")
        assert len(shown) <= 4
        assert hidden not in leak.masked


HOSTILE = (
    "a", "a@", "a.", "@a.", "1", "1 ", "4-", "+1", "+1 .2", "eyJ", "eyJaaaaaaaa.", "-----BEGIN ",
    "password ", "password=", "A", "DE89 ", ":", "f:", "://a:", "1.", "a_pass", "sk-", "AKIA",
    "-----BEGIN PRIVATE KEY-----", "(212) ", "password:   ", "\N{GRINNING FACE}", "key is ",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_texts_come_to_an_end_and_leaks_are_bounded(unit):
    text = (unit * MAX_TEXT)[:MAX_TEXT]
    for role in ("assistant", "user"):
        leaks = RULES.find(text, role)
        assert len(leaks) <= 50
        assert all(0 <= leak.position < leak.position + leak.length <= MAX_TEXT for leak in leaks)


PATTERNS = [form.pattern for form in FORMS] + [_pattern(AWS), _pattern(MIXED)]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.pattern[:24])
def test_no_expression_repeats_without_a_bound_or_gives_back_much(pattern: re.Pattern[str]):
    """Read each repetition: none is open-ended, and what is not possessive is short."""
    without_sets = re.sub(r"\[(?:\\.|[^\]\\])*\]", "S", pattern.pattern)
    without_escapes = re.sub(r"\\.", "e", without_sets)
    assert not re.search(r"[*]|(?<![}?])\+(?![}])", without_escapes.replace("(?:", "("))
    for bound, possessive in re.findall(r"\{\d*,?(\d+)\}(\+?)", without_escapes):
        assert possessive or int(bound) <= 30
