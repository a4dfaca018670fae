from __future__ import annotations

import msgspec
import pytest

from config.conversations import ConversationPolicy, LeakPolicy, QualityPolicy
from processors.conversations.listen import assess, hear, hush, rest
from processors.conversations.memory import Memory, Remembered
from processors.conversations.quality import judge
from processors.conversations.sketch import plain, resemblance, sketch
from processors.conversations.verdicts import Ended, Stands
from streams.contracts.message import Message

BOT = "default/bot-1"
SECRET = "hush-4711!x"
TOPICS = (
    "the disk of node {} is full, so its log was rotated and compressed this morning",
    "queue {} grows since the deploy; two more workers are on their way to it now",
    "nobody has asked for report {} in a year, which is why it was not made again",
    "latency of shard {} fell by half after its index had been built from nothing",
)


def answer(n: int) -> str:
    return TOPICS[n % len(TOPICS)].format(n * 7919) + f" (step {n}, {n * n} of {n * 31})"


class Ear:
    """A memory, and a clock that moves a second for each message."""

    def __init__(self, policy: ConversationPolicy | None = None) -> None:
        self.memory = Memory(policy or ConversationPolicy())
        self.at = 1000.0

    def hear(self, text: str, conversation: str = "c", key: str = BOT, **fields: object):
        self.at += 1.0
        return hear(self.memory, key, Message(conversation, text, **fields), self.at)


def of_kind(told, kind):
    return [each.what for each in told if getattr(each.what, "kind", None) == kind]


def test_a_leak_stands_changes_with_a_new_kind_and_ends_when_it_is_quiet():
    ear = Ear()
    (raised,) = of_kind(ear.hear(f"password={SECRET}"), "leak")
    assert isinstance(raised, Stands)
    assert (raised.severity, raised.value, raised.drivers) == ("high", 1.0, ("password",))
    assert SECRET not in raised.summary
    assert "at 9 (11 characters" in raised.summary
    assert of_kind(ear.hear(f"again password={SECRET}"), "leak") == []
    (changed,) = of_kind(ear.hear("-----BEGIN PRIVATE KEY-----"), "leak")
    assert (changed.severity, changed.value) == ("critical", 3.0)
    assert changed.drivers == ("password", "private_key")
    assert rest(ear.memory, ear.at + 3599.0) == []
    assert of_kind(rest(ear.memory, ear.at + 3600.0), "leak") == [Ended("leak", "recovered")]
    assert not ear.memory.speakers


def test_the_same_again_stands_after_three_and_ends_after_three_others():
    ear = Ear()
    told = [ear.hear(answer(0) + f" at {n}") for n in range(4)]
    assert [len(of_kind(each, "repetition")) for each in told] == [0, 0, 0, 1]
    (raised,) = of_kind(told[3], "repetition")
    assert (raised.value, raised.high) == (3.0, 2.0)
    assert "conversation c" in raised.summary
    ends = [of_kind(ear.hear(answer(n)), "repetition") for n in (5, 6, 7)]
    assert ends == [[], [], [Ended("repetition", "recovered")]]


def test_other_conversations_and_short_answers_repeat_nothing():
    ear = Ear()
    for n in range(9):
        assert of_kind(ear.hear(answer(0), f"c{n}"), "repetition") == []
        assert of_kind(ear.hear("Yes, done."), "repetition") == []


def test_what_a_user_says_again_is_not_the_agents_repetition():
    ear = Ear()
    assert [t for n in range(9) for t in ear.hear(answer(0), role="user")] == []


def test_a_text_in_any_script_resembles_itself_with_a_few_words_changed():
    for text in ("диск узла семь заполнен, журнал сжат ", "第七个节点的磁盘已满日志已轮换。"):
        long = plain(text * 8 + "1 2 3")
        other = plain(text * 8 + "4 5 6 7")
        assert resemblance(sketch(long).sample, sketch(other).sample) >= 0.6
        assert resemblance(sketch(long).sample, sketch(plain(answer(3))).sample) < 0.2
        assert sketch(long).distinct < 0.3


def test_poor_answers_stand_with_hysteresis():
    ear = Ear()
    told = [of_kind(ear.hear(""), "low_quality") for _ in range(8)]
    assert [len(each) for each in told] == [0] * 7 + [1]
    assert (told[7][0].value, told[7][0].low) == (0.0, 0.5)
    good = [of_kind(ear.hear(answer(n)), "low_quality") for n in range(12)]
    ends = [n for n, each in enumerate(good) if each == [Ended("low_quality", "recovered")]]
    assert ends == [7]  # 1 - (7/8)^n passes 0.65 with the eighth


def test_silence_ends_what_nothing_more_is_known_of():
    ear = Ear(ConversationPolicy(idle_s=60.0))
    for _ in range(8):
        ear.hear("")
    for _ in range(4):
        ear.hear(answer(0))
    assert [e.what.kind for e in rest(ear.memory, ear.at + 59.0)] == []
    told = rest(ear.memory, ear.at + 60.0)
    assert of_kind(told, "repetition") == [Ended("repetition", "quiet")]
    assert of_kind(told, "low_quality") == [Ended("low_quality", "quiet")]
    assert not ear.memory.conversations
    assert not ear.memory.speakers
    assert ear.memory.due_from == float("inf")


@pytest.mark.parametrize(
    ("fields", "score", "faults"),
    [
        ({"text": "Well done."}, 1.0, ()),
        ({"text": " "}, 0.0, ("empty",)),
        ({"text": "", "finish": "tool_calls"}, 1.0, ()),
        ({"text": "x", "finish": "error"}, 0.0, ("failed",)),
        ({"text": "x", "finish": "content_filter"}, 0.3, ("refused",)),
        ({"text": "Das KANN ich nicht sagen"}, 0.3, ("refused",)),
        ({"text": "x", "finish": "length", "latency_ms": 60_000.0}, 0.3, ("truncated", "late")),
        ({"text": "x", "latency_ms": 5_000.0}, 1.0, ()),
        ({"text": "x", "latency_ms": 32_500.0}, 0.75, ("late",)),
    ],
)
def test_quality_is_what_each_fault_leaves(fields, score, faults):
    policy = QualityPolicy(refusals=["das kann ich nicht"])
    message = Message("c", **fields)
    assert judge(policy, message, plain(message.text), 1.0, repeated=False) == (score, faults)


def test_what_is_told_of_a_conversation_counts_since_it_began():
    ear = Ear()
    ear.hear("Where is it?", role="user", conversation="c-1")
    ear.hear(f"{answer(1)} password={SECRET}", "c-1", latency_ms=40.0, tokens=7, model="m")
    ear.hear("", "c-1", latency_ms=80.0, tokens=1, finish="error")
    (told,) = assess(ear.memory)
    assert told.key == BOT
    a = told.what
    assert (a.conversation_id, a.messages, a.answers, a.quality) == ("c-1", 3, 2, 0.5)
    assert (a.latency_ms, a.tokens, a.model) == (60.0, 8, "m")
    assert (a.faults, a.leaks) == ({"empty": 1, "failed": 1}, {"password": 1})
    assert SECRET not in msgspec.json.encode(a).decode()
    assert assess(ear.memory) == []


def test_memory_is_bounded_and_tells_of_what_it_forgets():
    ear = Ear(ConversationPolicy(max_conversations=10))
    told = [t for n in range(30) for t in ear.hear(answer(n), f"c{n}", f"default/b{n % 7}")]
    assert len(ear.memory.conversations) == 10
    assert [t.what.conversation_id for t in told] == [f"c{n}" for n in range(20)]
    for n in range(40):
        ear.hear(f"password={SECRET} {answer(n)}", "c29")
    kept = ear.memory.conversations[BOT, "c29"]
    assert (len(kept.samples), len(kept.evidence)) == (8, 20)
    assert max(map(len, kept.samples)) == 256


def test_a_dump_keeps_everything_but_the_text():
    ear = Ear()
    for n in range(12):
        ear.hear(f"{answer(n % 2)} password={SECRET}", f"c{n % 3}")
    ear.hear("", "c9", "default/z")
    dumped = msgspec.msgpack.encode(ear.memory.dump())
    assert SECRET.encode() not in dumped
    assert b"rotated" not in dumped
    other = Ear()
    other.memory.load(msgspec.msgpack.decode(dumped, type=Remembered))
    other.at = ear.at
    assert msgspec.msgpack.encode(other.memory.dump()) == dumped
    assert ear.hear(answer(1), "c0") == other.hear(answer(1), "c0")
    assert list(other.memory.conversations) == list(ear.memory.conversations)


def test_hushing_ends_whatever_may_stand():
    ear = Ear(ConversationPolicy(leaks=LeakPolicy()))
    ear.hear(f"password={SECRET}")
    assert Ended("leak", "superseded") in [told.what for told in hush(ear.memory)]
    assert not ear.memory.conversations
    assert not ear.memory.speakers
