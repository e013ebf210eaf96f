"""What may be shown of a message on the wire: no key, no password, no audio, however it is put."""

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.inworld.redaction import Redactor
from fourwire.settings import Secret
from fourwire.wire_redaction import frame_shown, sip_shown

R = "[redacted]"
KEY = "Zm91cndpcmU6YS1rZXktb2YtYS10ZXN0"
INVITE = (
    b"INVITE sip:+15551234567@gw.example:5060;line=7f7f7f SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 203.0.113.7:5060;branch=z9hG4bK776asdhds\r\n"
    b'From: "+49 30 1234567" <sip:+49301234567@203.0.113.7>;tag=1234567890\r\n'
    b"To: <sip:+15551234567@gw.example>\r\n"
    b"Call-ID: a84b4c76e66710\r\n"
    b"CSeq: 1 INVITE\r\n"
    b'Authorization: Digest username="ada",\r\n response="00112233445566778899aabbccddeeff"\r\n'
    b"X-Api-Key: topsecretvalue\r\n"
    b"Contact: <sip:ada:hunter2@203.0.113.7>\r\n"
    b"Content-Type: application/sdp\r\n\r\n"
    b"v=0\r\no=- 1 1 IN IP4 203.0.113.7\r\nm=audio 4000 RTP/SAVP 0\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20\r\n"
    b"k=base64:c2VjcmV0\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\na=sendrecv\r\n"
)


def test_a_sip_message_is_shown_without_what_opens_anything() -> None:
    shown = sip_shown(INVITE)
    hidden = ("00112233", "topsecretvalue", "hunter2", "d0RmdmcmV", "c2VjcmV0", "asd88", "7f7f7f")
    assert [word for word in hidden if word in shown] == []
    kept = ("+15551234567", "203.0.113.7:5060", "a84b4c76e66710", "m=audio 4000", "a=sendrecv")
    assert [word for word in kept if word not in shown] == []


def test_without_numbers_only_their_last_digits_are_shown_and_addresses_stay() -> None:
    shown = sip_shown(INVITE, numbers=False)
    assert "301234567" not in shown
    assert "5551234567" not in shown
    assert "1234567>" not in shown
    assert "567@203.0.113.7" in shown
    assert "Via: SIP/2.0/UDP 203.0.113.7:5060" in shown
    assert "Call-ID: a84b4c76e66710" in shown


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Digest x={}",
        "authorization : Digest x={}",
        "PROXY-AUTHORIZATION:Digest x={}",
        "Proxy-Authorization: Digest a=b,\r\n\t x={}",
        "Authentication-Info: nextnonce={}",
        "X-Auth-Token: {}",
        "X-Session-Key: {}",
        "Cookie: {}",
        "Contact: <sip:ada:{}@h>",
        "X-Any: inline:{}",
    ],
)
def test_a_header_that_holds_a_key_is_not_shown_however_it_is_written(header: str) -> None:
    hidden = "kJ8sV2pQ9xYzTb"
    message = f"OPTIONS sip:h SIP/2.0\r\nVia: x\r\n{header.format(hidden)}\r\n\r\n"
    assert hidden not in sip_shown(message.encode())


NOISE = st.sampled_from(["", " ", "\t", "\r\n ", "\r\n\t "])
"""What may stand between the parts of a header (RFC 3261 §7.3.1)."""

OPENING = st.sampled_from(
    [
        "Authorization{0}:{1}Digest username=a,{2}response={S}",
        "Proxy-Authorization{0}:{1}Basic{2} {S}",
        "X-Any{0}:{1}Bearer{2} {S}",
        "Subject:{1}an Authorization:{2} Digest response={S}",
        "\0Authorization: Digest response={S}",
        "X-Caller-PIN{0}:{1}{S}",
        "Contact{0}:{1}<sip:we@192.0.2.1;{2}line{2}={1}{S};x=1>",
        'Contact:{1}<sip:we@192.0.2.1>;{2}line{2}={1}"a;b {S}"',
        "Refer-To:{1}<sip:a@b?Contact=%3Csip:we%40h%3Bline%3D{S}%3E>",
        "Contact:{1}<sip:a;b=c:{S}@h>",
        "X-Any:{1}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{1}{S}",
    ]
)
"""Headers that hold what opens a door."""

OPENING_LINES = st.sampled_from(
    [
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{S}|2^20",
        "a=crypto:9 A_SUITE_OF_THE_FUTURE {S}",
        " a=crypto:1 AES_CM_128_HMAC_SHA1_80 {S}",
        "a= crypto:1 AES_CM_128_HMAC_SHA1_80 {S}",
        "a=key-mgmt:mikey {S}",
        "a=ice-pwd:{S}",
        "k=clear:{S}",
        "Authorization: Digest response={S}",
        "X-Api-Key: {S}",
        "<password>{S}</password>",
    ]
)
"""Lines of a body that hold it."""

ENDS = st.sampled_from(["\r\n", "\n", "\r"])


@given(
    header=OPENING,
    line=OPENING_LINES,
    noise=st.tuples(NOISE, NOISE, NOISE),
    end=ENDS,
    kind=st.sampled_from(["application/sdp", "multipart/mixed", "message/sipfrag", "text/xml"]),
    numbers=st.booleans(),
    upper=st.booleans(),
    key=st.text("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ", min_size=16, max_size=40),
)
def test_what_opens_a_door_never_shows_however_it_is_written(
    header: str,
    line: str,
    noise: tuple[str, str, str],
    end: str,
    kind: str,
    numbers: bool,
    upper: bool,
    key: str,
) -> None:
    if upper:
        header, line = header.upper(), line.upper()
    name, first, second = noise
    field = header.replace("{0}", name.strip("\r\n")).replace("{1}", first).replace("{2}", second)
    lines = ["REGISTER sip:h SIP/2.0", "Via: x", f"Content-Type: {kind}", field, "", "v=0", line]
    message = end.join(each.replace("{S}", key) for each in lines)
    assert key not in sip_shown(message.encode(), numbers=numbers)


@pytest.mark.parametrize("part", ["sip:a:", "a@sip:b:", ";line=", "sip:", "digest ", "1.", "; "])
def test_a_long_message_that_means_harm_takes_no_longer_than_any_other(part: str) -> None:
    message = f"OPTIONS sip:h SIP/2.0\r\nFrom: {part * (60_000 // len(part))}\r\n\r\n".encode()
    began = time.process_time()
    assert isinstance(sip_shown(message, numbers=False), str)
    assert time.process_time() - began < 5, "its time grows faster than the message"


def test_what_helps_to_find_a_fault_is_still_shown() -> None:
    challenge = b'SIP/2.0 401 Who?\r\nWWW-Authenticate: Digest realm="pbx", algorithm=MD5\r\n\r\n'
    assert 'Digest realm="pbx", algorithm=MD5' in sip_shown(challenge)
    notify = b"NOTIFY sip:h SIP/2.0\r\nc: message/sipfrag\r\n\r\nSIP/2.0 486 Busy Here\r\nX: y"
    assert sip_shown(notify).endswith("SIP/2.0 486 Busy Here\n<4 characters>")


def test_keys_that_a_caller_typed_are_told_by_their_length() -> None:
    message = (
        b"INFO sip:h SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=4\r\nDuration=9"
    )
    shown = sip_shown(message)
    assert "Signal" not in shown
    assert "bytes>" in shown


@given(st.binary(max_size=300))
def test_any_bytes_can_be_shown(data: bytes) -> None:
    assert isinstance(sip_shown(data), str)
    assert isinstance(sip_shown(b"SIP/2.0 200 OK\r\n" + data, numbers=False), str)
    msgspec.json.encode(frame_shown(data, str))


@given(prefix=st.text(max_size=40), suffix=st.text(max_size=40), numbers=st.booleans())
def test_a_secret_of_the_process_never_shows_in_sip(
    prefix: str, suffix: str, numbers: bool
) -> None:
    Secret("KEY", KEY)
    text = f"OPTIONS sip:{KEY}@h SIP/2.0\r\nX: {prefix}{KEY}{suffix}\r\n\r\n{prefix}{KEY}{suffix}"
    assert KEY not in sip_shown(text.encode("utf-8", "replace"), numbers=numbers)


def jsons(leaf: str) -> st.SearchStrategy[Any]:
    """Any JSON object with `leaf` somewhere in it, in a key or a value."""
    words = st.text(max_size=12)
    placed = st.builds(lambda a, b: f"{a}{leaf}{b}", words, words)
    leaves = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | words
    inner = st.recursive(
        leaves | placed,
        lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(words, deeper, max_size=3),
        max_leaves=8,
    )
    return st.builds(
        lambda some, at, hidden: {**some, at: hidden, hidden: at},
        st.dictionaries(words, inner, max_size=3),
        words,
        placed,
    )


@given(jsons(KEY), st.booleans(), st.booleans())
def test_a_key_never_shows_in_a_frame_wherever_it_stands_and_however_it_is_escaped(
    value: Any, escaped: bool, text: bool
) -> None:
    frame = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "replace")
    if escaped:
        frame = frame.replace(
            KEY[:4].encode(), "".join(f"\\u{ord(c):04x}" for c in KEY[:4]).encode()
        )
    clean = Redactor([KEY]).text
    assert KEY not in json.dumps(frame_shown(frame, clean, text=text))


@pytest.mark.parametrize(
    ("frame", "shown"),
    [
        (
            {"type": "response.output_audio.delta", "delta": "UklGRg=="},
            {"type": "response.output_audio.delta", "delta": "<8 characters of audio>"},
        ),
        (
            {"type": "input_audio_buffer.append", "audio": "AAAA"},
            {"type": "input_audio_buffer.append", "audio": "<4 characters of audio>"},
        ),
        (
            {"type": "response.output_audio_transcript.delta", "delta": "Hello"},
            {"type": "response.output_audio_transcript.delta", "delta": "Hello"},
        ),
        ({"authorization": "Bearer x", "n": 1}, {"authorization": "[redacted]", "n": 1}),
        ({"headers": {"X-Api-Key": "abc"}}, {"headers": {"X-Api-Key": "[redacted]"}}),
        ({"clientSecret": "abc", "apiKey": "abc"}, dict.fromkeys(("clientSecret", "apiKey"), R)),
        ({"token": {"value": "abc"}}, {"token": "[redacted]"}),
        ({"usage": {"total_tokens": 12}}, {"usage": {"total_tokens": 12}}),
        ({"new": "A" * 300}, {"new": "<300 characters of base64>"}),
    ],
)
def test_a_frame_is_shown_without_audio_and_keys(frame: Any, shown: Any) -> None:
    assert frame_shown(msgspec.json.encode(frame), str) == shown


def test_without_text_what_people_say_is_told_by_its_length() -> None:
    frame = {
        "type": "conversation.item.done",
        "item": {"content": [{"type": "input_audio", "transcript": "my PIN is 4711"}]},
        "session": {"instructions": "Be brief."},
    }
    shown = json.dumps(frame_shown(msgspec.json.encode(frame), str, text=False))
    assert "4711" not in shown
    assert "brief" not in shown
    assert "<14 characters>" in shown
