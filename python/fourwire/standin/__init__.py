"""A local stand-in for the agent: a server that speaks the Inworld Realtime protocol.

It greets, listens by level, answers with bundled speech, is interrupted, and repeats the caller.
No account, no network, the same behaviour on every run. It knows when you speak, not what.

    async with standin.serve() as server:
        print(server.url)
"""

from fourwire.standin import faults
from fourwire.standin.behaviour import Behaviour, Fillers, Handshake, OnClear
from fourwire.standin.calling import FunctionCall, FunctionCalls
from fourwire.standin.conversation import Conversation
from fourwire.standin.failure import Failure
from fourwire.standin.knobs import KnobError, read_behaviours
from fourwire.standin.outbox import Close, Send
from fourwire.standin.record import Entry, SessionRecord
from fourwire.standin.server import Server, serve

__all__ = [
    "Behaviour",
    "Close",
    "Conversation",
    "Entry",
    "Failure",
    "Fillers",
    "FunctionCall",
    "FunctionCalls",
    "Handshake",
    "KnobError",
    "OnClear",
    "Send",
    "Server",
    "SessionRecord",
    "faults",
    "read_behaviours",
    "serve",
]
