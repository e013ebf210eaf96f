//! Where packets wait whose sender may turn out to be the caller.
//!
//! A caller behind a NAT has to show a few packets before it is believed. They are the beginning of
//! what it says, so they are heard then, in their order.

use std::net::SocketAddr;

use fourwire::Moment;

use crate::socket::LONGEST_DATAGRAM;

/// The last few packets of the source that is on probation.
#[derive(Debug, Default)]
pub(crate) struct Anteroom {
    source: Option<SocketAddr>,
    packets: Vec<(Moment, Vec<u8>)>,
}

impl Anteroom {
    /// Lets `packet` wait; those of any other source go. Beyond the brim the eldest does.
    pub(crate) fn seat(&mut self, source: SocketAddr, arrival: Moment, packet: &[u8]) {
        if self.source != Some(source) {
            self.packets.clear();
            self.source = Some(source);
        }
        if self.packets.len() == SEATS {
            self.packets.remove(0);
        }
        self.packets.push((arrival, packet[..packet.len().min(LONGEST_DATAGRAM)].to_vec()));
    }

    /// Those that wait of `source`, which is believed from now on; all others are shown out, and
    /// the room is given back.
    pub(crate) fn call_in(&mut self, source: SocketAddr) -> Vec<(Moment, Vec<u8>)> {
        let Self { source: seated, packets } = std::mem::take(self);
        if seated == Some(source) { packets } else { Vec::new() }
    }
}

/// Packets that wait at the most: those that a source of another host has to show, but the last,
/// and one that was lost in between.
const SEATS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("a test's address")
    }

    #[test]
    fn who_is_believed_is_heard_from_its_first_packets_in_their_order() {
        let (mut room, caller) = (Anteroom::default(), at("198.51.100.7:30000"));
        for n in 0..3 {
            room.seat(caller, Moment::from_millis(20 * n), &[n as u8]);
        }
        let heard: Vec<_> = room.call_in(caller).into_iter().map(|(_, packet)| packet).collect();
        assert_eq!(heard, [[0], [1], [2]]);
        assert!(room.call_in(caller).is_empty());
    }

    #[test]
    fn nobody_is_heard_for_somebody_else_and_the_room_has_a_brim() {
        let (mut room, caller) = (Anteroom::default(), at("198.51.100.7:30000"));
        room.seat(at("203.0.113.9:5555"), Moment::default(), &[9]);
        for n in 0..9 {
            room.seat(caller, Moment::default(), &[n]);
        }
        assert_eq!(room.packets.len(), SEATS);
        assert!(room.call_in(at("203.0.113.9:5555")).is_empty());
    }
}
