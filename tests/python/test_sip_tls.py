"""SIP over TLS: who is believed, who is refused, and that a new certificate cuts nobody off."""

import asyncio
import contextlib
import random
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import anyio
import pytest
from support.certificates import Authority
from support.peers import require
from support.sip import ANSWER, OFFER
from support.sip_torture import options

from fourwire import sip
from fourwire.sip.alias import Aliased, alias_of
from fourwire.sip.flow import Flow
from fourwire.sip.message import Request, parse
from fourwire.sip.sockets import MAX_HANDSHAKES_A_HOST

pytestmark = pytest.mark.anyio


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def secured(authority: Authority, name: str = "127.0.0.1", file: str = "peer") -> sip.Tls:
    identity = authority.identity(name, file=file)
    return sip.Tls(certificate=identity.certificate, key=identity.key, server_ca=authority.path)


def over_tls(tls: sip.Tls, host: str = "127.0.0.1", **more: object) -> sip.Settings:
    listeners = [sip.Listener("tls", host, 0)]
    return sip.Settings(listeners=listeners, tls=tls, farewell_s=1.0, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def answering(settings: sip.Settings) -> AsyncIterator[sip.Endpoint]:
    """An endpoint that answers every call."""

    async def answer_all(endpoint: sip.Endpoint) -> None:
        async for incoming in endpoint.calls():
            await incoming.answer(ANSWER)

    async with sip.listen(settings) as endpoint, anyio.create_task_group() as tasks:
        tasks.start_soon(answer_all, endpoint)
        with anyio.fail_after(20):
            yield endpoint
        tasks.cancel_scope.cancel()


def port_of(endpoint: sip.Endpoint) -> int:
    return endpoint.addresses[0][2]


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("sip:voxi@127.0.0.1:{port};transport=tls", "127.0.0.1"),
        ("sips:voxi@127.0.0.1:{port}", "127.0.0.1"),
        ("sips:voxi@[::1]:{port}", "::1"),
    ],
)
async def test_a_call_is_placed_changed_and_hung_up_over_tls(
    authority: Authority, uri: str, host: str
) -> None:
    tls = secured(authority, host)
    async with answering(over_tls(tls, host)) as callee, sip.listen(over_tls(tls, host)) as caller:
        call = await caller.invite(uri.format(port=port_of(callee)), from_user="alice", offer=OFFER)
        assert call.answer_sdp == ANSWER
        await call.hang_up()
        while callee.counters()["calls"]:  # noqa: ASYNC110 - a counter, no event
            await anyio.sleep(0.01)

        assert callee.counters()["ended_bye"] == 1
        assert callee.counters()["connections_opened"] == 1


async def test_we_call_over_tls_without_listening_for_it(authority: Authority) -> None:
    udp_alone = sip.Settings(
        listeners=[sip.Listener("udp", "127.0.0.1", 0)], tls=sip.Tls(server_ca=authority.path)
    )
    async with answering(over_tls(secured(authority))) as callee, sip.listen(udp_alone) as caller:
        call = await caller.invite(
            f"sips:voxi@127.0.0.1:{port_of(callee)}", from_user="alice", offer=OFFER
        )
        assert call.answer_sdp == ANSWER


async def test_who_proves_another_name_is_not_called(authority: Authority) -> None:
    tls = secured(authority, "other.example")
    async with answering(over_tls(tls)) as callee, sip.listen(over_tls(tls)) as caller:
        with pytest.raises(sip.CallFailed, match="503"):
            await caller.invite(
                f"sips:voxi@127.0.0.1:{port_of(callee)}", from_user="alice", offer=OFFER
            )
        assert "received" not in callee.counters()


async def test_who_is_vouched_for_by_a_stranger_is_not_called(
    authority: Authority, tmp_path: Path
) -> None:
    strange = secured(Authority(tmp_path, "stranger"), file="strange")
    async with (
        answering(over_tls(strange)) as callee,
        sip.listen(over_tls(secured(authority))) as caller,
    ):
        with pytest.raises(sip.CallFailed, match="503"):
            await caller.invite(
                f"sips:voxi@127.0.0.1:{port_of(callee)}", from_user="alice", offer=OFFER
            )


async def test_where_certificates_are_asked_for_only_who_shows_one_gets_in(
    authority: Authority,
) -> None:
    identity = authority.identity("127.0.0.1", file="server")
    strict = sip.Tls(certificate=identity.certificate, key=identity.key, client_ca=authority.path)
    nameless = sip.Settings(
        listeners=[sip.Listener("udp", "127.0.0.1", 0)], tls=sip.Tls(server_ca=authority.path)
    )
    async with (
        answering(over_tls(strict)) as callee,
        sip.listen(over_tls(secured(authority))) as known,
        sip.listen(nameless) as unknown,
    ):
        uri = f"sips:voxi@127.0.0.1:{port_of(callee)}"
        await known.invite(uri, from_user="alice", offer=OFFER)
        with pytest.raises(sip.CallFailed, match="503"):
            await unknown.invite(uri, from_user="mallory", offer=OFFER)

        assert callee.counters()["received_invite"] == 1
        assert callee.counters()["tls_handshakes_failed"] == 2  # it tries once more


def mutual(authority: Authority, *names: str, file: str) -> sip.Tls:
    identity = authority.identity(*names, file=file)
    return sip.Tls(
        certificate=identity.certificate,
        key=identity.key,
        client_ca=authority.path,
        server_ca=authority.path,
    )


@pytest.mark.parametrize("proven", [True, False])
async def test_who_has_called_over_tls_is_called_by_the_same_connection_if_its_name_is_proven(
    authority: Authority, proven: bool
) -> None:
    ours = mutual(authority, "127.0.0.1", file="first")
    theirs = ours if proven else secured(authority)  # which asks nobody for a certificate
    async with answering(over_tls(ours)) as first, answering(over_tls(theirs)) as second:
        call = await first.invite(f"sips:b@127.0.0.1:{port_of(second)}", from_user="a", offer=OFFER)
        back = await second.invite(f"sips:a@127.0.0.1:{port_of(first)}", from_user="b", offer=OFFER)
        assert first.counters()["received_invite"] == 1
        assert first.counters()["connections_opened"] == (1 if proven else 2)
        assert second.counters().get("connections_aliased", 0) == proven
        await call.hang_up()
        await back.hang_up()


@pytest.mark.parametrize(
    ("transport", "host", "mark", "names", "found"),
    [
        ("tls", "sbc.example", ";alias", ("other.example", "sbc.example"), Aliased(7, 5071)),
        ("tls", "SBC.example", ";alias", ("sbc.example",), Aliased(7, 5071)),
        ("tls", "sbc.example", "", ("sbc.example",), None),
        ("tls", "sbc.example", ";alias", (), None),
        ("tls", "victim.example", ";alias", ("sbc.example",), None),
        ("tcp", "sbc.example", ";alias", ("sbc.example",), None),
    ],
)
def test_nobody_is_called_by_a_connection_in_the_name_of_somebody_else(
    transport: str, host: str, mark: str, names: tuple[str, ...], found: Aliased | None
) -> None:
    via = f"SIP/2.0/{transport.upper()} {host}:5071;branch=z9hG4bKa{mark}"
    request = parse(options(Via=via))
    assert isinstance(request, Request)
    flow = Flow(transport, ("192.0.2.1", 5061), ("192.0.2.9", 40000), 7, names)
    assert alias_of(request, flow) == found


async def test_a_renewed_certificate_serves_new_connections_and_cuts_no_old_one(
    authority: Authority,
) -> None:
    tls = secured(authority)
    context = ssl.create_default_context(cafile=authority.path)
    async with answering(over_tls(tls)) as endpoint:
        first, old = await asked(endpoint, context)
        authority.identity("127.0.0.1")  # into the same files
        endpoint.sockets.renew_certificates()
        second, new = await asked(endpoint, context)
        old.write(options(Via="SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKagain"))
        await old.drain()
        while endpoint.counters()["received_options"] < 3:  # noqa: ASYNC110 - a counter
            await anyio.sleep(0.01)

        assert first != second
        assert endpoint.counters()["certificates_renewed"] == 1
        for writer in (old, new):
            writer.close()


async def test_an_authority_that_is_replaced_is_believed_no_longer(
    authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    asked_for = tmp_path / "client_ca.pem"
    asked_for.write_bytes(Path(authority.path).read_bytes())  # noqa: ASYNC240
    mine = authority.identity("127.0.0.1", file="server")
    strict = sip.Tls(certificate=mine.certificate, key=mine.key, client_ca=str(asked_for))
    known = sip.Tls(
        server_ca=authority.path, **asdict(authority.identity("a.example", file="known"))
    )
    new = sip.Tls(server_ca=authority.path, **asdict(other.identity("b.example", file="new")))
    listeners = [sip.Listener("udp", "127.0.0.1", 0)]

    async def invite(tls: sip.Tls, uri: str) -> None:
        async with sip.listen(sip.Settings(listeners=listeners, tls=tls)) as caller:
            await caller.invite(uri, from_user="a", offer=OFFER)

    async with answering(over_tls(strict)) as callee:
        uri = f"sips:voxi@127.0.0.1:{port_of(callee)}"
        await invite(known, uri)
        with pytest.raises(sip.CallFailed, match="503"):
            await invite(new, uri)
        asked_for.write_bytes(Path(other.path).read_bytes())  # noqa: ASYNC240
        callee.sockets.renew_certificates()
        await invite(new, uri)
        with pytest.raises(sip.CallFailed, match="503"):
            await invite(known, uri)


async def test_a_certificate_that_cannot_be_used_leaves_the_old_one_in_use(
    authority: Authority,
) -> None:
    tls = secured(authority)
    context = ssl.create_default_context(cafile=authority.path)
    async with answering(over_tls(tls)) as endpoint:
        await anyio.Path(tls.key).write_text("half a fi")
        endpoint.sockets.renew_certificates()
        _, writer = await asked(endpoint, context)
        assert endpoint.counters()["certificates_unusable"] == 1
        writer.close()


async def asked(
    endpoint: sip.Endpoint, context: ssl.SSLContext
) -> tuple[bytes, asyncio.StreamWriter]:
    """The certificate that is shown to a new connection, over which OPTIONS is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(endpoint), ssl=context)
    writer.write(options(Via=f"SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK{random.random()}"))
    assert (await reader.readline()).startswith(b"SIP/2.0 200")
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    assert isinstance(shown, bytes)
    return shown, writer


@pytest.mark.parametrize("seed", range(5))
async def test_messages_come_whole_however_the_records_of_tls_split_them(
    authority: Authority, seed: int
) -> None:
    chance = random.Random(seed)
    stream = b"\r\n\r\n".join(
        options(Via=f"SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK{number}") for number in range(20)
    )
    cuts = sorted(chance.randrange(len(stream)) for _ in range(40))
    context = ssl.create_default_context(cafile=authority.path)
    async with answering(over_tls(secured(authority))) as endpoint:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(endpoint), ssl=context)
        for start, end in pairwise([0, *cuts, len(stream)]):
            writer.write(stream[start:end])
            await writer.drain()
        answers = 0
        while answers < 20:
            answers += (await reader.readline()).startswith(b"SIP/2.0 200")
        writer.close()

        assert endpoint.counters()["received_options"] == 20


async def test_who_begins_many_handshakes_and_ends_none_keeps_nobody_else_out(
    authority: Authority,
) -> None:
    context = ssl.create_default_context(cafile=authority.path)
    async with answering(over_tls(secured(authority))) as endpoint:
        mute = [
            socket.create_connection(
                ("127.0.0.1", port_of(endpoint)), source_address=("127.0.0.2", 0)
            )
            for _ in range(MAX_HANDSHAKES_A_HOST + 10)
        ]
        while endpoint.counters().get("connections_refused", 0) < 10:  # noqa: ASYNC110
            await anyio.sleep(0.01)
        _, writer = await asked(endpoint, context)
        assert endpoint.counters()["connections_refused"] == 10
        writer.close()
        for each in mute:
            each.close()


async def test_a_handshake_that_never_ends_holds_no_connection(authority: Authority) -> None:
    async with answering(over_tls(secured(authority))) as endpoint:
        with socket.create_connection(("127.0.0.1", port_of(endpoint))) as mute:
            mute.sendall(b"OPTIONS sip:x SIP/2.0\r\n\r\n")
            while not endpoint.counters().get("tls_handshakes_failed"):  # noqa: ASYNC110
                await anyio.sleep(0.01)
        assert endpoint.counters()["connections"] == 0


def test_a_tls_listener_without_a_certificate_says_what_to_set() -> None:
    with pytest.raises(ValueError, match=r"set tls\.certificate"):
        sip.Settings(listeners=[sip.Listener("tls", "127.0.0.1", 0)])


async def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    tls = sip.Tls(certificate=str(tmp_path / "none.pem"))
    with pytest.raises(OSError, match=r"tls: cannot use certificate .*none\.pem: no such file"):
        async with sip.listen(over_tls(tls)):
            pass


@pytest.mark.interop(peer="OpenSSL")
@pytest.mark.parametrize(
    ("arguments", "welcome"),
    [(["-tls1_2"], True), (["-tls1_3"], True), (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], False)],
)
async def test_openssl_is_let_in_from_tls_1_2_on(
    authority: Authority, arguments: list[str], welcome: bool
) -> None:
    program = require("openssl")
    async with answering(over_tls(secured(authority))) as endpoint:
        process = await asyncio.create_subprocess_exec(
            *(program, "s_client", "-connect", f"127.0.0.1:{port_of(endpoint)}"),
            *("-CAfile", authority.path, "-verify_ip", "127.0.0.1", "-verify_return_error"),
            *("-quiet", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(options(Via="SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK1"))
            line = await process.stdout.readline()
            assert line.startswith(b"SIP/2.0 200") == welcome
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def test_a_peer_that_does_not_say_that_tls_ends_is_parted_from_all_the_same(
    authority: Authority,
) -> None:
    trusting = ssl.create_default_context(cafile=authority.path)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    peer = trusting.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    async with answering(over_tls(secured(authority))) as endpoint:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(endpoint))
        await shaken_hands(peer, incoming, outgoing, reader, writer)
        while not endpoint.counters().get("connections_opened"):  # noqa: ASYNC110 - a counter
            await anyio.sleep(0.01)
    with anyio.fail_after(2), contextlib.suppress(ConnectionResetError):
        await reader.read()  # to the end of the connection; we never answer what it says
    writer.close()


async def shaken_hands(
    peer: ssl.SSLObject,
    incoming: ssl.MemoryBIO,
    outgoing: ssl.MemoryBIO,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Have `peer` begin TLS over a connection, and no more."""
    while True:
        try:
            peer.do_handshake()
        except ssl.SSLWantReadError:
            writer.write(outgoing.read())
            incoming.write(await reader.read(65_536))
        else:
            writer.write(outgoing.read())
            return
