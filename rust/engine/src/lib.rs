//! Many calls on few threads (Linux).
//!
//! [`Engine`] runs the legs of the crate `fourwire` on sockets of its own: it receives and sends
//! their packets on an absolute-deadline tick, listens to the caller and to nobody else
//! ([`latch`]), and hands what the caller says to whoever reads [`Engine::take`]. However long that
//! reader or anyone else stands still, packets go out in time.

#![deny(unsafe_code)]

mod anteroom;
mod command;
mod counters;
mod engine;
mod event;
mod handle;
pub mod latch;
mod line;
pub mod link;
mod outbox;
mod port;
pub mod port_pool;
mod recorder;
mod route;
mod security;
mod socket;
mod system;
mod worker;

pub use command::{LegId, Remote};
pub use counters::{EngineCounters, LineCounters};
pub use engine::{Engine, EngineConfig};
pub use event::{CloseCause, Closed, EngineEvent};
pub use handle::LegHandle;
pub use port::Port;
pub use port_pool::ReserveError;
pub use recorder::{FileFormat, Pause, Recording, RecordingEvent};
pub use security::SrtpKeys;
