//! The way into a worker: what a leg is told to do, by whichever thread.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst, fence};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use fourwire::realtime::delta::{self, Base64, Message};
use fourwire::speak::Announcement;
use fourwire::{Bridge, ClockRate, InBandKeys, Media};
use rtrb::{Consumer, Producer, PushError, RingBuffer};

use crate::counters::WorkerBoard;
use crate::line::Line;
use crate::link::{Link, LinkEnd, LinkId, LinkOrder};
use crate::recorder::{Pause, TapeId};
use crate::security::SrtpKeys;

/// Names a leg; never given out twice by an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub(crate) u64);

impl LegId {
    /// The number behind the name.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where the other side wants to be reached, as its SDP says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The address of its RTP.
    pub rtp: SocketAddr,
    /// The address of its RTCP.
    pub rtcp: SocketAddr,
    /// Whether RTCP goes over the RTP ports (RFC 5761).
    pub mux: bool,
}

impl Remote {
    /// RTP at `rtp` and RTCP one port above (RFC 3550 §11).
    pub fn new(rtp: SocketAddr) -> Self {
        let rtcp = SocketAddr::new(rtp.ip(), rtp.port().checked_add(1).unwrap_or(0));
        Self { rtp, rtcp, mux: false }
    }
}

/// What a worker is told.
pub(crate) enum Command {
    Start(Box<Line>),
    Tell(LegId, Order),
    Open(Box<Link>),
    Link(LinkId, LinkOrder),
    Stop,
}

/// What a leg is told.
pub(crate) enum Order {
    Bridge(Bridge, Option<LinkEnd>),
    Unbridge,
    BeginResponse(Box<str>),
    Say { response: Box<str>, item: Box<str>, audio: Vec<u8> },
    SayBackChannel(Vec<u8>),
    Play(Announcement),
    StopPlaying(u64),
    BargeIn,
    Clear,
    SendDigits { digits: Box<str>, tone: Duration, gap: Duration },
    HearInBandKeys(InBandKeys),
    Mask(bool),
    Renegotiate(Media, Remote, Option<SrtpKeys>),
    Record(Option<(TapeId, ClockRate)>),
    PauseRecording(Option<Pause>),
    Close,
}

impl Command {
    /// Whether it is worth nothing when it is late.
    const fn is_audio(&self) -> bool {
        matches!(
            self,
            Self::Tell(_, Order::Say { .. } | Order::SayBackChannel(_))
                | Self::Link(_, LinkOrder::Append(_))
        )
    }
}

/// What a message of the agent comes to.
pub(crate) struct Heard {
    /// What it has for the leg.
    pub(crate) order: Option<Order>,
    /// Whether it has nothing for anybody else.
    pub(crate) consumed: bool,
}

/// Reads a message of the agent as it came from the WebSocket, and decodes its audio.
pub(crate) fn hear(message: &[u8]) -> Heard {
    let for_all = |order| Heard { order: Some(order), consumed: false };
    match delta::read(message) {
        Message::ReplyAudio { response, item, audio } => audio_of(&audio, |audio| Order::Say {
            response: response.into(),
            item: item.into(),
            audio,
        }),
        Message::BackChannelAudio { audio, .. } => audio_of(&audio, Order::SayBackChannel),
        Message::ResponseCreated { response } => for_all(Order::BeginResponse(response.into())),
        Message::SpeechStarted { .. } => for_all(Order::BargeIn),
        Message::Other => Heard { order: None, consumed: false },
    }
}

fn audio_of(audio: &Base64<'_>, order: impl FnOnce(Vec<u8>) -> Order) -> Heard {
    let mut decoded = Vec::with_capacity(audio.decoded_len());
    let readable = audio.decode_into(&mut decoded).is_ok();
    Heard { order: readable.then(|| order(decoded)), consumed: readable }
}

/// One worker, as other threads see it.
pub(crate) struct Gate {
    /// Senders take turns; the worker never waits for them. Gone once it was told to stop.
    commands: Mutex<Option<Producer<Command>>>,
    /// Whether the worker sleeps for want of legs, and has to be woken.
    pub(crate) idle: AtomicBool,
    thread: OnceLock<Thread>,
    refused: AtomicU64,
    pub(crate) board: WorkerBoard,
}

impl Gate {
    /// A gate and the worker's end of it.
    pub(crate) fn new() -> (Self, Consumer<Command>) {
        let (producer, consumer) = RingBuffer::new(COMMANDS);
        let gate = Self {
            commands: Mutex::new(Some(producer)),
            idle: AtomicBool::new(false),
            thread: OnceLock::new(),
            refused: AtomicU64::new(0),
            board: WorkerBoard::default(),
        };
        (gate, consumer)
    }

    /// Says which thread to wake.
    pub(crate) fn belong_to(&self, thread: &Thread) {
        let _ = self.thread.set(thread.clone());
    }

    /// Sends without waiting. Where too many commands wait it is refused and counted, audio first:
    /// better a gap than an agent's process that stands still.
    pub(crate) fn offer(&self, command: Command) -> bool {
        let kept_free = if command.is_audio() { RESERVED } else { 0 };
        let sent = match &mut *self.lock() {
            Some(commands) if commands.slots() > kept_free && !commands.is_abandoned() => {
                commands.push(command).is_ok()
            }
            _ => false,
        };
        if sent {
            self.wake();
        } else {
            self.refused.fetch_add(1, Relaxed);
        }
        sent
    }

    /// Sends what must arrive, and waits a moment where there is no room. False where the worker
    /// is gone.
    pub(crate) fn send(&self, command: Command) -> bool {
        let Some(commands) = self.push(command) else { return false };
        drop(commands);
        self.wake();
        true
    }

    /// Tells the worker to stop. Nothing can be sent afterwards: it would never be read.
    pub(crate) fn close(&self) {
        if let Some(mut commands) = self.push(Command::Stop) {
            *commands = None;
        }
        self.wake();
    }

    /// Pushes `command` as soon as there is room, and gives back the lock under which it did;
    /// `None` where nobody reads any more.
    fn push(&self, command: Command) -> Option<MutexGuard<'_, Option<Producer<Command>>>> {
        let mut command = command;
        loop {
            let mut held = self.lock();
            let commands = held.as_mut().filter(|it| !it.is_abandoned())?;
            let Err(PushError::Full(back)) = commands.push(command) else { return Some(held) };
            command = back;
            drop(held);
            thread::sleep(FULL_PAUSE);
        }
    }

    /// Speech refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    fn wake(&self) {
        // What was pushed must be seen before we look whether anyone sleeps; see `Worker`.
        fence(SeqCst);
        if self.idle.load(SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Producer<Command>>> {
        // A push does not panic, and a ring is whole between pushes.
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Commands that may wait: what a thousand agents say in a tick, several times over.
const COMMANDS: usize = 4096;

/// Room that speech leaves to barge-ins and the like.
const RESERVED: usize = COMMANDS / 8;

/// How long a sender waits for room before it looks again.
const FULL_PAUSE: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    const LEG: LegId = LegId(1);

    #[test]
    fn speech_leaves_room_for_the_word_that_silences_it() {
        let (gate, mut commands) = Gate::new();
        let say = || gate.offer(Command::Tell(LEG, Order::SayBackChannel(Vec::new())));
        let taken = (0..COMMANDS).filter(|_| say()).count();
        assert_eq!(taken, COMMANDS - RESERVED);
        assert_eq!(gate.refused(), RESERVED as u64);
        assert!(gate.send(Command::Tell(LEG, Order::BargeIn)));
        while commands.pop().is_ok() {}
        assert!(say());
    }

    #[test]
    fn nothing_is_sent_after_the_word_to_stop() {
        let (gate, mut commands) = Gate::new();
        gate.close();
        gate.close();
        assert!(!gate.send(Command::Tell(LEG, Order::Close)));
        assert!(!gate.offer(Command::Tell(LEG, Order::SayBackChannel(Vec::new()))));
        assert!(matches!(commands.pop(), Ok(Command::Stop)));
        assert!(commands.pop().is_err());
    }

    #[test]
    fn nothing_is_sent_to_a_worker_that_is_gone() {
        let (gate, commands) = Gate::new();
        drop(commands);
        assert!(!gate.send(Command::Tell(LEG, Order::Close)));
        assert!(!gate.offer(Command::Tell(LEG, Order::SayBackChannel(Vec::new()))));
    }

    #[test]
    fn rtcp_lies_one_port_above_rtp() {
        let remote = Remote::new("192.0.2.1:4000".parse().unwrap());
        assert_eq!(remote.rtcp, "192.0.2.1:4001".parse().unwrap());
        assert_eq!(Remote::new("192.0.2.1:65535".parse().unwrap()).rtcp.port(), 0);
    }
}
