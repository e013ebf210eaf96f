//! Where a packet stands among all that a key protects.

/// What no two packets of a key have in common: whose a packet is, and which of these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    ssrc: u32,
    index: u64,
    is_rtcp: bool,
}

impl Position {
    /// The position of an RTP packet.
    pub(super) const fn rtp(ssrc: u32, index: u64) -> Self {
        Self { ssrc, index, is_rtcp: false }
    }

    /// The position of an RTCP packet.
    pub(super) const fn rtcp(ssrc: u32, index: u64) -> Self {
        Self { ssrc, index, is_rtcp: true }
    }

    /// Whether it is an RTCP packet's.
    pub(super) const fn is_rtcp(self) -> bool {
        self.is_rtcp
    }

    /// Sender and index in the places that RFC 7714 §8.1 and §9.1 give them. RFC 3711 §4.1.1 has
    /// the same, two bytes to the right.
    pub(super) fn nonce(self) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.index.to_be_bytes());
        nonce[2..6].copy_from_slice(&self.ssrc.to_be_bytes());
        nonce
    }

    /// The word that is authenticated beside the packet: RTP's roll-over counter, which is not sent
    /// (RFC 3711 §4.2), or RTCP's index below the bit that says it is encrypted (RFC 3711 §3.4).
    pub(super) fn word(self) -> [u8; 4] {
        let word = if self.is_rtcp { ENCRYPTED | self.index as u32 } else { self.roll_over() };
        word.to_be_bytes()
    }

    const fn roll_over(self) -> u32 {
        (self.index >> 16) as u32
    }
}

/// The bit E of an SRTCP packet.
pub(super) const ENCRYPTED: u32 = 1 << 31;
