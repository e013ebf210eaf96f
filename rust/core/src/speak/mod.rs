//! What the agent says: queued, paced, packetized, and silenced at once.

mod fence;
mod lane;
mod ledger;
mod pacer;
mod packetizer;
mod playout;
mod told;
mod volume;

pub use ledger::{Entry, Ledger};
pub use pacer::{Pacer, Turn};
pub use packetizer::Packetizer;
pub use playout::{FADE, LONGEST_REPLY, Playout};
pub use told::{Change, Interruption, PlayoutCounters, Said};
