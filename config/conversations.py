"""What is looked for in the conversations of AI agents, as data."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from config.quantities import Amount, Duration, Many, PolicyPart, Share

MOST_TOKENS: Final = 100
_NAME: Final = r"^[a-z][a-z0-9_]{0,63}$"
_PREFIX: Final = r"^[\x21-\x7e]{2,64}$"

Severity = Literal["off", "info", "warning", "high", "critical", "emergency"]
Role = Literal["assistant", "user", "tool", "system"]
Alphabet = Literal["digits", "hex", "upper_alphanumeric", "alphanumeric", "url_safe", "dotted"]
Length = Annotated[int, msgspec.Meta(ge=4, le=512)]


class TokenForm(PolicyPart, frozen=True, kw_only=True):
    """What a kind of key looks like: a prefix, then characters of one alphabet.

    No regular expression: whatever a policy says, a text is searched in linear time.

    Parameters
    ----------
    name : str
        The kind that findings give it.
    prefixes : list of str
        It begins with one of these; they are public, and shown in evidence.
    alphabet : str
        What follows is made of: ``digits``, ``hex``, ``upper_alphanumeric``, ``alphanumeric``,
        ``url_safe`` (also ``-`` and ``_``) or ``dotted`` (also ``.``).
    minimum, maximum : int
        How many characters follow; with more, it is something else.
    mixed : bool
        Whether a letter and a digit must be among them: tells keys from words.
    severity : str
        Of the finding; ``off`` looks for none.
    """

    name: Annotated[str, msgspec.Meta(pattern=_NAME)]
    prefixes: Annotated[
        list[Annotated[str, msgspec.Meta(pattern=_PREFIX)]],
        msgspec.Meta(min_length=1, max_length=16),
    ]
    alphabet: Alphabet = "alphanumeric"
    minimum: Length
    maximum: Length
    mixed: bool = False
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        """Refuse a length that nothing can have."""
        if self.minimum > self.maximum:
            detail = f"minimum is {self.minimum}, above maximum {self.maximum}, in {self.name}"
            raise ValueError(detail)


class LeakPolicy(PolicyPart, frozen=True, kw_only=True):
    """What must not be said, by whom, and how bad it is.

    Parameters
    ----------
    private_key, jwt, password, email, phone, iban, credit_card, ip_public, ip_private : str
        Severity of each form that has a rule of its own (`processors.conversations.forms`);
        ``off`` looks for none.
    tokens : list of TokenForm
        Keys of well-known forms, and one's own.
    secret_roles : tuple of str
        In whose messages secrets are leaks: keys, tokens, passwords.
    personal_roles : tuple of str
        In whose messages personal data and addresses are leaks.
    quiet_s : float
        A finding ends when nothing leaked for so long, in seconds.
    """

    private_key: Severity = "critical"
    jwt: Severity = "high"
    password: Severity = "high"  # noqa: S105 - the severity of one that is told
    email: Severity = "warning"
    phone: Severity = "warning"
    iban: Severity = "high"
    credit_card: Severity = "high"
    ip_public: Severity = "info"
    ip_private: Severity = "info"
    tokens: Annotated[list[TokenForm], msgspec.Meta(max_length=MOST_TOKENS)] = []
    secret_roles: tuple[Role, ...] = ("assistant", "tool", "user", "system")
    personal_roles: tuple[Role, ...] = ("assistant",)
    quiet_s: Duration = 3600.0

    def __post_init__(self) -> None:
        """Refuse a token that is called like another, or like a form: one severity would win."""
        taken = set(self.__struct_fields__)
        for token in self.tokens:
            if token.name in taken:
                raise ValueError(
                    f"tokens: name is {token.name!r}, which is taken; give each its own"
                )
            taken.add(token.name)


class RepetitionPolicy(PolicyPart, frozen=True, kw_only=True):
    """When an agent says the same again.

    Parameters
    ----------
    similarity : float
        Resemblance (0-1) to one of the last eight answers from which an answer is a repetition.
    minimum_characters : int
        Shorter answers may be said again: yes, done, thank you.
    raise_after, end_after : int
        Repetitions in a row that raise the finding, and other answers in a row that end it.
    """

    similarity: Share = 0.8
    minimum_characters: Many = 40
    raise_after: Many = 3
    end_after: Many = 3


class QualityPolicy(PolicyPart, frozen=True, kw_only=True):
    """When answers are poor; the score is that of `processors.conversations.quality`.

    Parameters
    ----------
    raise_below, end_above : float
        The finding is raised below the one, and ends above the other (0-1).
    minimum_answers : int
        Nothing is said of an agent before so many.
    latency_good_ms, latency_bad_ms : float
        Up to the first an answer is not late; from the second on that halves its score.
    refusals : list of str
        How answers begin that refuse, in any language, whatever the case.
    """

    raise_below: Share = 0.5
    end_above: Share = 0.65
    minimum_answers: Many = 8
    latency_good_ms: Amount = 5_000.0
    latency_bad_ms: Amount = 60_000.0
    refusals: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=4, max_length=100)]],
        msgspec.Meta(max_length=100),
    ] = []

    def __post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        if self.raise_below > self.end_above:
            detail = f"raise_below is {self.raise_below}, above end_above {self.end_above}"
            raise ValueError(detail)
        if self.latency_good_ms >= self.latency_bad_ms:
            detail = f"latency_good_ms is {self.latency_good_ms}; use less than latency_bad_ms"
            raise ValueError(detail)


class ConversationPolicy(PolicyPart, frozen=True, kw_only=True):
    """How the conversations of AI agents are watched.

    Parameters
    ----------
    enabled : bool
        Whether they are judged at all.
    leaks : LeakPolicy
        Secrets and personal data.
    repetition : RepetitionPolicy
        The same again.
    quality : QualityPolicy
        Poor answers.
    idle_s : float
        A conversation is forgotten, and what stood because of it ends, after so many seconds
        without a message.
    max_conversations : int
        Kept in memory for each partition; beyond it the one that was silent longest is forgotten.
    """

    enabled: bool = True
    leaks: LeakPolicy = LeakPolicy()
    repetition: RepetitionPolicy = RepetitionPolicy()
    quality: QualityPolicy = QualityPolicy()
    idle_s: Duration = 3600.0
    max_conversations: Many = 5_000
