"""A caller of ours who lets himself be transferred, as a telephone does."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio

from fourwire import sdp, sip
from fourwire.demo.caller import Caller, Telephone, telephone


@asynccontextmanager
async def transferable() -> AsyncIterator[Telephone]:
    """A telephone that can be sent on to somebody else."""
    async with telephone(ports=(23000, 23400), takes_referrals=True) as phone:
        yield phone


async def asked(caller: Caller) -> sip.TransferRequest:
    """The next wish of the other side that the caller call somebody else."""
    with anyio.fail_after(15):
        async for event in caller.call.events():
            if isinstance(event, sip.TransferRequest):
                return event
    raise AssertionError("the call ended, and nobody was to be transferred")


@asynccontextmanager
async def sent_on(
    phone: Telephone, caller: Caller, codecs: Sequence[sdp.Codec] = (sdp.PCMU,)
) -> AsyncIterator[Caller]:
    """The caller's call with whom he is sent on to, once that one has answered.

    `CallFailed` where he does not; either way the transferor was told.
    """
    request = await asked(caller)
    await request.accept()
    headers = {} if request.replaces is None else {"Replaces": request.replaces}
    try:
        async with phone.call(request.target, headers=headers, codecs=codecs) as there:
            await request.tell(200)
            yield there
    except sip.CallFailed as failed:
        await request.tell(failed.status, failed.reason)
        raise
