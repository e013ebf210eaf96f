//! The two message shapes of a realtime session that carry audio; nothing else of the protocol.

pub mod append;
mod base64;
pub mod delta;
mod scan;
