"""Digest authentication, held against the examples of the RFCs, and both of its headers."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sip_torture import invite

from fourwire.sip.authenticator import Authenticator, Outcome
from fourwire.sip.digest import Challenge, Credentials, Proof, expected, secret_of
from fourwire.sip.errors import MalformedMessage
from fourwire.sip.message import Request, parse
from fourwire.sip.timers import SECOND

ALICE = Credentials("alice", "wonderland")


def test_the_examples_of_rfc_7616_come_out_right() -> None:
    for algorithm, response in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        realm, nonce = "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
        cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
        uri = "/dir/index.html"
        proof = Proof("Mufasa", realm, nonce, uri, "", algorithm, "auth", 1, cnonce)
        secret = secret_of(algorithm, "Mufasa", realm, "Circle of Life")
        assert expected(proof, secret, "GET") == response


def test_a_challenge_without_qop_is_answered_as_rfc_2069_has_it() -> None:
    challenge = Challenge.parse(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    mufasa = Credentials("Mufasa", "Circle Of Life")
    answer = challenge.answer(mufasa, "GET", "/dir/index.html", 1, "x")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in answer
    assert "nc=" not in answer


@pytest.mark.parametrize(
    "text",
    [
        "Basic realm=x",
        'Digest realm="a"',
        'Digest nonce="a"',
        'Digest realm="a", nonce="b", algorithm=MD5-sess',
        'Digest realm="a", nonce="b", qop="auth-int"',
        f'Digest realm="a", nonce="{"n" * 300}"',
        "Digest",
        'Digest realm="a',
    ],
)
def test_a_challenge_that_cannot_be_answered_is_malformed(text: str) -> None:
    with pytest.raises(MalformedMessage):
        Challenge.parse(text)


texts = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), min_size=1)


@given(texts.filter(lambda t: len(t) <= 256), texts.filter(lambda t: len(t) <= 256))
def test_what_an_answer_says_is_read_back(name: str, realm: str) -> None:
    challenge = Challenge(realm, "nonce", "SHA-256", "auth")
    answer = challenge.answer(Credentials(name, "word"), "INVITE", "sip:x@y", 7, "c")
    proof = Proof.parse(answer)
    assert (proof.username, proof.realm, proof.count) == (name, realm, 7)
    assert proof.response == expected(proof, secret_of("SHA-256", name, realm, "word"), "INVITE")
    assert Challenge.parse(str(challenge)) == challenge


def test_a_password_shows_itself_nowhere() -> None:
    assert "wonderland" not in repr(ALICE)


class Server:
    """An authenticator, and a client that answers it."""

    def __init__(self, max_nonces: int = 100) -> None:
        self.now = 10 * SECOND
        both = ("SHA-256", "MD5")
        chance = random.Random(1)
        self.authenticator = Authenticator("fourwire", 60 * SECOND, chance, both, max_nonces)

    def challenge(self, number: int = 0, source: str = "192.0.2.9") -> Challenge:
        fields = self.authenticator.challenges(self.now, source, stale=False)
        return Challenge.parse(fields[number][1])

    def judge(
        self,
        challenge: Challenge,
        who: Credentials = ALICE,
        count: int = 1,
        source: str = "192.0.2.9",
        method: str = "INVITE",
    ) -> Outcome:
        answer = challenge.answer(who, method, "sip:callee@example.com", count, "c")
        return self.judge_text(answer, source)

    def judge_text(self, answer: str, source: str = "192.0.2.9") -> Outcome:
        request = parse(invite(f"Authorization: {answer}"))
        assert isinstance(request, Request)
        outcome, _ = self.authenticator.judge(self.now, request, source, {"alice": "wonderland"})
        return outcome


@pytest.mark.parametrize(("number", "algorithm"), [(0, "SHA-256"), (1, "MD5")])
def test_who_knows_the_password_is_let_in(number: int, algorithm: str) -> None:
    server = Server()
    challenge = server.challenge(number)
    assert challenge.algorithm == algorithm
    assert server.judge(challenge) is Outcome.PROVEN


def test_a_wrong_password_an_unknown_name_and_another_method_are_wrong() -> None:
    server = Server()
    challenge = server.challenge()
    assert server.judge(challenge, Credentials("alice", "x")) is Outcome.WRONG
    assert server.judge(challenge, Credentials("bob", "wonderland")) is Outcome.WRONG
    assert server.judge(challenge, Credentials("bob", "")) is Outcome.WRONG
    assert server.judge(challenge, method="BYE") is Outcome.WRONG


def test_the_same_answer_serves_once_and_the_next_count_once_more() -> None:
    server = Server()
    challenge = server.challenge()
    answers = [server.judge(challenge, count=count) for count in (1, 1, 2, 2, 1, 9, 3)]
    proven, stale = Outcome.PROVEN, Outcome.STALE
    assert answers == [proven, stale, proven, stale, stale, proven, stale]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=40))
def test_no_answer_ever_serves_twice_whatever_comes_between(uses: list[tuple[int, int]]) -> None:
    server = Server(max_nonces=2)
    challenges = []
    for _ in range(3):
        challenges.append(server.challenge())
        server.now += 1
    proven = [
        (number, max(count, 1))
        for number, count in uses
        if server.judge(challenges[number], count=count) is Outcome.PROVEN
    ]
    assert len(proven) == len(set(proven))
    for number in range(3):
        counts = [count for each, count in proven if each == number]
        assert counts == sorted(counts)


def test_an_answer_without_a_count_serves_once() -> None:
    server = Server()
    old = Challenge("fourwire", server.challenge().nonce, "MD5", "")
    assert [server.judge(old), server.judge(old)] == [Outcome.PROVEN, Outcome.STALE]


@pytest.mark.parametrize("nonce", [b"1.\xff", b"1.\xff.00", b"\xff"])
def test_a_nonce_of_bytes_that_are_no_text_is_stale(nonce: bytes) -> None:
    server = Server()
    answer = server.challenge().answer(ALICE, "INVITE", "sip:callee@example.com", 1, "c")
    text = re.sub('nonce="[^"]*"', 'nonce="FORGED"', answer)
    request = parse(invite(f"Authorization: {text}").replace(b"FORGED", nonce))
    assert isinstance(request, Request)
    outcome, _ = server.authenticator.judge(server.now, request, "192.0.2.9", {"alice": "x"})
    assert outcome is Outcome.STALE


def test_a_nonce_ends_and_serves_nobody_else() -> None:
    server = Server()
    challenge = server.challenge()
    assert server.judge(challenge, source="192.0.2.10") is Outcome.STALE
    server.now += 60 * SECOND
    assert server.judge(challenge) is Outcome.STALE


@given(st.text(max_size=80))
def test_a_nonce_of_somebodys_own_making_is_stale(nonce: str) -> None:
    shown = re.sub(r'[\r\n"\\]', "", nonce).strip() or "x"
    proof = Challenge("fourwire", shown, "MD5", "auth").answer(ALICE, "INVITE", "sip:x", 1, "c")
    try:
        assert Server().judge_text(proof) is Outcome.STALE
    except MalformedMessage:  # a message that no such nonce can stand in
        return


def test_a_nonce_that_was_forgotten_serves_no_more() -> None:
    server = Server(max_nonces=10)
    first = server.challenge()
    assert server.judge(first) is Outcome.PROVEN
    for _ in range(10):
        server.now += 1000
        server.judge(server.challenge())
    assert server.judge(first) is Outcome.STALE
    assert server.judge(first, count=2) is Outcome.STALE
