//! Keys to press, as the packets that press them.

use std::collections::VecDeque;
use std::time::Duration;

use super::{EVENT_LEN, Key, TelephoneEvent};
use crate::ClockRate;

/// How many keys can wait: more than anyone dials, and few enough to bound the memory of a leg.
const MOST_QUEUED: usize = 128;

/// How often the end of an event is sent, so that the loss of one packet does not matter
/// (RFC 4733 §2.5.1.4).
const ENDS: u8 = 3;

/// The longest duration a packet can tell (RFC 4733 §2.5.1.3).
const SEGMENT: u32 = 0xFFFF;

/// Power of the tones in dBm0, its sign dropped: what telephones commonly send.
const VOLUME: u8 = 10;

/// One packet of a key: takes the place of the audio of one packet time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPacket {
    /// Set on the first packet of a press.
    pub marker: bool,
    /// The timestamp to send it with: where the press, or this segment of it, began.
    pub timestamp: u32,
    /// The payload.
    pub payload: [u8; EVENT_LEN],
}

/// Presses keys, one after the other.
///
/// Polled once a packet time with the timestamp that audio would have; while it gives packets,
/// these go out instead of audio.
///
/// ```
/// use std::time::Duration;
/// use fourwire::ClockRate;
/// use fourwire::wire::{Key, KeySender};
///
/// let mut keys = KeySender::new(ClockRate::Hz8000, Duration::from_millis(20));
/// keys.queue(Key::new('5').unwrap(), Duration::from_millis(40), Duration::from_millis(40));
///
/// let packets: Vec<_> = (0..6).map_while(|tick| keys.poll(8000 + tick * 160)).collect();
/// assert_eq!(packets.len(), 4); // 20 ms; 40 ms with the end bit, three times
/// assert!(packets.iter().all(|packet| packet.timestamp == 8000));
/// assert_eq!(packets[3].payload, [5, 0x8A, 0x01, 0x40]);
/// ```
#[derive(Clone, Debug)]
pub struct KeySender {
    clock_rate: ClockRate,
    packet_samples: u32,
    queue: VecDeque<Order>,
    pressed: Option<Pressed>,
}

/// The queue is full: the key was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

impl std::fmt::Display for QueueFull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{MOST_QUEUED} keys wait to be pressed, no more are taken")
    }
}

impl std::error::Error for QueueFull {}

impl KeySender {
    /// Presses no key yet. Timestamps run at `clock_rate`; `packet_time` is how often it is polled.
    pub fn new(clock_rate: ClockRate, packet_time: Duration) -> Self {
        Self {
            clock_rate,
            packet_samples: packet_samples(clock_rate, packet_time),
            queue: VecDeque::with_capacity(MOST_QUEUED),
            pressed: None,
        }
    }

    /// From now on it is polled every `packet_time`.
    pub fn set_packet_time(&mut self, packet_time: Duration) {
        self.packet_samples = packet_samples(self.clock_rate, packet_time);
    }

    /// From now on timestamps run at `clock_rate`. Keys that wait keep their length; one that is
    /// down is let go without a word, for its timestamp means nothing any more.
    pub fn change_clock(&mut self, clock_rate: ClockRate, packet_time: Duration) {
        let (from, to) = (self.clock_rate.hertz(), clock_rate.hertz());
        for order in &mut self.queue {
            order.tone = (u64::from(order.tone) * u64::from(to) / u64::from(from)) as u32;
            order.gap = (u64::from(order.gap) * u64::from(to) / u64::from(from)) as u32;
        }
        if from != to {
            self.let_go();
        }
        self.clock_rate = clock_rate;
        self.set_packet_time(packet_time);
    }

    /// Lets go of a key that is down without a word: the stream that it was pressed in is over.
    pub fn let_go(&mut self) {
        self.pressed = None;
    }

    /// Adds a key, down for `tone` (at least one packet time) and followed by `gap`.
    ///
    /// The gap is at least the two packet times that the repeated ends take.
    pub fn queue(&mut self, key: Key, tone: Duration, gap: Duration) -> Result<(), QueueFull> {
        if self.queue.len() == MOST_QUEUED {
            return Err(QueueFull);
        }
        let tone = self.samples(tone).max(self.packet_samples);
        self.queue.push_back(Order { key, tone, gap: self.samples(gap) });
        Ok(())
    }

    /// The packet of the packet time that begins at `timestamp`; `None` where it belongs to audio.
    pub fn poll(&mut self, timestamp: u32) -> Option<KeyPacket> {
        if self.pressed.is_some_and(|pressed| pressed.is_over(timestamp)) {
            self.pressed = None;
        }
        if self.pressed.is_none() {
            self.pressed = Some(Pressed::new(self.queue.pop_front()?, timestamp));
        }
        self.pressed.as_mut()?.next_packet(timestamp, self.packet_samples)
    }

    /// Whether a key is pressed, followed by its gap, or waits.
    pub fn is_busy(&self) -> bool {
        self.pressed.is_some() || !self.queue.is_empty()
    }

    /// Drops the keys that wait; one that is pressed goes on, so that its end is heard.
    pub fn clear(&mut self) {
        self.queue.clear();
    }

    fn samples(&self, span: Duration) -> u32 {
        self.clock_rate.samples_in(span.min(Duration::from_secs(600))) as u32
    }
}

fn packet_samples(clock_rate: ClockRate, packet_time: Duration) -> u32 {
    clock_rate.samples_in(packet_time).max(1) as u32
}

/// A key that waits; spans in samples.
#[derive(Clone, Copy, Debug)]
struct Order {
    key: Key,
    tone: u32,
    gap: u32,
}

/// A key that is pressed, or was: its gap is not over.
#[derive(Clone, Copy, Debug)]
struct Pressed {
    order: Order,
    /// The timestamp at which the key went down.
    start: u32,
    /// How much of the tone earlier segments have told.
    told: u32,
    begun: bool,
    ends: u8,
}

impl Pressed {
    const fn new(order: Order, start: u32) -> Self {
        Self { order, start, told: 0, begun: false, ends: 0 }
    }

    fn is_over(&self, timestamp: u32) -> bool {
        self.ends == ENDS && timestamp.wrapping_sub(self.start) >= self.order.tone + self.order.gap
    }

    fn next_packet(&mut self, timestamp: u32, packet_samples: u32) -> Option<KeyPacket> {
        if self.ends == ENDS {
            return None;
        }
        let down = timestamp.wrapping_sub(self.start).saturating_add(packet_samples);
        let untold = down.min(self.order.tone) - self.told;
        let end = down >= self.order.tone && untold <= SEGMENT;
        self.ends += u8::from(end);
        let packet = self.packet(untold.min(SEGMENT) as u16, end);
        if untold > SEGMENT {
            self.told += SEGMENT; // The next packet begins a segment.
        }
        self.begun = true;
        Some(packet)
    }

    fn packet(&self, duration: u16, end: bool) -> KeyPacket {
        let event = TelephoneEvent { event: self.order.key.event(), end, volume: VOLUME, duration };
        KeyPacket {
            marker: !self.begun,
            timestamp: self.start.wrapping_add(self.told),
            payload: event.to_bytes(),
        }
    }
}
