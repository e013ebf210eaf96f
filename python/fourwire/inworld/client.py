"""Opening a session."""

import asyncio
import logging
import ssl as tls
from collections.abc import Generator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any, Literal
from uuid import uuid4

from .agent import Agent, logger
from .audio import AudioFormats
from .endpoint import (
    URL,
    AuthScheme,
    Credentials,
    Revealing,
    host_of,
    is_encrypted,
    is_here,
    session_url,
)
from .errors import ConnectTimeout
from .local_events import ConnectorInformation
from .redaction import RedactedLog, Redactor
from .tap import tapped
from .tools import Toolbox
from .transport import DIAL, Dial, Target, Transport
from .websocket import dial as dial_websocket


class connect:
    """Open a session: `async with connect(…) as agent`, or `agent = await connect(…)`.

    Arguments
        api_key: the portal's key as it is, or an object whose `reveal()` gives it.
        session_key: the session's name at Inworld, one per connection; made up where missing.
        url: the endpoint.
        auth_scheme: "basic" for a portal key, "bearer" for a JWT.
        audio: the formats `session_update` asks for.
        tools: functions that the agent may call; `@agent.tool` adds more.
        connect_timeout: seconds for all of it: name lookup, TCP, TLS, handshake and the server's
            `session.created`. To take leave of a server that fails late may take two more.
        ssl: a TLS context in place of the system's.
        proxy: an address, `None`, or `True` for what the environment says; connections within
            this machine never use the environment's.
        ping_interval, ping_timeout: seconds between pings (RFC 6455 §5.5.2), and for their
            answers; `None` switches them off.
        dial: what opens the WebSocket, as `Media.dial` does; the `websockets` library where it is
            left out, or in a call what its gateway is set to.

    Raises ConnectError (Unreachable, HandshakeRefused, ConnectTimeout), ServerError where the
    server reports an error in place of a session, SessionClosed where it hangs up; ValueError
    and TypeError for arguments that cannot work, before anything is opened.
    """

    def __init__(
        self,
        *,
        api_key: str | Revealing,
        session_key: str | None = None,
        url: str = URL,
        auth_scheme: AuthScheme = "basic",
        audio: AudioFormats | None = None,
        tools: Toolbox | None = None,
        connect_timeout: float = 10.0,
        ssl: tls.SSLContext | None = None,
        proxy: str | Literal[True] | None = True,
        ping_interval: float | None = 20.0,
        ping_timeout: float | None = 20.0,
        dial: Dial | None = None,
    ) -> None:
        credentials = Credentials(api_key, auth_scheme)
        self._session_key = str(uuid4()) if session_key is None else session_key
        self._audio = audio or AudioFormats()
        self._tools = tools
        self._seconds = connect_timeout
        self._scheme = auth_scheme
        self._dial = dial or DIAL.get() or dial_websocket
        self._redactor = Redactor(credentials.secrets())
        self._log = RedactedLog(logger, self._redactor)
        self._target = Target(
            url=session_url(url, self._session_key),
            host=host_of(url),
            authorization=credentials.authorization(),
            user_agent=_user_agent(),
            ssl=ssl,
            proxy=None if proxy is True and is_here(url) else proxy,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            redactor=self._redactor,
            log=RedactedLog(logger.getChild("websocket"), self._redactor, floor=logging.INFO),
        )
        self._missing = "connection"
        self._agent: Agent | None = None
        if not is_encrypted(url) and not is_here(url):
            self._log.warning("the API key goes to %s unencrypted", self._target.host)

    def __repr__(self) -> str:
        return f"<connect {self._session_key!r} to {self._target.host}>"

    def __await__(self) -> Generator[Any, None, Agent]:
        return self._open().__await__()

    async def __aenter__(self) -> Agent:
        self._agent = await self._open()
        return self._agent

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._agent is not None:
            await self._agent.close_shielded()

    async def _open(self) -> Agent:
        try:
            async with asyncio.timeout(self._seconds):
                transport = tapped(await self._dial(self._target), self._redactor)
                self._missing = "session.created"
                return await self._begin(transport)
        except TimeoutError:
            raise ConnectTimeout(self._target.host, self._seconds, self._missing) from None

    async def _begin(self, transport: Transport) -> Agent:
        agent = Agent(
            transport,
            session_key=self._session_key,
            audio=self._audio,
            redactor=self._redactor,
            tools=self._tools,
        )
        agent.publish(transport.response)
        agent.publish(self._information())
        try:
            await agent.opened()
        except BaseException:
            await agent.close_shielded()
            raise
        self._log.info("session %s with %s", self._session_key, self._target.host)
        return agent

    def _information(self) -> ConnectorInformation:
        return ConnectorInformation(
            host=self._target.host,
            session_key=self._session_key,
            auth_scheme=self._scheme,
            input_format=self._audio.input,
            output_format=self._audio.output,
        )


@cache  # it is read from files, which takes milliseconds
def _user_agent() -> str:
    try:
        return f"fourwire/{version('fourwire')}"
    except PackageNotFoundError:
        return "fourwire"
