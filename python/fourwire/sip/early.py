"""Early dialogs of a call that we place: reliable provisional responses get their PRACK there."""

from .body import sdp_of
from .core import Core
from .dialog import Dialog, DialogKey
from .errors import MalformedMessage
from .flow import Flow
from .grammar import number
from .message import Request, Response

MOST_DIALOGS = 16
"""Parties that may ring for one INVITE; what more of them say is not acknowledged."""


class EarlyDialogs:
    """Those of one outgoing call, by the tag of who rings (RFC 3261 §12.1, RFC 3262 §4)."""

    def __init__(self, core: Core, call: int, request: Request) -> None:
        self.described = False
        """Whether an answer to our offer came reliably, so that UPDATE may make another."""
        self._core = core
        self._call = call
        self._request = request
        self._dialogs: dict[str, Dialog] = {}
        self._last: dict[str, int] = {}
        self._said: dict[str, str] = {}
        self._rang: set[str] = set()

    def note(self, response: Response) -> None:
        """Somebody rings: that makes an early dialog, reliable or not (RFC 3261 §12.1)."""
        tag = response.to.tag
        if tag and response.status > 100 and len(self._rang) < MOST_DIALOGS:
            self._rang.add(tag)

    def rang(self) -> list[DialogKey]:
        """The early dialogs that there were, by what we know them by."""
        request = self._request
        return [(request.call_id, request.from_.tag or "", tag) for tag in self._rang]

    def acknowledge(
        self, now: int, response: Response, flow: Flow, behind_nat: bool
    ) -> Dialog | None:
        """Send the PRACK that a response asks for; None where it came before, or out of turn."""
        tag = response.to.tag or ""
        try:
            rseq = number((response.headers.get("RSeq") or "").strip(), "RSeq", 2**32)
            dialog = self._dialogs.get(tag) or Dialog.as_client(self._request, response)
        except MalformedMessage:
            return None
        out_of_turn = tag in self._last and rseq != self._last[tag] + 1
        if out_of_turn or (tag not in self._dialogs and len(self._dialogs) >= MOST_DIALOGS):
            return None
        self._dialogs[tag], self._last[tag] = dialog, rseq
        self.described = self.described or sdp_of(response) is not None
        rack = f"{rseq} {response.cseq}"
        self._core.send_within(
            now, dialog, "PRACK", flow, behind_nat, headers=(("RAck", rack),), owner=self._call
        )
        return dialog

    def describe(self, response: Response) -> str | None:
        """The description in a response, where who rings by its tag had not given it before."""
        tag, sdp = response.to.tag or "", sdp_of(response)
        full = tag not in self._said and len(self._said) >= MOST_DIALOGS
        if sdp is None or full or self._said.get(tag) == sdp:
            return None
        self._said[tag] = sdp
        return sdp

    def said(self, tag: str) -> str | None:
        """The description that who rings by that tag gave last."""
        return self._said.get(tag)

    def names(self) -> list[DialogKey]:
        """What requests in them are known by."""
        return [dialog.key for dialog in self._dialogs.values()]

    def find(self, tag: str) -> Dialog | None:
        """The early dialog with whoever rings by that tag."""
        return self._dialogs.get(tag)

    def confirm(self, response: Response) -> Dialog:
        """The dialog that a 2xx makes (§13.2.2.4); raises :class:`MalformedMessage`.

        What was counted while it was early goes on; where requests go is said anew.
        """
        dialog = Dialog.as_client(self._request, response)
        early = self._dialogs.pop(response.to.tag or "", None)
        if early is not None:
            dialog.local_cseq = early.local_cseq
            dialog.remote_cseq = early.remote_cseq
        return dialog
