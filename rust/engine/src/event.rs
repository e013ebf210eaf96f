//! What an engine tells its user.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use fourwire::{Event, Moment};

use crate::command::LegId;
use crate::outbox::{Frame, Item, Outbox};
use crate::recorder::RecordingEvent;
use crate::system::Bell;

/// Something that came out of a leg.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub enum EngineEvent<'a> {
    /// A message ready for the agent, to be sent as text.
    Append(&'a [u8]),
    /// A chunk of the caller's audio, in the bridge's input format.
    Audio {
        /// When the packet that completed it arrived.
        arrival: Moment,
        /// Its bytes.
        audio: &'a [u8],
    },
    /// Something happened on the leg.
    Leg(Event),
    /// The caller's address was learnt; packets go there from now on.
    Latched(SocketAddr),
    /// Something became of a recording. Of those that end with the leg, also after its
    /// [`Closed`](Self::Closed).
    Recording(RecordingEvent),
    /// The leg is gone, and this is the last of it but for its recording.
    Closed(Closed),
}

/// How a leg ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Why.
    pub cause: CloseCause,
    /// All its counters with their names.
    pub counters: Vec<(&'static str, u64)>,
}

/// Why a leg ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseCause {
    /// It was told to.
    Asked,
    /// The engine was closed.
    EngineClosed,
    /// Its sockets could not be watched.
    SocketRefused,
    /// A fault of ours; it was kept from spreading to other legs.
    Fault,
}

/// What goes through the ring of values.
#[derive(Debug)]
pub(crate) enum Notice {
    Leg(Event),
    Latched(SocketAddr),
    Recording(RecordingEvent),
    Closed(Closed),
}

pub(crate) type EventOutbox = Outbox<(LegId, Notice)>;

/// A message for the agent as a frame of `leg`.
pub(crate) fn append_frame(leg: LegId, message: &[u8]) -> Frame<'_> {
    Frame { owner: leg.0, kind: APPEND, mark: 0, bytes: message }
}

/// A chunk of caller's audio as a frame of `leg`.
pub(crate) fn audio_frame(leg: LegId, arrival: Moment, audio: &[u8]) -> Frame<'_> {
    Frame { owner: leg.0, kind: AUDIO, mark: arrival.as_nanos(), bytes: audio }
}

/// Reads what a worker sent.
pub(crate) fn read(item: Item<'_, (LegId, Notice)>) -> (LegId, EngineEvent<'_>) {
    match item {
        Item::Frame(frame) => (LegId(frame.owner), read_frame(frame)),
        Item::Value((leg, Notice::Leg(event))) => (leg, EngineEvent::Leg(event)),
        Item::Value((leg, Notice::Latched(peer))) => (leg, EngineEvent::Latched(peer)),
        Item::Value((leg, Notice::Recording(event))) => (leg, EngineEvent::Recording(event)),
        Item::Value((leg, Notice::Closed(closed))) => (leg, EngineEvent::Closed(closed)),
    }
}

fn read_frame(frame: Frame<'_>) -> EngineEvent<'_> {
    if frame.kind == APPEND {
        EngineEvent::Append(frame.bytes)
    } else {
        EngineEvent::Audio { arrival: Moment::from_nanos(frame.mark), audio: frame.bytes }
    }
}

/// Wakes the user once for all that came since it last looked.
#[derive(Debug)]
pub(crate) struct Doorbell {
    pub(crate) bell: Bell,
    rung: AtomicBool,
}

impl Doorbell {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self { bell: Bell::new()?, rung: AtomicBool::new(false) })
    }

    /// Something was sent.
    pub(crate) fn ring(&self) {
        if !self.rung.swap(true, SeqCst) {
            self.bell.ring();
        }
    }

    /// Everything sent so far is about to be taken.
    pub(crate) fn answer(&self) {
        self.bell.hush();
        self.rung.store(false, SeqCst);
    }
}

const APPEND: u8 = 0;
const AUDIO: u8 = 1;
