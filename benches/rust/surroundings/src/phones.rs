//! Phones: each sends a packet of RTP every 20 ms, and knows when each came that it is sent.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use crate::call::{Call, MARKS, payload};
use crate::figures::Figures;
use crate::kernel::{self, BATCH, Inbox};

const PACKET_TIME: Duration = Duration::from_millis(20);

/// Phones that share a socket; who is called is known by where a packet comes from.
///
/// One socket for each would cost this program more than all else that it does.
const A_SOCKET: usize = 50;

/// Room for all that comes to a socket while this program is held up for a second.
const ROOM: libc::c_int = 4 << 20;

const SILENCE: u8 = 0xFF;

/// No phone has this number.
const NOBODY: u16 = u16::MAX;

/// All phones.
pub struct Phones {
    lines: Vec<Line>,
    remotes: Vec<SocketAddrV4>,
    by_port: Vec<u16>,
    payloads: [[u8; 160]; MARKS],
    batch: Vec<([u8; 172], SocketAddrV4)>,
    inbox: Inbox,
    turns: Turns,
}

/// Whose packet is due when: all phones by turns, evenly spread over the packet time.
pub struct Turns {
    start: Instant,
    phones: usize,
    sent: usize,
}

impl Turns {
    pub fn new(start: Instant, phones: usize) -> Self {
        Self { start, phones, sent: 0 }
    }

    /// The phone whose packet is due.
    pub fn peek(&self, now: Instant) -> Option<usize> {
        (self.phones > 0 && self.due() <= now).then(|| self.sent % self.phones)
    }

    /// The phone whose packet is due, the number of that packet, and how late it is.
    pub fn next(&mut self, now: Instant) -> Option<(usize, usize, Duration)> {
        let phone = self.peek(now)?;
        let (round, late) = (self.sent / self.phones, now - self.due());
        self.sent += 1;
        Some((phone, round, late))
    }

    fn due(&self) -> Instant {
        let (round, phone) = (self.sent / self.phones, self.sent % self.phones);
        self.start + PACKET_TIME * round as u32 + PACKET_TIME * phone as u32 / self.phones as u32
    }
}

/// Whether there is anything but silence in µ-law.
pub fn is_speech(audio: &[u8]) -> bool {
    audio.iter().any(|&byte| byte != SILENCE)
}

/// A port for RTP and the one above it for reports, which nobody reads.
struct Line {
    rtp: UdpSocket,
    _reports: UdpSocket,
}

impl Phones {
    pub fn new(calls: usize) -> io::Result<Self> {
        let lines = calls.div_ceil(A_SOCKET);
        Ok(Self {
            lines: (0..lines).map(|_| Line::open()).collect::<io::Result<_>>()?,
            remotes: Vec::new(),
            by_port: vec![NOBODY; 1 << 16],
            payloads: std::array::from_fn(payload),
            batch: Vec::with_capacity(BATCH),
            inbox: Inbox::new(),
            turns: Turns::new(Instant::now(), 0),
        })
    }

    /// The port of the phone of each call.
    pub fn ports(&self, calls: usize) -> io::Result<Vec<u16>> {
        let lines = (0..calls).map(|call| &self.lines[call / A_SOCKET]);
        lines.map(|line| Ok(line.rtp.local_addr()?.port())).collect()
    }

    /// Calls these ports, one for each phone.
    pub fn start(&mut self, ports: &[u16], now: Instant) {
        for (call, &port) in ports.iter().enumerate() {
            self.by_port[usize::from(port)] = call as u16;
        }
        self.remotes =
            ports.iter().map(|&port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).collect();
        self.turns = Turns::new(now, ports.len());
    }

    /// Sends all packets that are due, evenly spread over the packet time.
    pub fn send_due(&mut self, now: Instant, calls: &mut [Call], figures: &mut Figures) {
        while let Some(first) = self.turns.peek(now) {
            let line = first / A_SOCKET;
            let at = kernel::now_ns();
            self.batch.clear();
            while self.batch.len() < BATCH
                && self.turns.peek(now).is_some_and(|call| call / A_SOCKET == line)
                && let Some((call, round, late)) = self.turns.next(now)
            {
                figures.late.note_ns(late.as_nanos() as u64);
                calls[call].sent_at[round % MARKS] = at;
                self.batch.push((self.packet(call, round), self.remotes[call]));
            }
            figures.unsent += self.batch.len() - self.leave(line);
        }
    }

    /// Notes all packets that have come.
    pub fn take(&mut self, calls: &mut [Call], figures: &mut Figures) {
        for line in &self.lines {
            let by_port = &self.by_port;
            let mut note = |port: u16, at: u64, packet: &[u8]| {
                let call = by_port[usize::from(port)];
                if call == NOBODY || packet.len() < 12 || packet[1] & 0x7F != 0 {
                    return;
                }
                figures.to_phone_bytes += packet.len() - 12;
                let is_speech = is_speech(&packet[12..]);
                if let Some(gap) = calls[usize::from(call)].hear(at, is_speech) {
                    figures.gaps.note_ns(gap);
                }
            };
            while matches!(self.inbox.take(&line.rtp, &mut note), Ok(BATCH)) {}
        }
    }

    /// Gives the batch to the kernel; gives how much of it left.
    fn leave(&self, line: usize) -> usize {
        let mut left = 0;
        while left < self.batch.len() {
            match kernel::send(&self.lines[line].rtp, &self.batch[left..]) {
                Ok(count) => left += count,
                // Where nobody is any more, the kernel says so once and takes the packet next time.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(_) => break,
            }
        }
        left
    }

    fn packet(&self, call: usize, round: usize) -> [u8; 172] {
        let mut packet = [0; 172];
        packet[0] = 0x80;
        packet[2..4].copy_from_slice(&(round as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&(round as u32).wrapping_mul(160).to_be_bytes());
        packet[8..12].copy_from_slice(&(0x1_0000 + call as u32).to_be_bytes());
        packet[12..].copy_from_slice(&self.payloads[round % MARKS]);
        packet
    }
}

impl Line {
    fn open() -> io::Result<Self> {
        loop {
            let rtp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            let Some(above) = rtp.local_addr()?.port().checked_add(1) else { continue };
            let Ok(reports) = UdpSocket::bind((Ipv4Addr::LOCALHOST, above)) else { continue };
            kernel::stamp_arrivals(&rtp)?;
            kernel::make_room(&rtp, ROOM)?;
            return Ok(Self { rtp, _reports: reports });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_take_turns_evenly_over_the_packet_time() {
        let start = Instant::now();
        let mut turns = Turns::new(start, 4);
        let later = start + Duration::from_millis(26);
        let taken: Vec<_> = std::iter::from_fn(|| turns.next(later)).collect();
        let late = |ms| Duration::from_millis(ms);
        assert_eq!(taken[..2], [(0, 0, late(26)), (1, 0, late(21))]);
        assert_eq!(taken[4..], [(0, 1, late(6)), (1, 1, late(1))]);
    }
}
