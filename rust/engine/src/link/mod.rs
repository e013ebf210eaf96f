//! WebSockets to agents (RFC 6455), run by the workers beside the legs.
//!
//! What a leg has for its agent goes straight into the socket, and what the agent says goes straight
//! into the leg, so that neither waits for the rest of the process. Everything else that the agent
//! sends is handed to the user, who says when a link and a leg are joined.

mod board;
mod handle;
mod links;
mod opening;
mod socket;
mod stream;
mod trust;
mod waiting;

use std::io;
use std::net::TcpStream;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use tungstenite::Bytes;

use crate::command::{Gate, LegId};
use crate::system;

pub use board::LinkCounters;
pub use handle::LinkHandle;
pub use opening::{Answer, OpenError, Opened, Request, open};

pub(crate) use board::LinkBoard;
pub(crate) use links::Links;
pub(crate) use socket::Link;

/// The TCP connection behind an open descriptor, which stays open for whoever opened it.
///
/// # Errors
/// Where the descriptor is not open.
pub fn descriptor(descriptor: RawFd) -> io::Result<TcpStream> {
    system::duplicate(descriptor).map(TcpStream::from)
}

/// Names a link; never given out twice by an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub(crate) u64);

impl LinkId {
    /// The number behind the name.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// How a link finds out that its server is gone (RFC 6455 §5.5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// The time between an answer and the next ping; none are sent where there is none.
    pub interval: Option<Duration>,
    /// How long an answer may take.
    pub patience: Option<Duration>,
}

/// Something that came out of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkEvent {
    /// A message of the agent that is not for the leg alone, as it came.
    Message(Bytes),
    /// Nothing more is read until the link is joined: what came before has been told.
    Halted,
    /// From here on messages have not been to a leg first.
    Parted,
    /// What had to wait for the network is sent.
    Relieved,
    /// The link is gone, and this is the last of it.
    Closed(Farewell),
}

/// How a link ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The status code (RFC 6455 §7.4); 1006 where there was no goodbye.
    pub code: u16,
    /// What was said with it.
    pub reason: String,
    /// Whether both sides said goodbye.
    pub clean: bool,
}

/// What a link is told.
pub(crate) enum LinkOrder {
    Send(Vec<u8>),
    Append(Vec<u8>),
    Halt,
    Join(LegEnd),
    Part,
    Close,
}

/// The way to a leg.
#[derive(Clone)]
pub(crate) struct LegEnd {
    pub(crate) leg: LegId,
    pub(crate) gate: Arc<Gate>,
}

/// The way to a link.
#[derive(Clone)]
pub(crate) struct LinkEnd {
    pub(crate) link: LinkId,
    pub(crate) gate: Arc<Gate>,
}
