"""Messages of conversations on the wire: refused by field, and never quoted."""

from __future__ import annotations

import base64

import msgspec
import pytest

from processors.dead_letters import dead_letter
from streams.contracts.errors import ContractError, MalformedRecord
from streams.contracts.message import FINISHES, MAX_TEXT, Message, without_message
from streams.contracts.record import Record
from streams.contracts.telemetry import MAX_BYTES, Heartbeat, decode_heartbeat, encode_heartbeat

SECRET = "hush-not-to-be-seen"
LEAST = {"conversation_id": "c-17", "text": SECRET}


def record(message: object, **fields: object) -> bytes:
    beat = {"agent_id": "bot-1", "metrics": {}, "message": message, **fields}
    return msgspec.json.encode(beat)


def test_the_least_that_is_valid_says_who_spoke_where():
    message = decode_heartbeat(record(LEAST)).message
    assert message == Message("c-17", SECRET, role="assistant")


def test_a_message_comes_through_encoding():
    message = Message("c", "ä", "user", "stop", 12.5, 7, "mistral:7b")
    heartbeat = Heartbeat("bot-1", {}, message=message)
    assert decode_heartbeat(encode_heartbeat(heartbeat)) == heartbeat


def test_the_longest_text_fits_into_a_record_in_any_script():
    text = "\N{GRINNING FACE}" * MAX_TEXT
    value = encode_heartbeat(Heartbeat("b" * 200, {}, message=Message("c" * 128, text)))
    assert len(value) <= MAX_BYTES
    assert decode_heartbeat(value).message == Message("c" * 128, text)


@pytest.mark.parametrize(
    ("message", "field", "remedy"),
    [
        ({"text": SECRET}, "message.conversation_id", "it is required"),
        ({"conversation_id": "c"}, "message.text", "it is required"),
        (LEAST | {"text": [SECRET]}, "message.text", "give a text"),
        (LEAST | {"text": SECRET + "x" * MAX_TEXT}, "message.text", "at most 16000"),
        (LEAST | {"conversation_id": f"{SECRET}@home"}, "message.conversation_id", "use 1 to 128"),
        (LEAST | {"conversation_id": ""}, "message.conversation_id", "use 1 to 128"),
        (LEAST | {"role": SECRET}, "message.role", "use one of assistant, user"),
        (LEAST | {"finish": SECRET}, "message.finish", FINISHES[0]),
        (LEAST | {"model": f"{SECRET} "}, "message.model", "use 1 to 128"),
        (LEAST | {"latency_ms": -1}, "message.latency_ms", "from 0"),
        (LEAST | {"latency_ms": SECRET}, "message.latency_ms", "a finite number"),
        (LEAST | {"tokens": -1}, "message.tokens", "from 0"),
        (LEAST | {"tokens": 1.5}, "message.tokens", "an integer"),
        (SECRET, "message", "an object with conversation_id"),
        ([SECRET], "message", "an object with conversation_id"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy_and_never_quoted(message, field, remedy):
    with pytest.raises(ContractError) as caught:
        decode_heartbeat(record(message))
    assert caught.value.detail.startswith(f"{field} is ")
    assert remedy in caught.value.detail
    assert SECRET not in caught.value.detail


@pytest.mark.parametrize(
    "value",
    [
        record(LEAST, metrics={"q": "x"}),
        record(LEAST)[:-1],
        record(LEAST).replace(b'"message"', b'"mes\\u0073age"'),
        msgspec.json.encode({"message": LEAST, "agent_id": "bot-1"}),
    ],
    ids=["another field is wrong", "cut", "escaped", "first"],
)
def test_a_dead_letter_ends_where_a_message_begins(value):
    letter = dead_letter(Record("telemetry", 0, 1, 1.0, None, value), MalformedRecord("r", "d"))
    kept = base64.b64decode(letter.data.value)
    assert SECRET.encode() not in kept
    assert value.startswith(kept)
    assert letter.data.truncated


def test_what_carries_no_message_is_kept_whole():
    for value in (b'{"agent_id":"a\\u0041","metrics":1}', b"", b"\\u", b"[1]"):
        assert without_message(value) == (value, False)
