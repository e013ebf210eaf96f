"""Registrations as settings have them, and how they stand: who sends us calls because we asked."""

from dataclasses import dataclass, replace

import anyio
import anyio.to_thread

from fourwire import sip
from fourwire.journal import Journal
from fourwire.problems import SettingsError
from fourwire.settings import Settings
from fourwire.trunks import Register, credentials_of, trunk_of

FAREWELL_S = 2.0
"""How long registrars have for answering that we leave."""

__all__ = ["Registrations", "Standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a registration stands."""

    name: str
    registered: bool
    detail: str = ""
    """Until when, or why not."""


class Registrations:
    """Registers, and tells the journal what becomes of it."""

    def __init__(self, settings: Settings, journal: Journal, endpoint: sip.Endpoint) -> None:
        self.standing: dict[str, Standing] = {}
        """How each stands now, by its name."""
        self._settings = settings
        self._journal = journal
        self._endpoint = endpoint
        self._names: dict[int, str] = {}
        self._news = anyio.Event()

    async def begin(self) -> None:
        """Register with all of them; `SettingsError` where a password or a listener is missing."""
        for register in self._settings.register:
            self.standing[register.name] = Standing(register.name, False, "not yet")
            registrar, trunk = await anyio.to_thread.run_sync(self._ends_of, register)
            proxy = sip.Uri.parse(register.proxy) if register.proxy else None
            try:
                number = await self._endpoint.register(registrar, trunk, proxy)
            except sip.LocalError as error:
                raise SettingsError(f"register {register.name}: {error}") from None
            self._names[number] = register.name

    async def end(self) -> None:
        """Have all registrars forget us, and wait a moment until they have."""
        for number in self._names:
            self._endpoint.unregister(number)
        with anyio.move_on_after(FAREWELL_S):
            while self._names:
                self._news = anyio.Event()
                await self._news.wait()

    async def follow(self) -> None:
        """Note what becomes of them, until cancelled."""
        async for event in self._endpoint.registration_events():
            name = self._names.get(event.registration, "")
            self._note(name, event)

    def _ends_of(self, register: Register) -> tuple[sip.Registrar, sip.Trunk]:
        """Whom we register with, and whose calls come of it, with the passwords of both."""
        registrar = _registrar(register)
        trunk = trunk_of(register.trunk or register.name, self._settings.trunk)
        return registrar, replace(trunk, credentials=trunk.credentials or registrar.credentials)

    def _note(self, name: str, event: sip.RegistrationEvent) -> None:
        match event:
            case sip.Registered(expires_s=expires_s):
                self._stand(name, True, f"for {expires_s} s")
                self._journal.write("registration.registered", name=name, expires_s=expires_s)
            case sip.NotRegistered(status=status, reason=reason, retry_s=retry_s):
                self._stand(name, False, f"{status} {reason}")
                about = {"status": status, "reason": reason, "retry_s": round(retry_s, 1)}
                self._journal.write("registration.failed", name=name, **about)
            case sip.Unregistered():
                self._stand(name, False, "unregistered")
                self._journal.write("registration.ended", name=name)
                self._names.pop(event.registration, None)
        self._news.set()

    def _stand(self, name: str, registered: bool, detail: str) -> None:
        self.standing[name] = Standing(name, registered, detail)


def _registrar(register: Register) -> sip.Registrar:
    return sip.Registrar(
        uri=sip.Uri.parse(register.server),
        user=register.user,
        domain=register.domain,
        credentials=credentials_of(
            register.name, register.username or register.user, register.password
        ),
        expires_s=register.expires_s,
    )
