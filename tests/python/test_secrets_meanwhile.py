"""While a command says a secret, everything else goes on: it may take seconds."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import msgspec
import pytest
from support.scene import SETTINGS, scene

from fourwire import sip
from fourwire.app import App
from fourwire.plan import Plan
from fourwire.secrets import SecretFrom
from fourwire.serving import Service
from fourwire.trunks import Register, Trunk, User

pytestmark = pytest.mark.anyio

PATIENCE_S = 10.0
ASKS = "import socket, sys; print(socket.create_connection(('127.0.0.1', {})).recv(99).decode())"


class Vault:
    """Where commands get a password from, served by the same event loop as all the rest."""

    def __init__(self) -> None:
        self.port = 0
        self.asked = 0
        self.speaks = anyio.Event()
        self.speaks.set()
        self._news = anyio.Event()

    @property
    def command(self) -> tuple[str, ...]:
        """A program that asks here and prints what it is told."""
        return sys.executable, "-c", ASKS.format(self.port)

    @property
    def source(self) -> SecretFrom:
        """A setting that asks here; a loop that stood still for it would never answer."""
        return SecretFrom(command=self.command, timeout_s=15)

    async def answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Say the password to a command, unless told to be silent."""
        self.asked += 1
        self._news.set()
        await self.speaks.wait()
        writer.write(b"wonderland")
        writer.close()

    def fall_silent(self) -> None:
        """Let commands wait from now on."""
        self.speaks, self._news = anyio.Event(), anyio.Event()

    async def asked_again(self) -> None:
        """Wait until a command waits."""
        await self._news.wait()


@asynccontextmanager
async def vault() -> AsyncIterator[Vault]:
    """A vault that is open while the block runs."""
    opened = Vault()
    server = await asyncio.start_server(opened.answer, "127.0.0.1", 0)
    opened.port = server.sockets[0].getsockname()[1]
    async with server:
        yield opened


async def test_a_gateway_begins_and_dials_while_commands_say_its_passwords() -> None:
    async with vault() as opened:
        nobody = "sip:127.0.0.1:9;transport=tcp"
        trunk = Trunk(
            name="pbx",
            server=nobody,
            username="we",
            password=opened.source,
            users=(User(username="alice", password=opened.source),),
        )
        register = Register(name="home", server=nobody, user="we", password=opened.source)
        settings = msgspec.structs.replace(SETTINGS, trunk=(trunk,), register=(register,))
        app = App()
        async with scene(app, settings=settings):
            begun = opened.asked
            assert begun >= 3
            with pytest.raises(sip.CallFailed):
                await app.dial("4711", trunk="pbx", timeout_s=5)
            assert opened.asked == begun + 1


async def test_a_gateway_reloads_while_commands_say_its_passwords(tmp_path: Path) -> None:
    settings = tmp_path / "gateway.toml"
    settings.write_text("")
    async with vault() as opened, scene() as stage:
        service = Service(partial(Plan.load, settings, environ={}), stand_in=True)
        settings.write_text(
            "[[trunk]]\nname = 'pbx'\n[[trunk.users]]\nusername = 'alice'\n"
            f"[trunk.users.password]\ncommand = {json.dumps(opened.command)}\n"
        )
        assert await service.reload(stage.gateway)
        assert opened.asked == 1
        assert stage.notes.named("gateway.reloaded")


async def test_who_takes_a_call_back_waits_for_no_command() -> None:
    async with vault() as opened:
        nobody = "sip:127.0.0.1:9;transport=tcp"
        trunk = Trunk(name="pbx", server=nobody, username="we", password=opened.source)
        app = App()
        async with scene(app, settings=msgspec.structs.replace(SETTINGS, trunk=(trunk,))):
            opened.fall_silent()
            with anyio.fail_after(PATIENCE_S):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(partial(app.dial, "4711", trunk="pbx"))
                    await opened.asked_again()
                    tasks.cancel_scope.cancel()
            opened.speaks.set()
