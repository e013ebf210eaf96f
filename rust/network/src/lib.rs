//! A bad network as a value: packets go in when they are sent and come out when they arrive, if
//! they do.
//!
//! Nothing here reads a clock, and nothing is random but by the seed: time is a [`Duration`] after
//! an origin of the caller's choosing, and the same seed with the same sending times gives the same
//! arrivals on every machine. For that, no function of the system's mathematics library is called,
//! as those differ between machines in the last bit.
//!
//! ```
//! use std::time::Duration;
//! use fourwire_network::{Conditions, Network};
//!
//! let mut network = Network::new(Conditions::named("wifi").unwrap(), 7);
//! for number in 0..50u32 {
//!     network.send(Duration::from_millis(20) * number, number);
//! }
//! while let Some(due) = network.deadline() {
//!     let (arrival, number) = network.poll(due).unwrap();
//!     println!("packet {number} came {} ms after the first was sent", arrival.as_millis());
//! }
//! ```
//!
//! [`Duration`]: std::time::Duration

#![forbid(unsafe_code)]

mod conditions;
mod jitter;
mod loss;
mod network;
mod path;
mod profiles;
mod random;
mod share;
mod stalls;

pub use conditions::{Conditions, Duplication, Reordering, Skew};
pub use jitter::Jitter;
pub use loss::Loss;
pub use network::{Counters, MOST_UNDER_WAY, Network, arrivals};
pub use path::{Fate, Path};
pub use profiles::{PROFILES, Profile};
pub use random::Random;
pub use share::Share;
pub use stalls::{Pattern, Stalls};
