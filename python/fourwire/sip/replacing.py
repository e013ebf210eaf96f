"""Replaces (RFC 3891): an INVITE whose caller is to take somebody's place in a call of ours."""

from collections.abc import Mapping

from .access import Trunk
from .call import Call, CallState
from .client_call import ClientCall
from .core import Core
from .errors import MalformedMessage
from .flow import Flow
from .message import Request
from .refer_to import Replaces
from .responding import Refusal
from .server_call import ServerCall

LATER = Refusal(500, (("Retry-After", "1"),))
"""The call is not fully up yet, or its place is promised to somebody else."""

NOBODYS = "0"
"""The tag that stands for none, in a dialog with a peer of RFC 2543 (§3)."""


class Places:
    """Finds the call that an INVITE means, and says who may have it."""

    def __init__(self, core: Core, calls: Mapping[int, Call]) -> None:
        self._core = core
        self._calls = calls

    def asked_for(
        self, now: int, request: Request, flow: Flow, trunk: Trunk | None
    ) -> Call | Refusal | None:
        """The call in which the caller is to take the peer's place, or why it may not (§3).

        None where the INVITE names no call: it is one as any other.
        """
        fields = request.headers.get_all("Replaces")
        if not fields:
            return None
        replaces = _the_one_of(fields)
        if replaces is None:
            return Refusal(400)
        call = self._find(replaces)
        if call is None:
            return Refusal(603 if self._departed(now, replaces) else 481)
        refusal = self._objection(now, call, replaces, flow, trunk)
        self._core.counters["replaces_refused" if refusal else "replaces_let_in"] += 1
        return refusal or call

    def _find(self, replaces: Replaces) -> Call | None:
        call_id, to_tag, from_tag = replaces.key
        keys = [replaces.key, *([(call_id, to_tag, "")] if from_tag == NOBODYS else [])]
        calls = (self._calls.get(self._core.dialogs.get(key, 0)) for key in keys)
        return next((call for call in calls if call is not None), None) or self._ringing(replaces)

    def _ringing(self, replaces: Replaces) -> Call | None:
        """The call of ours that somebody rings for by these tags."""
        ours = (call for call in self._calls.values() if isinstance(call, ClientCall))
        return next((call for call in ours if call.rings(replaces.key)), None)

    def _departed(self, now: int, replaces: Replaces) -> bool:
        departed = (self._core.departed, self._core.departed_early)
        return any(it.knew(now, replaces.key) for it in departed)

    def _objection(
        self, now: int, call: Call, replaces: Replaces, flow: Flow, trunk: Trunk | None
    ) -> Refusal | None:
        early = call.state is CallState.INVITED
        if call.over:
            return Refusal(603)
        if early and not call.placed_here:
            return Refusal(481)
        if not _may_take_over(call, flow, trunk):
            return Refusal(403)
        if replaces.early_only and not early:
            return Refusal(486)
        # Who knows that the call is up shows that our 2xx came, unless its ACK is to answer us.
        ready = early or (call.prove_acknowledged(now) and call.established())
        return None if ready and not self._is_promised(call) else LATER

    def _is_promised(self, call: Call) -> bool:
        """Whether another INVITE for the same place waits for its answer."""
        others = (other for other in self._calls.values() if isinstance(other, ServerCall))
        return any(other.replaced is call and not other.over for other in others)


def _the_one_of(fields: list[str]) -> Replaces | None:
    """What the one Replaces that there may be says; None where it cannot be read."""
    try:
        return Replaces.parse(fields[0]) if len(fields) == 1 else None
    except MalformedMessage:
        return None


def _may_take_over(call: Call, flow: Flow, trunk: Trunk | None) -> bool:
    """Whether an INVITE comes from whoever the call is of, or who was told to be as good (§3).

    That is its trunk, and what trunks may take over its calls; a stranger's call can be taken from
    where it comes alone, since what names a dialog can be read on the way. A Referred-By by itself
    proves nothing: nobody signs them.
    """
    if trunk is not None and call.trunk:
        return call.trunk == trunk.name or call.trunk in trunk.takes_over
    if trunk is not None or call.trunk:
        return False
    return flow.remote[0] == call.peer_host
