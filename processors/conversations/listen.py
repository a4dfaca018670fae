"""What follows from a message, and what follows when none comes."""

from __future__ import annotations

from collections.abc import Iterator

from processors.conversations.memory import (
    ANSWERS_KEPT,
    EVIDENCE_KEPT,
    Conversation,
    Memory,
    Name,
    Speaker,
)
from processors.conversations.quality import circles, faded, judge
from processors.conversations.sketch import plain, resemblance, sketch
from processors.conversations.verdicts import (
    KINDS,
    LEAK,
    LOW_QUALITY,
    REPETITION,
    Ended,
    Told,
    leaked,
    poor,
    repeating,
)
from streams.contracts.events.conversation import LeakSeen
from streams.contracts.message import Message


def hear(memory: Memory, key: str, message: Message, at: float) -> list[Told]:
    """Fold what the agent called `key`, or somebody to it, said at `at`; return what follows.

    Time must not run backwards from call to call.
    """
    conversation = _conversation(memory, (key, message.conversation_id), at)
    speaker = memory.speakers.setdefault(key, Speaker(at))
    speaker.last_at = at
    told = _leaks(memory, key, speaker, conversation, message, at)
    if message.role == "assistant":
        told += _answer(memory, key, speaker, conversation, message)
    memory.due_from = min(memory.due_from, at + memory.policy.idle_s, _quiet_at(memory, speaker))
    while len(memory.conversations) > memory.policy.max_conversations:
        told += _forget(memory, next(iter(memory.conversations)))
    return told


def rest(memory: Memory, now: float) -> list[Told]:
    """Return what ends because nothing was said for long enough."""
    if now < memory.due_from:
        return []
    told: list[Told] = []
    until = now - memory.policy.idle_s
    for name in [n for n, each in memory.conversations.items() if each.last_at <= until]:
        told += _forget(memory, name)
    for key in sorted(memory.speakers):
        told += _quieten(memory, key, until, now)
    memory.due_from = min(filter(lambda due: due > now, _deadlines(memory)), default=float("inf"))
    return told


def assess(memory: Memory) -> list[Told]:
    """Return each conversation in which something was said since the last time."""
    told = []
    for (key, name), each in sorted(memory.conversations.items()):
        if each.news:
            each.news = False
            told.append(Told(key, each.assessed(name)))
    return told


def hush(memory: Memory) -> list[Told]:
    """Forget everything; return what stood and is judged no longer."""
    told = [
        Told(key, Ended(kind, "superseded")) for key in sorted(memory.speakers) for kind in KINDS
    ]
    memory.conversations.clear()
    memory.speakers.clear()
    return told


def _conversation(memory: Memory, name: Name, at: float) -> Conversation:
    """Return the conversation, now the one that was silent for the shortest time."""
    found = memory.conversations.pop(name, None) or Conversation(at, at)
    memory.conversations[name] = found
    found.last_at, found.news = at, True
    found.messages += 1
    return found


def _leaks(
    memory: Memory,
    key: str,
    speaker: Speaker,
    conversation: Conversation,
    message: Message,
    at: float,
) -> list[Told]:
    leaks = memory.rules.find(message.text, message.role)
    for leak in leaks:
        conversation.leaks[leak.kind] = conversation.leaks.get(leak.kind, 0) + 1
        place = leak.position, leak.length, leak.masked
        conversation.evidence.append(LeakSeen(leak.kind, message.role, at, *place))
    del conversation.evidence[:-EVIDENCE_KEPT]
    return leaked(key, speaker, message, leaks, at) if leaks else []


def _answer(
    memory: Memory, key: str, speaker: Speaker, conversation: Conversation, message: Message
) -> list[Told]:
    policy, text = memory.policy, plain(message.text)
    brief = sketch(text)
    long_enough = len(text) >= policy.repetition.minimum_characters
    repeated = long_enough and any(
        resemblance(brief.sample, earlier) >= policy.repetition.similarity
        for earlier in conversation.samples
    )
    distinct = circles(brief.distinct, brief.shingles)
    answer = judge(policy.quality, message, text, distinct, repeated=repeated)
    conversation.answers += 1
    conversation.score += answer.score
    for fault in answer.faults:
        conversation.faults[fault] = conversation.faults.get(fault, 0) + 1
    _measure(conversation, message)
    told = _quality(memory, key, speaker, answer.score, answer.faults)
    if long_enough:
        conversation.samples.append(brief.sample)
        del conversation.samples[:-ANSWERS_KEPT]
        told += _repetition(memory, key, speaker, conversation, message, repeated=repeated)
    return told


def _measure(conversation: Conversation, message: Message) -> None:
    if message.latency_ms is not None:
        conversation.latencies += 1
        conversation.latency_ms += message.latency_ms
    conversation.tokens += message.tokens or 0
    conversation.model = message.model or conversation.model


def _quality(
    memory: Memory, key: str, speaker: Speaker, score: float, faults: tuple[str, ...]
) -> list[Told]:
    policy = memory.policy.quality
    speaker.answers += 1
    speaker.quality = faded(speaker.quality, score, speaker.answers)
    if speaker.poor:
        if speaker.quality <= policy.end_above:
            return []
        speaker.poor = False
        return [Told(key, Ended(LOW_QUALITY, "recovered"))]
    if speaker.answers < policy.minimum_answers or speaker.quality >= policy.raise_below:
        return []
    speaker.poor = True
    return [poor(key, speaker, policy.raise_below, faults, speaker.last_at)]


def _repetition(
    memory: Memory,
    key: str,
    speaker: Speaker,
    conversation: Conversation,
    message: Message,
    *,
    repeated: bool,
) -> list[Told]:
    policy, c = memory.policy.repetition, conversation
    c.repeats, c.others = (c.repeats + 1, 0) if repeated else (0, c.others + 1)
    if c.repeating and c.others >= policy.end_after:
        return _ceased(key, speaker, c, message.conversation_id, "recovered")
    if c.repeating or c.repeats < policy.raise_after:
        return []
    c.repeating = True
    speaker.repeating.append(message.conversation_id)
    if len(speaker.repeating) > 1:
        return []
    return [repeating(key, message.conversation_id, c.repeats, policy.raise_after, c.last_at)]


def _ceased(
    key: str, speaker: Speaker, conversation: Conversation, name: str, reason: str
) -> list[Told]:
    conversation.repeating = False
    speaker.repeating.remove(name)
    return [] if speaker.repeating else [Told(key, Ended(REPETITION, reason))]


def _forget(memory: Memory, name: Name) -> list[Told]:
    """Forget a conversation; what was not told of it yet is told now."""
    key, conversation_id = name
    each = memory.conversations.pop(name)
    told = [Told(key, each.assessed(conversation_id))] if each.news else []
    if each.repeating:
        told += _ceased(key, memory.speakers[key], each, conversation_id, "quiet")
    return told


def _deadlines(memory: Memory) -> Iterator[float]:
    for conversation in memory.conversations.values():
        yield conversation.last_at + memory.policy.idle_s
    for speaker in memory.speakers.values():
        yield speaker.last_at + memory.policy.idle_s
        yield _quiet_at(memory, speaker)


def _quieten(memory: Memory, key: str, until: float, now: float) -> list[Told]:
    speaker, told = memory.speakers[key], []
    if _quiet_at(memory, speaker) <= now:
        speaker.leaks, speaker.severity = {}, ""
        told.append(Told(key, Ended(LEAK, "recovered")))
    if speaker.last_at > until:
        return told
    if speaker.poor:
        speaker.poor = False
        told.append(Told(key, Ended(LOW_QUALITY, "quiet")))
    if not speaker.leaks:
        del memory.speakers[key]
    return told


def _quiet_at(memory: Memory, speaker: Speaker) -> float:
    """Return when a standing leak ends, if nothing more leaks."""
    return speaker.leaked_at + memory.policy.leaks.quiet_s if speaker.leaks else float("inf")
