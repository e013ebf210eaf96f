"""SDES: which keys an offer and its answer agree on (RFC 4568), and that nobody is shown them."""

import base64
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwire.sdp import (
    SUITES,
    Crypto,
    MalformedSdp,
    MediaPolicy,
    NegotiatedMedia,
    NoCommonCodec,
    SessionDescription,
    Srtp,
    Suite,
    accept,
    answer_to,
    offer,
)

OURS = MediaPolicy(address="192.0.2.2", port=10_000, srtp=Srtp.fresh())
STRICT = replace(OURS, srtp=Srtp.fresh(required=True))
CLEAR = replace(OURS, srtp=None)
THEIRS = MediaPolicy(address="192.0.2.1", port=20_000)

KEY = base64.b64encode(bytes(range(30))).decode()
GCM_KEY = base64.b64encode(bytes(range(28))).decode()
LINE = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"


def sdp(*media: str) -> str:
    lines = ["v=0", "o=- 7 3 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", *media]
    return "\r\n".join(lines) + "\r\n"


def crypto_lines(text: str) -> list[str]:
    return [line for line in text.split("\r\n") if line.startswith("a=crypto")]


def protocols(text: str) -> list[str]:
    return re.findall(r"^m=audio \d+ (\S+)", text, re.MULTILINE)


def agreed(text: str, policy: MediaPolicy = OURS) -> NegotiatedMedia:
    return answer_to(text, policy).media


def test_an_offer_under_srtp_is_answered_with_a_key_of_ours_under_its_tag() -> None:
    answer = answer_to(sdp("m=audio 4000 RTP/SAVP 0", LINE.replace(":1 ", ":7 ")), OURS)
    assert protocols(answer.sdp) == ["RTP/SAVP"]
    (line,) = crypto_lines(answer.sdp)
    assert line.startswith("a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:")
    keys = answer.media.srtp
    assert keys is not None
    assert keys.suite == "AES_CM_128_HMAC_SHA1_80"
    assert keys.receive == bytes(range(30))
    assert base64.b64decode(line.partition("inline:")[2]) == keys.send


def test_keys_beside_a_stream_in_the_clear_are_taken_too() -> None:
    answer = answer_to(sdp("m=audio 4000 RTP/AVP 0", LINE), OURS)
    assert protocols(answer.sdp) == ["RTP/AVP"]
    assert answer.media.srtp is not None


def test_of_several_streams_the_one_with_srtp_is_taken() -> None:
    text = sdp("m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/SAVP 0", LINE)
    answer = answer_to(text, OURS)
    assert re.findall(r"^m=audio (\d+)", answer.sdp, re.MULTILINE) == ["0", "10000"]
    assert answer.media.remote[1] == 4002
    assert answer_to(text, CLEAR).media.remote[1] == 4000


def test_the_peer_says_which_suite_it_prefers_and_we_which_we_take() -> None:
    lines = [
        f"a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}",
        f"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{KEY}",
        f"a=crypto:3 AEAD_AES_128_GCM inline:{GCM_KEY}",
    ]
    text = sdp("m=audio 4000 RTP/SAVP 0", *lines)
    first = agreed(text).srtp
    assert first is not None
    assert first.suite == "AES_CM_128_HMAC_SHA1_32"
    ours = replace(OURS, srtp=Srtp.fresh(suites=["AEAD_AES_128_GCM"]))
    second = agreed(text, ours).srtp
    assert second is not None
    assert second.suite == "AEAD_AES_128_GCM"


@pytest.mark.parametrize(
    ("media", "policy", "why"),
    [
        (["m=audio 4000 RTP/AVP 0"], STRICT, "in the clear"),
        (["m=audio 4000 RTP/SAVP 0", LINE], CLEAR, "over RTP/SAVP"),
        (["m=audio 4000 RTP/SAVP 0"], OURS, "no crypto line that we can use"),
        (["m=audio 4000 UDP/TLS/RTP/SAVP 0", LINE], OURS, "over UDP/TLS/RTP/SAVP"),
        (["m=audio 4000 RTP/SAVP 0", LINE], replace(OURS, srtp=Srtp.fresh(suites=[])), "by TLS"),
    ],
)
def test_what_does_not_fit_the_policy_is_refused(
    media: list[str], policy: MediaPolicy, why: str
) -> None:
    with pytest.raises(NoCommonCodec, match=re.escape(why)):
        answer_to(sdp(*media), policy)


@pytest.mark.parametrize(
    "text",
    [
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
        f"999999999 aes_cm_128_hmac_sha1_80 INLINE:{KEY}|2^31",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1048576 WSH=128",
        f"1 AES_CM_128_HMAC_SHA1_80  inline:{KEY}  -NEW=3",
    ],
)
def test_lines_as_telephones_write_them_are_understood(text: str) -> None:
    crypto = Crypto.parse(text)
    assert crypto is not None
    assert (crypto.suite, crypto.key) == ("AES_CM_128_HMAC_SHA1_80", bytes(range(30)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        f"x AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
        f"1234567890 AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 F8_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 uri:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY[:-4]}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY[:-1]}*",
        f"1 AEAD_AES_128_GCM inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^10",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}|2^20",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTCP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNAUTHENTICATED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} SOMETHING=NEW",
    ],
)
def test_a_line_that_we_could_not_keep_to_is_passed_over(text: str) -> None:
    assert Crypto.parse(text) is None


@given(st.text(max_size=200))
def test_no_line_raises(text: str) -> None:
    Crypto.parse(text)


@given(st.integers(0, 999_999_999), st.sampled_from(SUITES), st.binary(min_size=30, max_size=30))
def test_what_is_written_is_read_again(tag: int, suite: Suite, bits: bytes) -> None:
    crypto = Crypto(tag, suite, bits[:28] if suite == "AEAD_AES_128_GCM" else bits)
    assert Crypto.parse(crypto.value()) == crypto


@pytest.mark.parametrize(("ours", "protocol"), [(OURS, "RTP/AVP"), (STRICT, "RTP/SAVP")])
def test_an_offer_of_ours_leads_to_the_same_keys_on_both_sides(
    ours: MediaPolicy, protocol: str
) -> None:
    text = offer(ours)
    assert protocols(text) == [protocol]
    assert [line.split()[1] for line in crypto_lines(text)] == list(SUITES)
    answer = answer_to(text, replace(THEIRS, srtp=Srtp.fresh(suites=["AES_CM_128_HMAC_SHA1_80"])))
    mine, theirs = accept(text, answer.sdp, ours).srtp, answer.media.srtp
    assert mine is not None
    assert theirs is not None
    assert (mine.suite, mine.send, mine.receive) == (theirs.suite, theirs.receive, theirs.send)


def test_an_answer_without_keys_leaves_the_call_in_the_clear_where_that_is_allowed() -> None:
    text = offer(OURS)
    assert accept(text, answer_to(text, THEIRS).sdp, OURS).srtp is None
    with pytest.raises(NoCommonCodec, match="in the clear"):
        accept(offer(STRICT), sdp("m=audio 4000 RTP/AVP 0"), STRICT)


def test_an_answer_with_a_line_that_was_not_offered_is_refused() -> None:
    answer = sdp("m=audio 4000 RTP/AVP 0", LINE.replace(":1 ", ":9 "))
    with pytest.raises(MalformedSdp, match="was not offered"):
        accept(offer(OURS), answer, OURS)


def test_a_later_offer_goes_on_with_the_same_key() -> None:
    text = sdp("m=audio 4000 RTP/SAVP 0", LINE)
    first = answer_to(text, OURS)
    second = answer_to(text, OURS, previous=first.sdp)
    assert first.media.srtp == second.media.srtp
    assert first.sdp == second.sdp


def test_calls_have_keys_of_their_own() -> None:
    keys = [key for call in (Srtp.fresh(), Srtp.fresh()) for key in call.keys.values()]
    assert len(set(keys)) == len(keys)


def test_keys_are_shown_by_nothing_but_the_description_itself() -> None:
    answer = answer_to(sdp("m=audio 4000 RTP/SAVP 0", LINE), OURS)
    (line,) = crypto_lines(answer.sdp)
    ours = line.partition("inline:")[2]
    shown = [answer, OURS, SessionDescription.parse(answer.sdp), Crypto.parse(LINE[9:])]
    text = repr(shown) + repr(answer.media) + repr(OURS.srtp)
    assert KEY not in text
    assert ours not in text
    keys = answer.media.srtp
    assert keys is not None
    assert repr(keys.send) not in text
    for broken in (f"{LINE}\0", LINE.replace("a=", "a ")):
        with pytest.raises(MalformedSdp) as caught:
            answer_to(sdp("m=audio 4000 RTP/SAVP 0", broken), OURS)
        assert KEY[:5] not in str(caught.value)
