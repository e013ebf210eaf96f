//! What the agent says: queued, paced, packetized, and silenced at once.
