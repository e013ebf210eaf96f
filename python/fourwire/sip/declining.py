"""Parting from whoever answers an INVITE of ours too, or too late (RFC 3261 §13.2.2.4)."""

from .core import Core
from .dialog import Dialog
from .errors import MalformedMessage
from .flow import Flow
from .message import Response
from .proving import proofs_in
from .transaction import Transaction

MOST_DECLINED = 16
"""Parties that are let go of one INVITE; from more of them a peer has us flood whom it names."""


def decline(now: int, core: Core, transaction: Transaction, response: Response, flow: Flow) -> None:
    """Let go whoever answered an INVITE though one call is all we want, or none."""
    try:
        dialog = Dialog.as_client(transaction.request, response)
    except MalformedMessage:
        return
    known = core.departed.knew(now, dialog.key)
    if not known and transaction.declined >= MOST_DECLINED:
        return
    proofs = proofs_in(transaction.request)
    core.acknowledge(now, dialog, response.cseq.number, flow, False, headers=proofs)
    if not known:
        transaction.declined += 1
        core.departed.note(now, dialog.key)
        core.send_within(now, dialog, "BYE", flow, False)
