//! The engine: its workers, its ports, and the way its events come out.

use std::collections::VecDeque;
use std::fmt::Write;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fourwire::wire::Ssrc;
use fourwire::{Leg, LegConfig, Media, Moment};

use crate::command::{Command, Gate, LegId, Remote};
use crate::counters::{Board, EngineCounters};
use crate::event::{Doorbell, EngineEvent, Notice, read};
use crate::handle::LegHandle;
use crate::line::{Line, Outlets};
use crate::link::{Heartbeat, Link, LinkBoard, LinkEvent, LinkHandle, LinkId, Links, Opened};
use crate::outbox::{Item, Mailbox, rings};
use crate::port::{Port, Sockets};
use crate::port_pool::{PortPool, ReserveError};
use crate::recorder::{Recorder, Untold};
use crate::security::SrtpKeys;
use crate::system;
use crate::worker::{Worker, after};

/// How an engine is set up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineConfig {
    /// The address to which RTP ports are bound.
    pub address: IpAddr,
    /// The range of those ports.
    pub ports: RangeInclusive<u16>,
    /// How long a pair of ports rests after a call.
    pub port_rest: Duration,
    /// Threads; one does for about a thousand calls.
    pub workers: usize,
    /// How often each of them looks at its calls.
    pub tick: Duration,
    /// Room for the caller's audio on its way to the agents, for each worker.
    pub event_ring_bytes: usize,
    /// Room for recordings on their way to the disk, for each worker: by default what a hundred
    /// calls at 8 kHz say while a disk stands still for five seconds. It is taken as it is filled.
    pub recording_ring_bytes: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::UNSPECIFIED.into(),
            ports: DEFAULT_PORTS,
            port_rest: Duration::from_secs(2),
            workers: 1,
            tick: Duration::from_millis(5),
            event_ring_bytes: 4 << 20,
            recording_ring_bytes: 16 << 20,
        }
    }
}

/// Many calls on few threads.
///
/// The threads own the sockets and the legs and never wait for anybody: what they are told and what
/// they tell goes through wait-free rings, and one descriptor says when there is something to
/// [`take`](Self::take). Dropped, the engine closes.
///
/// ```
/// use fourwire::{AudioFormat, Bridge, Law, Media};
/// use fourwire_engine::{Engine, EngineConfig, EngineEvent, Remote};
///
/// let mut config = EngineConfig::default();
/// config.address = "127.0.0.1".parse()?;
/// let engine = Engine::new(config)?;
/// let port = engine.reserve()?;
/// let caller = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// let leg = port.start(Media::g711(Law::Mu), Remote::new(caller.local_addr()?))?;
/// leg.bridge(Bridge::new(AudioFormat::G711(Law::Mu)));
/// leg.say("resp_1", "item_1", &[0x80; 1600]);
///
/// let mut packet = [0; 1500];
/// assert_eq!(caller.recv(&mut packet)?, 172);
/// engine.close();
/// let mut closed = false;
/// engine.take(|_, event| closed |= matches!(event, EngineEvent::Closed(_)));
/// assert!(closed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Engine {
    shared: Arc<Shared>,
    doorbell: Arc<Doorbell>,
    mailboxes: Mutex<Vec<EventMailbox>>,
    link_mailboxes: Mutex<Vec<LinkMailbox>>,
    threads: Mutex<Option<Threads>>,
}

/// What an engine, its ports and its legs share.
pub(crate) struct Shared {
    pub(crate) pool: Arc<PortPool>,
    pub(crate) recorder: Recorder,
    gates: Box<[Arc<Gate>]>,
    tick: Duration,
    next: AtomicU64,
    closed: AtomicBool,
    address: IpAddr,
}

type EventMailbox = Mailbox<(LegId, Notice)>;
type LinkMailbox = Mailbox<(LinkId, LinkEvent)>;

struct Threads {
    workers: Vec<JoinHandle<VecDeque<(LegId, Notice)>>>,
    recorder: JoinHandle<Untold>,
}

impl Engine {
    /// Starts the threads of an engine.
    ///
    /// # Errors
    /// Where `config` asks for no worker, a tick outside of 1 to 20 ms or rings that hold nothing,
    /// or the system has no thread or descriptor to give.
    pub fn new(config: EngineConfig) -> io::Result<Self> {
        check(&config)?;
        let doorbell = Arc::new(Doorbell::new()?);
        let (mut gates, mut mailboxes, mut tapes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut workers, mut link_mailboxes) = (Vec::new(), Vec::new());
        for _ in 0..config.workers {
            let (gate, commands) = Gate::new();
            let (events, mailbox) = rings(config.event_ring_bytes);
            let (tape_outbox, tape_mailbox) = rings(config.recording_ring_bytes);
            let (link_events, link_mailbox) = rings(NO_FRAMES);
            let (gate, bell) = (Arc::new(gate), Arc::clone(&doorbell));
            let links = Links::new(Arc::clone(&gate), link_events.without_brim())?;
            let outlets = Outlets { events, tapes: tape_outbox, links };
            workers.push(Worker::new(Arc::clone(&gate), commands, outlets, bell, config.tick)?);
            gates.push(gate);
            mailboxes.push(mailbox);
            link_mailboxes.push(link_mailbox);
            tapes.push(tape_mailbox);
        }
        let (recordings, mailbox) = rings(SMALLEST_RING);
        mailboxes.push(mailbox);
        let (recorder, recorder_thread) =
            Recorder::start(tapes, recordings, Arc::clone(&doorbell))?;
        let shared = Shared {
            pool: Arc::new(PortPool::new(config.ports, config.port_rest)),
            recorder,
            gates: gates.into(),
            tick: config.tick,
            next: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            address: config.address,
        };
        let engine = Self {
            shared: Arc::new(shared),
            doorbell,
            mailboxes: Mutex::new(mailboxes),
            link_mailboxes: Mutex::new(link_mailboxes),
            threads: Mutex::new(Some(Threads { workers: Vec::new(), recorder: recorder_thread })),
        };
        engine.spawn(workers)?;
        Ok(engine)
    }

    fn spawn(&self, workers: Vec<Worker>) -> io::Result<()> {
        for (worker, gate) in workers.into_iter().zip(&self.shared.gates) {
            let name = thread::Builder::new().name("fourwire-media".into());
            let thread = name.spawn(move || worker.run())?;
            gate.belong_to(thread.thread());
            if let Some(threads) = lock(&self.threads).as_mut() {
                threads.workers.push(thread);
            }
        }
        Ok(())
    }

    /// Reserves a pair of ports for a call.
    ///
    /// # Errors
    /// Where the range is exhausted, the system refuses a socket, or the engine is closed.
    pub fn reserve(&self) -> Result<Port, ReserveError> {
        if self.shared.closed.load(SeqCst) {
            return Err(ReserveError::Closed);
        }
        Port::reserve(Arc::clone(&self.shared), self.shared.address)
    }

    /// Runs a WebSocket to an agent from now on, by its own worker's ticks.
    ///
    /// # Errors
    /// Where the engine is closed.
    pub fn link(&self, opened: Opened, heartbeat: Heartbeat) -> io::Result<LinkHandle> {
        let id = LinkId(self.shared.next.fetch_add(1, Relaxed));
        let board = Arc::new(LinkBoard::default());
        let link = Link::new(id, opened, heartbeat, Arc::clone(&board), system::now());
        let gate = Arc::clone(self.shared.least_busy());
        if self.shared.closed.load(SeqCst) || !gate.send(Command::Open(Box::new(link))) {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the engine is closed"));
        }
        Ok(LinkHandle::new(id, gate, board))
    }

    /// The descriptor that is readable when there is something to [`take`](Self::take). It
    /// belongs to the engine.
    pub fn event_fd(&self) -> RawFd {
        self.doorbell.bell.as_raw_fd()
    }

    /// Hands all that came out of the legs to `sink` and quiets the descriptor: each leg's audio in
    /// its order, and its events in theirs, none before the audio that came before it. Does not
    /// wait. `sink` must not call `take`.
    pub fn take(&self, mut sink: impl FnMut(LegId, EngineEvent<'_>)) {
        let mut mailboxes = lock(&self.mailboxes);
        self.doorbell.answer();
        for mailbox in mailboxes.iter_mut() {
            mailbox.take(|item| {
                let (leg, event) = read(item);
                sink(leg, event);
            });
        }
    }

    /// Hands all that came out of the links to `sink`, each link's in its order; to be called after
    /// each [`take`](Self::take), which quiets the descriptor for both. `sink` must not call it.
    pub fn take_links(&self, mut sink: impl FnMut(LinkId, LinkEvent)) {
        for mailbox in lock(&self.link_mailboxes).iter_mut() {
            mailbox.take(|item| {
                if let Item::Value((link, event)) = item {
                    sink(link, event);
                }
            });
        }
    }

    /// What the engine as a whole is doing and has dropped.
    pub fn counters(&self) -> EngineCounters {
        let mut sum = EngineCounters::default();
        for gate in &self.shared.gates {
            gate.board.add_to(&mut sum);
            sum.commands_refused += gate.refused();
        }
        let census = self.shared.pool.census(system::now());
        sum.ports_free = census.free as u64;
        sum.ports_in_use = census.in_use as u64;
        sum.ports_resting = census.resting as u64;
        sum.recordings_failed = self.shared.recorder.failed();
        sum.recorder_busy_us = self.shared.recorder.busy_for(system::now()).as_micros() as u64;
        sum
    }

    /// Ends all calls, finishes all recordings and joins all threads; what the legs had still to
    /// tell can be taken afterwards. A second time changes nothing.
    pub fn close(&self) {
        self.shared.closed.store(true, SeqCst);
        let Some(threads) = lock(&self.threads).take() else { return };
        for gate in &self.shared.gates {
            gate.close();
        }
        let mut mailboxes = lock(&self.mailboxes);
        for (worker, mailbox) in threads.workers.into_iter().zip(mailboxes.iter_mut()) {
            mailbox.append_late(worker.join().unwrap_or_default());
        }
        self.shared.recorder.stop();
        // A panic there has been printed, and takes nobody along.
        let untold = threads.recorder.join().unwrap_or_default();
        if let Some(mailbox) = mailboxes.last_mut() {
            mailbox.append_late(untold);
        }
        self.doorbell.ring();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    pub(crate) fn start(
        self: &Arc<Self>,
        sockets: Sockets,
        media: Media,
        remote: Remote,
        keys: Option<SrtpKeys>,
    ) -> io::Result<LegHandle> {
        let number = self.next.fetch_add(1, Relaxed);
        let (id, port) = (LegId(number), sockets.port());
        let leg = Leg::new(leg_config(media)?, self.first_turn(number, media.turn()));
        let board = Arc::new(Board::new());
        let line = Line::new(id, leg, media, sockets, (remote, keys), Arc::clone(&board));
        let gate = Arc::clone(self.least_busy());
        if self.closed.load(SeqCst) || !gate.send(Command::Start(Box::new(line))) {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the engine is closed"));
        }
        Ok(LegHandle::new(id, port, media.codec, gate, board, Arc::clone(self)))
    }

    /// When the first packet of the leg of this number is due: on the grid of ticks, so that it
    /// goes when it is due, and legs that begin together are spread over a packet time.
    fn first_turn(&self, number: u64, packet_time: Duration) -> Moment {
        let phases = (packet_time.as_nanos() / self.tick.as_nanos()).max(1) as u64;
        let soonest = after(system::now() + self.tick, self.tick);
        let ticks = soonest.as_nanos() / self.tick.as_nanos() as u64;
        let wait = (number % phases + phases - ticks % phases) % phases;
        soonest + self.tick * wait as u32
    }

    fn least_busy(&self) -> &Arc<Gate> {
        let busy = |gate: &&Arc<Gate>| gate.board.legs.load(Relaxed);
        self.gates.iter().min_by_key(busy).unwrap_or(&self.gates[0])
    }
}

/// What a leg needs to know from its start, the random numbers of RFC 3550 §5.1 and §8.1 included.
fn leg_config(media: Media) -> io::Result<LegConfig> {
    let [a, b, c, d, e, f, g, h, i, j, name @ ..] = system::random::<22>()?;
    Ok(LegConfig {
        media,
        ssrc: Ssrc(u32::from_ne_bytes([a, b, c, d])),
        // Below half, so that SRTP has no doubt of the turn if the first is lost (RFC 3711 §3.3.1).
        first_sequence: u16::from_ne_bytes([e, f]) >> 1,
        first_timestamp: u32::from_ne_bytes([g, h, i, j]),
        cname: hex(&name),
        unix_time_at_origin: system::unix_time()
            .saturating_sub(Duration::from_nanos(system::now().as_nanos())),
    })
}

/// A canonical name of 96 random bits, anew for each call, which tells nothing of the machine
/// (RFC 7022 §4.2).
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a string does not fail
        text
    })
}

fn check(config: &EngineConfig) -> io::Result<()> {
    let fault = if config.workers == 0 {
        "an engine needs at least one worker"
    } else if !TICKS.contains(&config.tick) {
        "a tick lasts from 1 to 20 ms"
    } else if config.event_ring_bytes < SMALLEST_RING || config.recording_ring_bytes < SMALLEST_RING
    {
        "a ring holds at least 64 KiB"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, fault))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic of the user's sink leaves the rings as they should be.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Below the range from which Linux takes ports for outgoing connections (32768 and up), so that
/// nobody takes one by chance.
const DEFAULT_PORTS: RangeInclusive<u16> = 10_000..=20_000;

const TICKS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(20);

/// Bytes of a ring through which no frames go.
const NO_FRAMES: usize = 1;

/// The usual message for an agent, fifty times over.
const SMALLEST_RING: usize = 64 << 10;
