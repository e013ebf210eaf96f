//! What the agent says: queued, paced, packetized, and silenced at once.

mod fence;
mod lane;
mod ledger;
mod pacer;
mod packetizer;
mod playout;

pub use ledger::{Entry, Ledger};
pub use pacer::{Pacer, Turn};
pub use packetizer::Packetizer;
pub use playout::{Change, FADE, Interruption, LONGEST_REPLY, Playout, PlayoutCounters, Said};
