"""How a call out is placed: its way by a trunk, its line, and what becomes of it."""

import uuid
from collections.abc import Sequence
from functools import partial
from typing import cast

import anyio
import anyio.to_thread

from fourwire import sdp, sip
from fourwire.call import Call, Scenario
from fourwire.call_options import CallOptions
from fourwire.dialled import Dialled, Wish
from fourwire.journal import Journal
from fourwire.life import Cause, State
from fourwire.line import Headers
from fourwire.media import Media
from fourwire.settings import Settings
from fourwire.sip.refer_to import target_of
from fourwire.sip.uri import bracketed
from fourwire.sip_line import SipLine
from fourwire.trunks import Trunk, credentials_of

__all__ = ["Dialling", "wish_of"]


NO_DOMAIN = "number.invalid"
"""Stands for the domain of a number that no trunk gives one (RFC 2606)."""


async def wish_of(
    endpoint: sip.Endpoint,
    trunk: Trunk | None,
    target: str,
    *,
    caller: str = "",
    display_name: str = "",
    headers: Headers | None = None,
) -> Wish:
    """The call to `target`, a number or a URI, by `trunk`; None goes where the URI says.

    Raises `CallFailed` where nobody can be reached, and `ValueError` where `target` leads nowhere.
    """
    if trunk is not None and not trunk.server:
        raise ValueError(f"trunk {trunk.name} has no server, so that nobody can be called by it")
    server = sip.Uri.parse(trunk.server) if trunk is not None else None
    domain = "" if server is None or trunk is None else trunk.domain or bracketed(server.host)
    uri = _uri_of(target, domain)
    caller = caller or ("" if trunk is None else trunk.caller or trunk.username) or "fourwire"
    credentials = None
    if trunk is not None:
        read = partial(credentials_of, trunk.name, trunk.username, trunk.password)
        credentials = await anyio.to_thread.run_sync(read, abandon_on_cancel=True)
    given = dict(headers or {})
    if trunk is not None and trunk.trusted:  # RFC 3325 §6: who is trusted is told
        given.setdefault("P-Asserted-Identity", f"<sip:{caller}@{domain}>")
    return Wish(
        uri=uri,
        hops=await endpoint.find(trunk.server if trunk is not None else uri),
        dialled=sip.Uri.parse(uri).subscriber,
        caller=caller,
        display_name=display_name,
        headers=given,
        terms=sip.Terms(
            trunk="" if trunk is None else trunk.name,
            max_calls=None if trunk is None else trunk.max_calls,
            credentials=credentials,
            domain="" if trunk is None else domain,
        ),
    )


def _uri_of(target: str, domain: str) -> str:
    try:
        uri = target_of(target, domain or NO_DOMAIN)
    except sip.LocalError as error:
        raise ValueError(f"{target!r} cannot be called: {error}") from None
    if not domain and (uri.lower().startswith("tel:") or NO_DOMAIN in uri):
        raise ValueError(f"{target!r} is a number: only a trunk knows where it is")
    if uri.lower().startswith("tel:"):
        uri = target_of(uri.partition(":")[2].partition(";")[0], domain)
    return uri


class Dialling:
    """One call out, from the wish to its answer."""

    def __init__(
        self,
        endpoint: sip.Endpoint,
        media: Media,
        settings: Settings,
        codecs: Sequence[sdp.Codec],
        journal: Journal,
        options: CallOptions,
        wish: Wish,
        timeout_s: float,
        early: Scenario | None = None,
    ) -> None:
        """`early` is what is done with the call once the other side is heard, though unanswered."""
        dialled = Dialled(endpoint, wish)
        srtp = settings.srtp.of_call
        # The line asks of a call that came in no more than what `Dialled` has too.
        incoming = cast(sip.IncomingCall, dialled)
        line = SipLine(incoming, media, settings.address, codecs, settings.idle, srtp)
        call_id = uuid.uuid4().hex
        self.call = Call(call_id, line, journal.call(call_id), options)
        if early is not None:
            self.call.on_early_media(partial(early, self.call))
        self._uri = wish.uri
        self._timeout_s = timeout_s
        self._settled = anyio.Event()
        self._failure: sip.CallFailed | None = None

    async def scenario(self, call: Call) -> None:
        """Wait for the answer, then for the end."""
        call.log("call.dialled", uri=self._uri, trunk=call.trunk)
        try:
            with anyio.fail_after(self._timeout_s):
                await call.answer()
        except TimeoutError:
            call.end(Cause.NOT_ANSWERED, f"not within {self._timeout_s:g} s")
        except sip.CallFailed as failure:
            self._failure = failure
            call.end(Cause.NOT_ANSWERED, str(failure))
        finally:
            self._settled.set()
        await call.wait_ended()

    async def answered(self) -> Call:
        """The call, once it is answered; `CallFailed` where it is not.

        Being cancelled, it takes the call back.
        """
        try:
            await self._settled.wait()
        except BaseException:
            self.call.end(Cause.HUNG_UP, "taken back")
            raise
        if self.call.state is not State.ANSWERED:
            raise self._failure or self._why()
        return self.call

    def _why(self) -> sip.CallFailed:
        """Why a call ended by itself: nobody answered, or with a description we cannot use."""
        ended = self.call.ended
        if ended is not None and ended.cause is Cause.LINE_FAILED:
            return sip.CallFailed(488, ended.detail)
        return sip.CallFailed(408, "nobody answered")
