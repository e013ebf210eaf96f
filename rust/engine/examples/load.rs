//! Many calls at once on loopback: what a call costs, and how evenly packets leave.
//!
//! ```text
//! cargo run --release -p fourwire-engine --example load -- [calls] [seconds] [pcmu|pcm24|g722] [stall] [srtp|gcm]
//! ```
//! Each call speaks both ways all the time: a phone sends and receives a packet each 20 ms, an
//! agent hears it in messages of 60 ms and answers in deltas of 200 ms: G.711 both ways, G.711 on
//! the phone and PCM at 24 kHz for the agent, or G.722 and PCM at 16 kHz. With `stall`, the agent's
//! thread stands still for 200 ms of every second, as a busy Python loop would. With `srtp` or `gcm`
//! all packets are under SRTP, by AES-CM and HMAC-SHA1 or by AES-GCM.
//!
//! Figures are of threads of this process, so phones cost the engine nothing but what the kernel
//! does on their behalf while it sends. The phones tell how late they were themselves: where that
//! is as much as the engine's lateness, the machine is too busy to say anything.

#![allow(clippy::print_stdout)]

// The phones want arrival times of the kernel too.
#[path = "../src/socket.rs"]
#[allow(dead_code)]
mod socket;
#[path = "../src/system.rs"]
#[allow(dead_code)]
mod system;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use fourwire::wire::srtp::{MasterKey, SrtpSender, Suite};
use fourwire::wire::{RtpPacket, Ssrc};
use fourwire::{AudioFormat, Bridge, ClockRate, Codec, Law, Media, Moment};
use fourwire_engine::{Engine, EngineConfig, EngineEvent, LegHandle, Remote, SrtpKeys};
use socket::{ArrivalClock, Inbox, UdpSocket};
use system::{Poller, now, sleep_precisely, sleep_until};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const TICK: Duration = Duration::from_millis(5);
const PHASES: usize = 4;
const DELTA: Duration = Duration::from_millis(200);
/// Both ways under the same key, which no call does: what it costs is the same.
const KEY: [u8; 30] = [7; 30];
const WARM_UP: Duration = Duration::from_secs(2);

struct Load {
    calls: usize,
    time: Duration,
    codec: Codec,
    format: AudioFormat,
    stall: bool,
    suite: Option<Suite>,
}

impl Load {
    fn from_args() -> Result<Self, Box<dyn Error>> {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let number = |at: usize, default| args.get(at).map_or(Ok(default), |it| it.parse());
        let named = |name| args.iter().any(|it| it == name);
        let (codec, format) = if named("g722") {
            (Codec::G722, AudioFormat::Pcm16(ClockRate::Hz16000))
        } else if named("pcm24") {
            (Codec::G711(Law::Mu), AudioFormat::Pcm16(ClockRate::Hz24000))
        } else {
            (Codec::G711(Law::Mu), AudioFormat::G711(Law::Mu))
        };
        Ok(Self {
            calls: number(0, 100)? as usize,
            time: Duration::from_secs(number(1, 10)?),
            codec,
            format,
            stall: named("stall"),
            suite: match (named("srtp"), named("gcm")) {
                (true, _) => Some(Suite::AesCm128HmacSha1_80),
                (_, true) => Some(Suite::AeadAes128Gcm),
                _ => None,
            },
        })
    }
}

/// A phone: its socket, where it calls, and when it last got a packet.
struct Phone {
    socket: UdpSocket,
    address: SocketAddr,
    codec: Codec,
    last: Option<Moment>,
    sequence: u16,
    protects: Option<SrtpSender>,
}

/// What the phones saw.
#[derive(Default)]
struct Seen {
    gaps: Vec<Duration>,
    largest_lateness: Duration,
}

fn main() -> Result<(), Box<dyn Error>> {
    let load = Load::from_args()?;
    let mut config = EngineConfig::default();
    config.address = HERE;
    let engine = Engine::new(config)?;
    let (phones, legs) = connect(&engine, &load)?;
    let done = Arc::new(AtomicBool::new(false));
    let measuring = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        let targets: Vec<_> = legs.iter().map(|it| SocketAddr::new(HERE, it.port())).collect();
        let (over, counts) = (Arc::clone(&done), Arc::clone(&measuring));
        let phones = thread::Builder::new()
            .name("phones".into())
            .spawn_scoped(scope, move || ring(phones, &targets, &over, &counts))?;
        let agent = thread::Builder::new()
            .name("agent".into())
            .spawn_scoped(scope, || answer(&engine, &legs, &load, &done))?;
        thread::sleep(WARM_UP);
        let (ticks, before) = (engine.counters(), cpu_by_thread()?);
        measuring.store(true, Relaxed);
        thread::sleep(load.time);
        measuring.store(false, Relaxed);
        let after = cpu_by_thread()?;
        let counters = engine.counters();
        done.store(true, Relaxed);
        let seen = phones.join().expect("the phones do not panic")?;
        let appends = agent.join().expect("the agent does not panic");
        report(&load, seen, &before, &after);
        println!(
            "ticks late by 1-5 ms: {}, 5-20 ms: {}, more: {}, of {}; the latest {} us",
            counters.ticks_late_1ms - ticks.ticks_late_1ms,
            counters.ticks_late_5ms - ticks.ticks_late_5ms,
            counters.ticks_late_20ms - ticks.ticks_late_20ms,
            counters.ticks - ticks.ticks,
            counters.largest_lateness_us,
        );
        tell_counters(&legs, appends);
        Ok(())
    })
}

fn connect(engine: &Engine, load: &Load) -> Result<(Vec<Phone>, Vec<LegHandle>), Box<dyn Error>> {
    let (mut phones, mut legs) = (Vec::new(), Vec::new());
    for n in 0..load.calls {
        let address = SocketAddr::new(HERE, 20_002 + 2 * u16::try_from(n)?);
        let socket = UdpSocket::bind(address)?;
        let codec = load.codec;
        let key = load.suite.map(|suite| MasterKey::new(suite, &KEY[..16 + suite.salt_len()]));
        let key = key.transpose()?;
        let protects = key.as_ref().map(SrtpSender::new);
        phones.push(Phone { socket, address, codec, last: None, sequence: 0, protects });
        let remote = Remote { mux: true, ..Remote::new(address) };
        let (port, media) = (engine.reserve()?, Media::new(codec));
        let leg = match key {
            Some(key) => {
                port.start_secure(media, remote, SrtpKeys { send: key.clone(), receive: key })?
            }
            None => port.start(media, remote)?,
        };
        leg.bridge(Bridge::new(load.format));
        legs.push(leg);
    }
    Ok((phones, legs))
}

/// The phones: each sends a packet each 20 ms, and notes when it gets one.
fn ring(
    mut phones: Vec<Phone>,
    targets: &[SocketAddr],
    done: &AtomicBool,
    measuring: &AtomicBool,
) -> std::io::Result<Seen> {
    let (mut poller, mut inbox, mut seen) = (Poller::new()?, Inbox::new(), Seen::default());
    for (n, phone) in phones.iter().enumerate() {
        poller.watch(phone.socket.as_fd(), n as u64)?;
    }
    sleep_precisely();
    let mut ready = Vec::new();
    let mut due = now();
    for turn in 0.. {
        due += TICK;
        sleep_until(due);
        let counts = measuring.load(Relaxed);
        if counts {
            seen.largest_lateness = seen.largest_lateness.max(now().since(due));
        }
        for (n, phone) in phones.iter_mut().enumerate().filter(|(n, _)| n % PHASES == turn % PHASES)
        {
            phone.say(targets[n])?;
        }
        let clock = ArrivalClock::read();
        poller.ready(&mut ready);
        for n in ready.drain(..) {
            phones[n as usize].hear(&mut inbox, &clock, counts.then_some(&mut seen.gaps));
        }
        if done.load(Relaxed) {
            break;
        }
    }
    Ok(seen)
}

impl Phone {
    fn say(&mut self, target: SocketAddr) -> std::io::Result<()> {
        let mut datagram = Vec::with_capacity(172);
        self.sequence = self.sequence.wrapping_add(1);
        RtpPacket {
            marker: false,
            payload_type: self.codec.payload_type(),
            sequence: self.sequence,
            timestamp: u32::from(self.sequence).wrapping_mul(160),
            ssrc: Ssrc(u32::from(self.address.port())),
            csrcs: Default::default(),
            extension: None,
            payload: &[0x42; 160],
        }
        .write(&mut datagram);
        if let Some(sender) = &mut self.protects {
            sender.protect(&mut datagram).expect("a key is good for more");
        }
        self.socket.send(&datagram, &target.into())
    }

    fn hear(
        &mut self,
        inbox: &mut Inbox,
        clock: &ArrivalClock,
        mut gaps: Option<&mut Vec<Duration>>,
    ) {
        let Self { socket, last, protects, .. } = self;
        let tag = protects.as_ref().map_or(0, |it| it.suite().tag_len());
        inbox.receive(socket, clock, |datagram| {
            if datagram.bytes.len() != 172 + tag {
                return; // RTCP
            }
            if let (Some(gaps), Some(last)) = (&mut gaps, *last) {
                gaps.push(datagram.arrival.since(last));
            }
            *last = Some(datagram.arrival);
        });
    }
}

/// The agents: take what the callers said, and speak all the time. How many messages there were.
fn answer(engine: &Engine, legs: &[LegHandle], load: &Load, done: &AtomicBool) -> u64 {
    let bytes = load.format.rate().samples_in(DELTA) * load.format.width();
    let delta = format!(
        r#"{{"type":"response.output_audio.delta","event_id":"event_1","response_id":"resp_1","item_id":"item_1","output_index":0,"content_index":0,"delta":"{}"}}"#,
        "QUJD".repeat(bytes / 3)
    );
    let say = |legs: &mut dyn Iterator<Item = &LegHandle>| {
        legs.for_each(|leg| assert!(leg.receive_message(delta.as_bytes())));
    };
    (0..5).for_each(|_| say(&mut legs.iter())); // a second ahead, as agents are
    let (mut appends, mut turn, start) = (0, 0usize, now());
    let turns = (DELTA.as_millis() / TICK.as_millis()) as usize;
    while !done.load(Relaxed) {
        if load.stall && turn % 200 == 199 {
            thread::sleep(Duration::from_millis(200));
        }
        engine.take(|_, event| appends += u64::from(matches!(event, EngineEvent::Append(_))));
        say(&mut legs.iter().skip(turn % turns).step_by(turns));
        turn += 1;
        sleep_until(start + TICK * turn as u32);
    }
    appends
}

fn report(
    load: &Load,
    mut seen: Seen,
    before: &BTreeMap<String, Duration>,
    after: &BTreeMap<String, Duration>,
) {
    let share = |name: &str| {
        let spent = after[name].saturating_sub(before[name]).as_secs_f64();
        100.0 * spent / load.time.as_secs_f64() / load.calls as f64
    };
    let Load { calls, time, codec, format, stall, suite } = load;
    println!("{calls} calls, {time:?}, {codec:?}, {format:?}, stall: {stall}, SRTP: {suite:?}");
    println!(
        "share of a core a call: engine {:.4} %, reading and decoding messages {:.4} %",
        share("fourwire-media"),
        share("agent")
    );
    seen.gaps.sort_unstable();
    let at = |share: f64| {
        seen.gaps
            .get(((seen.gaps.len() as f64 * share) as usize).min(seen.gaps.len().saturating_sub(1)))
    };
    println!(
        "{} gaps between packets: p1 {:?}, p50 {:?}, p99 {:?}, p99.9 {:?}, max {:?}",
        seen.gaps.len(),
        at(0.01),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
    println!("the phones themselves were late by at most {:?}", seen.largest_lateness);
}

fn tell_counters(legs: &[LegHandle], appends: u64) {
    let mut sums = BTreeMap::new();
    for (name, value) in legs.iter().flat_map(LegHandle::counters) {
        *sums.entry(name).or_insert(0) += value;
    }
    sums.retain(|name, value| *value > 0 && !name.ends_with("_us"));
    println!("{appends} messages to the agents; of all legs: {sums:?}");
}

/// The time each thread of this process has run, by its name.
fn cpu_by_thread() -> std::io::Result<BTreeMap<String, Duration>> {
    let mut times = BTreeMap::new();
    for task in fs::read_dir("/proc/self/task")? {
        let path = task?.path();
        let name = fs::read_to_string(path.join("comm"))?.trim().to_owned();
        let spent = fs::read_to_string(path.join("schedstat"))?;
        let nanos = spent.split(' ').next().and_then(|it| it.parse().ok()).unwrap_or(0);
        *times.entry(name).or_default() += Duration::from_nanos(nanos);
    }
    Ok(times)
}
