//! The two message shapes of a realtime session that carry audio; nothing else of the protocol.
