//! What the agent says: queued, paced, packetized, and silenced at once.

mod announcements;
mod fence;
mod lane;
mod ledger;
mod pacer;
mod packetizer;
mod playout;
mod told;
mod volume;

pub use announcements::{
    Announcement, AnnouncementCounters, Announcements, MOST_ANNOUNCEMENTS, Played,
};
pub use ledger::{Entry, Ledger};
pub use pacer::{Pacer, Turn};
pub use packetizer::Packetizer;
pub use playout::{FADE, LONGEST_REPLY, Playout};
pub use told::{Change, Interruption, PlayoutCounters, Said};
