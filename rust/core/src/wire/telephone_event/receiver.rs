//! Of many packets about one key, one report.

use std::time::Duration;

use super::{EVENT_LEN, Key, TelephoneEvent};
use crate::{ClockRate, Moment};

/// After how long without a packet a key counts as released.
///
/// Events are updated every 20–50 ms and each end is sent three times, so a pause of this length
/// means that all ends were lost (RFC 4733 §2.6.2 leaves the length to the receiver).
const RELEASED_AFTER: Duration = Duration::from_millis(200);

/// The longest duration a packet can tell; a longer event goes on in a new segment, whose
/// timestamp lies this much later (RFC 4733 §2.5.1.3).
const SEGMENT: u32 = 0xFFFF;

/// How many finished events are remembered, to know their stragglers by.
const REMEMBERED: usize = 4;

/// How many presses can wait to be taken; two keys end in one packet at the most likely.
const WAITING: usize = 4;

/// A key that was pressed and released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPress {
    /// Which.
    pub key: Key,
    /// For how long it was down, as far as its packets told.
    pub duration: Duration,
}

/// Hears the keys a caller presses; each press is reported once, when it has ended.
///
/// A press ends with the first packet that has the end bit, with the first packet of another
/// press, or when its packets stop coming. Of a press whose beginning was lost, any packet will
/// do. Packets that repeat what was reported are ignored.
///
/// ```
/// use fourwire::wire::KeyReceiver;
/// use fourwire::{ClockRate, Moment};
///
/// let mut keys = KeyReceiver::new(ClockRate::Hz8000);
/// let now = Moment::from_millis(0);
/// keys.receive(now, 8000, true, &[1, 10, 0, 160]);
/// assert!(keys.poll(now).is_none()); // still down
/// keys.receive(now, 8000, false, &[1, 0x8A, 0x03, 0x20]);
/// keys.receive(now, 8000, false, &[1, 0x8A, 0x03, 0x20]);
///
/// let press = keys.poll(now).unwrap();
/// assert_eq!((press.key.digit(), press.duration.as_millis()), ('1', 100));
/// assert!(keys.poll(now).is_none()); // once
/// ```
#[derive(Clone, Debug)]
pub struct KeyReceiver {
    clock_rate: ClockRate,
    down: Option<Press>,
    finished: [Option<Identity>; REMEMBERED],
    waiting: [Option<KeyPress>; WAITING],
    dropped: u64,
}

impl KeyReceiver {
    /// Hears events whose timestamps run at `clock_rate`.
    pub fn new(clock_rate: ClockRate) -> Self {
        Self {
            clock_rate,
            down: None,
            finished: [None; REMEMBERED],
            waiting: [None; WAITING],
            dropped: 0,
        }
    }

    /// Hears one packet's payload, which may hold several events, each beginning where the one
    /// before it ends (RFC 4733 §2.5.1.5). Afterwards call [`poll`](Self::poll).
    ///
    /// Events that are not keys are ignored, and so is what is left of a payload that ends within
    /// an event.
    pub fn receive(&mut self, arrival: Moment, timestamp: u32, marker: bool, payload: &[u8]) {
        let mut start = timestamp;
        for event in payload.chunks_exact(EVENT_LEN).filter_map(TelephoneEvent::parse) {
            if let Some(key) = Key::of_event(event.event) {
                self.hear(arrival, Identity { key, start }, marker, event);
            }
            start = start.wrapping_add(u32::from(event.duration));
        }
    }

    /// The next press that has ended by `now`; call until `None`.
    pub fn poll(&mut self, now: Moment) -> Option<KeyPress> {
        if self.deadline().is_some_and(|due| due <= now) {
            self.release();
        }
        let press = self.waiting[0].take()?;
        self.waiting.rotate_left(1);
        Some(press)
    }

    /// When to poll although nothing has come.
    pub fn deadline(&self) -> Option<Moment> {
        self.down.map(|press| press.heard + RELEASED_AFTER)
    }

    /// Forgets the packets heard, because another stream of timestamps begins; a key that is down
    /// is reported.
    pub fn restart(&mut self) {
        self.release();
        self.finished = [None; REMEMBERED];
    }

    /// Durations are told by another clock from now on; a key that is down is reported.
    pub fn change_clock(&mut self, clock_rate: ClockRate) {
        self.restart();
        self.clock_rate = clock_rate;
    }

    /// Presses that nobody took in time.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn hear(&mut self, arrival: Moment, who: Identity, marker: bool, event: TelephoneEvent) {
        if self.is_finished(who, marker) {
            return;
        }
        match &mut self.down {
            Some(press) if press.segment == who => press.grow(event.duration),
            Some(press) if press.segment.continues_in(who, marker) => press.go_on(who, event),
            Some(press) if press.segment.follows(who) => return, // A straggler of a lost press.
            _ => {
                self.release();
                self.down = Some(Press::new(who, event.duration, arrival));
            }
        }
        if event.end {
            self.release();
        } else if let Some(press) = &mut self.down {
            press.heard = arrival;
        }
    }

    /// Whether `who` was reported, or goes on a press that was.
    fn is_finished(&mut self, who: Identity, marker: bool) -> bool {
        let known = self.finished.iter().flatten();
        if known.clone().any(|&past| past == who) {
            return true;
        }
        let goes_on = known.clone().any(|past| past.continues_in(who, marker));
        if goes_on {
            self.remember(who);
        }
        goes_on
    }

    fn release(&mut self) {
        let Some(press) = self.down.take() else { return };
        self.remember(press.segment);
        let duration = self.clock_rate.duration_of(press.before + u64::from(press.duration));
        match self.waiting.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(KeyPress { key: press.segment.key, duration }),
            None => self.dropped += 1,
        }
    }

    fn remember(&mut self, who: Identity) {
        self.finished.rotate_right(1);
        self.finished[0] = Some(who);
    }
}

/// What tells one segment of an event from another: its timestamp, and its key for the sake of
/// senders that change the key and keep the timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    key: Key,
    start: u32,
}

impl Identity {
    /// Whether `other` is the next segment of the same press.
    fn continues_in(self, other: Self, marker: bool) -> bool {
        !marker && self.key == other.key && other.start == self.start.wrapping_add(SEGMENT)
    }

    /// Whether this began shortly after `other`: within one segment, as far as a packet can stray.
    fn follows(self, other: Self) -> bool {
        (1..=SEGMENT).contains(&self.start.wrapping_sub(other.start))
    }
}

/// A key that is down.
#[derive(Clone, Copy, Debug)]
struct Press {
    segment: Identity,
    /// How long the segments before this one lasted, in clock periods.
    before: u64,
    /// How long this segment has lasted.
    duration: u16,
    heard: Moment,
}

impl Press {
    const fn new(segment: Identity, duration: u16, heard: Moment) -> Self {
        Self { segment, before: 0, duration, heard }
    }

    /// A packet out of order tells less than is known.
    fn grow(&mut self, duration: u16) {
        self.duration = self.duration.max(duration);
    }

    fn go_on(&mut self, segment: Identity, event: TelephoneEvent) {
        self.before += u64::from(SEGMENT);
        self.segment = segment;
        self.duration = event.duration;
    }
}
