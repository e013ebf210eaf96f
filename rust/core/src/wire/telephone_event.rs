//! Keys pressed on a telephone, as RTP events (RFC 4733).
//!
//! One key is many packets with one timestamp: the first has the marker, each tells how long the
//! key has been down, and the last is sent three times with the end bit:
//!
//! ```text
//! timestamp  8000      8000  8000  8000E 8000E 8000E        16000 …
//! duration   160 M     320   480   640   640   640          160 M
//!            ├───────── tone ─────────┤                     ├──
//! ```
//!
//! [`KeyReceiver`] makes one [`KeyPress`] of them whatever is lost, repeated or reordered;
//! [`KeySender`] makes the packets of keys to press.

mod receiver;
mod sender;

pub use receiver::{KeyPress, KeyReceiver};
pub use sender::{KeyPacket, KeySender, QueueFull};

use std::fmt;

/// Bytes of one event in a payload (RFC 4733 §2.3).
pub const EVENT_LEN: usize = 4;

/// A key of a telephone (RFC 4733 §3.2): `0`–`9`, `*`, `#`, `A`–`D`, or the flash of the hook,
/// written `!`.
///
/// ```
/// use fourwire::wire::Key;
/// assert_eq!(Key::new('#').map(Key::event), Some(11));
/// assert_eq!(Key::of_event(16), Some(Key::FLASH));
/// assert_eq!(Key::new('x'), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u8);

/// The keys in the order of their event codes (RFC 4733 §3.2, table 3).
const KEYS: [char; 17] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D', '!'];

impl Key {
    /// The hook, pressed for a moment.
    pub const FLASH: Self = Self(16);

    /// The key written `digit`, in either case; `None` where no key is.
    pub fn new(digit: char) -> Option<Self> {
        let place = KEYS.iter().position(|&key| key == digit.to_ascii_uppercase())?;
        Some(Self(place as u8))
    }

    /// The key of an event code; `None` where the event is not a key.
    pub const fn of_event(event: u8) -> Option<Self> {
        if (event as usize) < KEYS.len() { Some(Self(event)) } else { None }
    }

    /// Its event code, below 17.
    pub const fn event(self) -> u8 {
        self.0
    }

    /// The character on the key; `!` for the flash.
    pub const fn digit(self) -> char {
        KEYS[self.0 as usize]
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digit().fmt(f)
    }
}

/// What one packet says about an event (RFC 4733 §2.3).
///
/// ```
/// use fourwire::wire::TelephoneEvent;
/// let event = TelephoneEvent::parse(&[5, 0x8A, 0x03, 0x20]).unwrap();
/// assert_eq!((event.event, event.end, event.volume, event.duration), (5, true, 10, 800));
/// assert_eq!(event.to_bytes(), [5, 0x8A, 0x03, 0x20]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// The event code; 0–16 are keys.
    pub event: u8,
    /// Whether the event is over.
    pub end: bool,
    /// Power of the tone in dBm0, its sign dropped: 0–63, larger is quieter.
    pub volume: u8,
    /// How long the event has lasted, in periods of the RTP clock.
    pub duration: u16,
}

impl TelephoneEvent {
    /// The first event of `payload`; `None` where fewer than four bytes are left.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [event, flags, high, low] = *payload.first_chunk::<EVENT_LEN>()?;
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3F, // The bit between is reserved and ignored (§2.3.4).
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The event as a payload; a volume above 63 is written as 63.
    pub fn to_bytes(self) -> [u8; EVENT_LEN] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, u8::from(self.end) << 7 | self.volume.min(63), high, low]
    }
}
