"""Measure what is found in conversations: ``python -m tests.benchmarks.conversations``.

A corpus is made from a seed, with its ground truth: ordinary messages of many sorts (prose, logs,
code, tables, identifiers that only look like secrets) with and without one secret or personal
datum in them. Some are of forms that the rules do not know, and say so in their names: recall is
given with and without them. The corpus is made, so the figures are those of its forms; precision
on texts of another world must be measured there.
"""

from __future__ import annotations

import argparse
import random
import string
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from config.policy import default_policy
from processors.conversations.checks import luhn
from processors.conversations.leaks import LeakRules
from processors.conversations.sketch import plain, resemblance, sketch
from streams.contracts.message import MAX_TEXT

WORDS: Final = (
    "the", "a", "this", "that", "node", "queue", "disk", "worker", "log", "deploy", "index",
    "latency", "report", "shard", "request", "answer", "user", "team", "morning", "evening",
    "change", "value", "error", "budget", "house", "river", "train", "garden", "music", "letter",
    "number", "price", "order", "ticket", "version", "release", "branch", "test", "password",
    "secret", "token", "key", "account", "phone", "card", "address", "server", "is", "was", "has",
    "been", "grew", "fell", "moved", "asked", "answered", "restarted", "checked", "because",
    "while", "before", "after", "with", "without", "under", "over", "again", "never", "often",
    "slowly", "at", "on", "in", "of",
)  # fmt: skip
_ALNUM: Final = string.ascii_letters + string.digits
_FIRST: Final = ("ann", "bob", "chidi", "dana", "eve", "farid", "gita", "hugo", "ines", "jun")
_DOMAINS: Final = ("home.net", "corp.co.uk", "mail.de", "uni-x.edu", "shop.fr")
HARD: Final = frozenset({"email_spelt", "key_cut", "password_in_words", "iban_small"})
"""Forms that no rule knows."""


class Sample(NamedTuple):
    """One message, and what is in it: a kind and the datum, or nothing."""

    text: str
    kind: str
    datum: str


def corpus(count: int, seed: int = 1) -> list[Sample]:
    """Return `count` messages, half of them with one secret or personal datum."""
    drawn = random.Random(seed)
    kinds = sorted(MAKERS)
    samples = []
    for n in range(count):
        kind = kinds[n // 2 % len(kinds)] if n % 2 else ""
        datum = MAKERS[kind](drawn) if kind else ""
        samples.append(Sample(_message(drawn, datum), kind, datum))
    return samples


def _message(drawn: random.Random, datum: str) -> str:
    parts = [drawn.choice(ORDINARY)(drawn) for _ in range(drawn.randint(1, 5))]
    if datum:
        parts.insert(drawn.randint(0, len(parts)), datum)
    return drawn.choice((" ", "\n", ". ")).join(parts)


def _chars(drawn: random.Random, alphabet: str, count: int) -> str:
    return "".join(drawn.choices(alphabet, k=count))


def _prose(drawn: random.Random) -> str:
    return " ".join(drawn.choices(WORDS, k=drawn.randint(5, 40))).capitalize() + "."


def _log_line(drawn: random.Random) -> str:
    at = f"2026-{drawn.randint(1, 12):02}-{drawn.randint(1, 28):02}T{_clock(drawn)}Z"
    return f"{at} WARN node-{drawn.randint(1, 99)} took {drawn.random() * 900:.1f} ms"


def _clock(drawn: random.Random) -> str:
    return f"{drawn.randint(0, 23):02}:{drawn.randint(0, 59):02}:{drawn.randint(0, 59):02}"


def _code(drawn: random.Random) -> str:
    name = drawn.choice(WORDS)
    return drawn.choice(
        (
            f"def {name}(token: str, key=None) -> None: return {name}[{drawn.randint(0, 99)}:-1]",
            f"password = getpass(); {name} = os.environ['API_KEY']",
            f"std::map<int, {name}> m; m[{drawn.randint(0, 9)}] = a::b();",
            f"api_key: ${{{name.upper()}_KEY}}, password: <your-password>",
        )
    )


def _numbers(drawn: random.Random) -> str:
    return drawn.choice(
        (
            f"order {drawn.randint(10**9, 10**10)}, invoice {_not_a_card(drawn)}",
            f"v{drawn.randint(0, 9)}.{drawn.randint(0, 30)}.{drawn.randint(0, 30)}-rc1",
            f"ratio {drawn.randint(1, 9)}:{drawn.randint(1, 9)}, {drawn.randint(1, 99)} %, 3.14159",
            f"ISBN 978-{drawn.randint(1, 9)}-{drawn.randint(10, 99)}-{drawn.randint(10**5, 10**6)}",
            f"population {drawn.randint(1, 999)},{drawn.randint(100, 999)},413",
            f"{drawn.randint(1, 28)}.{drawn.randint(1, 12)}.2026, {_clock(drawn)}",
        )
    )


def _not_a_card(drawn: random.Random) -> str:
    digits = "4" + _chars(drawn, string.digits, 15)
    return digits if not luhn(digits) else _not_a_card(drawn)


def _identifiers(drawn: random.Random) -> str:
    hexes = "0123456789abcdef"
    parts = "-".join(_chars(drawn, hexes, n) for n in (8, 4, 4, 4, 12))
    return drawn.choice(
        (f"commit {_chars(drawn, hexes, 40)}", f"id {parts}", f"sha256:{_chars(drawn, hexes, 64)}",
         f"see https://docs.example.org/{drawn.choice(WORDS)}?page={drawn.randint(1, 99)}#top",
         f"@{drawn.choice(_FIRST)} wrote to someone@example.com about 127.0.0.1:8080")
    )  # fmt: skip


ORDINARY: Final = (_prose, _prose, _prose, _log_line, _code, _numbers, _identifiers)


def _card(drawn: random.Random) -> str:
    digits = drawn.choice(("4", "51", "37")) + _chars(drawn, string.digits, 13)
    digits = digits[: 14 if digits.startswith("37") else 15].ljust(15, "7")
    digits = digits[:14] if digits.startswith("37") else digits
    last = next(d for d in string.digits if luhn(digits + d))
    whole = digits + last
    return whole if drawn.random() < 0.5 else " ".join(whole[i : i + 4] for i in range(0, 16, 4))


def _iban(drawn: random.Random) -> str:
    own = _chars(drawn, string.digits, 18)
    check = 98 - int("".join(str(int(c, 36)) for c in f"{own}DE00")) % 97
    whole = f"DE{check:02}{own}"
    return whole if drawn.random() < 0.5 else " ".join(whole[i : i + 4] for i in range(0, 22, 4))


def _email(drawn: random.Random) -> str:
    return f"{drawn.choice(_FIRST)}.{drawn.choice(WORDS)}@{drawn.choice(_DOMAINS)}"


def _password(drawn: random.Random) -> str:
    value = _chars(drawn, _ALNUM + "!$%&*-_", drawn.randint(8, 20)) + "7a"
    how = drawn.choice(('password="{}"', "PASSWORD={}", "passwd: {}", "https://me:{}@host/x"))
    return how.format(value)


def _jwt(drawn: random.Random) -> str:
    body = (_chars(drawn, _ALNUM + "-_", n) for n in (34, 80, 43))
    return "eyJ" + ".".join(body)


MAKERS: Final[dict[str, Callable[[random.Random], str]]] = {
    "aws_access_key": lambda d: "AKIA" + _chars(d, string.ascii_uppercase + string.digits, 16),
    "credit_card": _card,
    "email": _email,
    "email_spelt": lambda d: f"{d.choice(_FIRST)} at {d.choice(_DOMAINS)}",
    "github_token": lambda d: "ghp_" + _chars(d, _ALNUM, 36),
    "google_api_key": lambda d: "AIza" + _chars(d, _ALNUM + "-_", 35),
    "iban": _iban,
    "iban_small": lambda d: _iban(d).lower(),
    "ip_private": lambda d: f"10.{d.randint(0, 255)}.{d.randint(0, 255)}.{d.randint(1, 254)}",
    "ip_public": lambda d: f"8.{d.randint(0, 255)}.{d.randint(0, 255)}.{d.randint(1, 254)}",
    "jwt": _jwt,
    "key_cut": lambda d: f"AKIA{_chars(d, string.ascii_uppercase, 8)}\n{_chars(d, _ALNUM, 8)}",
    "model_api_key": lambda d: "sk-" + _chars(d, _ALNUM + "-_", 48),
    "password": _password,
    "password_in_words": lambda d: f"the word to get in is {d.choice(WORDS)} {d.choice(WORDS)}",
    "phone": lambda d: f"+49 {d.randint(100, 999)} {d.randint(10**6, 10**7)}",
    "private_key": lambda d: f"-----BEGIN PRIVATE KEY-----\n{_chars(d, _ALNUM, 64)}\n",
    "slack_token": lambda d: "xoxb-" + _chars(d, _ALNUM + "-", 50),
}  # fmt: skip


class Measured(NamedTuple):
    """Counts by kind: what was there, found of it, and what was found where it was not."""

    there: Counter[str]
    found: Counter[str]
    false: Counter[str]
    ordinary: int
    alarmed: int

    @property
    def precision(self) -> float:
        """Share of what was found that was there."""
        found = sum(self.found.values())
        return found / (found + sum(self.false.values()))

    def recall(self, *, hard: bool) -> float:
        """Share of what was there that was found, with or without forms that no rule knows."""
        kinds = [kind for kind in self.there if hard or kind not in HARD]
        return sum(self.found[kind] for kind in kinds) / sum(self.there[kind] for kind in kinds)


def measure(samples: list[Sample]) -> Measured:
    """Search every message, and hold what is found against what is there."""
    rules = LeakRules(default_policy().surveillance.conversations.leaks)
    m = Measured(Counter(), Counter(), Counter(), sum(not s.kind for s in samples), 0)
    alarmed = 0
    for sample in samples:
        leaks = rules.find(sample.text, "assistant")
        m.there.update([sample.kind] if sample.kind else [])
        start = sample.text.find(sample.datum)
        hits = {leak.kind for leak in leaks if start <= leak.position < start + len(sample.datum)}
        m.found.update([sample.kind] if sample.kind in hits else [])
        m.false.update(
            leak.kind
            for leak in leaks
            if leak.kind != sample.kind or not start <= leak.position < start + len(sample.datum)
        )
        alarmed += bool(leaks) and not sample.kind
    return m._replace(alarmed=alarmed)


def alarms_in(paths: Iterable[Path]) -> tuple[int, Counter[str]]:
    """Return how many paragraphs the files at `paths` have, and what is found in them, by kind."""
    rules = LeakRules(default_policy().surveillance.conversations.leaks)
    paragraphs = [part for path in paths for part in path.read_text("utf-8").split("\n\n")]
    found = (leak.kind for part in paragraphs for leak in rules.find(part[:MAX_TEXT], "assistant"))
    return len(paragraphs), Counter(found)


def said_again(count: int, changed: float, seed: int = 1) -> float:
    """Return the share of answers that pass for repetitions with that share of words changed."""
    drawn, passed = random.Random(seed), 0
    for _ in range(count):
        words = drawn.choices(WORDS, k=60)
        other = [drawn.choice(WORDS) if drawn.random() < changed else word for word in words]
        a, b = (sketch(plain(" ".join(each))).sample for each in (words, other))
        passed += (
            resemblance(a, b) >= default_policy().surveillance.conversations.repetition.similarity
        )
    return passed / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("texts", nargs="*", type=Path, help="files in which nothing leaks")
    asked = parser.parse_args()
    samples = corpus(asked.count, asked.seed)
    began = time.process_time()
    m = measure(samples)
    spent = time.process_time() - began
    print(f"{'kind':<20}{'there':>8}{'found':>8}{'false':>8}")
    for kind in sorted(m.there | m.false):
        mark = " (no rule knows it)" if kind in HARD else ""
        print(f"{kind:<20}{m.there[kind]:>8}{m.found[kind]:>8}{m.false[kind]:>8}{mark}")
    print(f"precision {m.precision:.4f}, recall {m.recall(hard=False):.4f} of known forms,")
    print(f"{m.recall(hard=True):.4f} of all; ordinary messages with an alarm:", end=" ")
    print(f"{m.alarmed} of {m.ordinary} ({m.alarmed / m.ordinary:.2%})")
    size = sum(len(sample.text) for sample in samples) / len(samples)
    print(f"{1e6 * spent / len(samples):.0f} us a message of {size:.0f} characters")
    for changed in (0.0, 0.02, 0.05, 0.1, 0.3, 1.0):
        print(f"said again with {changed:.0%} of 60 words changed: {said_again(400, changed):.1%}")
    if asked.texts:
        print("{} paragraphs of the texts given: {}".format(*alarms_in(asked.texts)))


if __name__ == "__main__":
    main()
