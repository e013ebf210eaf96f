//! SRTP around a leg's packets: what leaves is protected, what comes is heard only if it is genuine
//! (RFC 3711).

use fourwire::wire::srtp::{MasterKey, SrtpError, SrtpReceiver, SrtpSender};

use crate::counters::LineCounters;
use crate::socket::LONGEST_DATAGRAM;

/// The master keys of a call, one a direction, as SDES gives them (RFC 4568).
#[derive(Clone, Debug, PartialEq)]
pub struct SrtpKeys {
    /// Of what we send: the key in our description.
    pub send: MasterKey,
    /// Of what comes: the key in theirs.
    pub receive: MasterKey,
}

/// Whether a call's packets are protected, and how.
#[derive(Debug, Default)]
pub(crate) struct Security(Option<Box<Ends>>);

#[derive(Debug)]
struct Ends {
    keys: SrtpKeys,
    sender: SrtpSender,
    receiver: SrtpReceiver,
    /// The receiver of the key before, for packets that were on their way when it changed.
    last: Option<SrtpReceiver>,
    packet: Vec<u8>,
}

impl Security {
    pub(crate) fn new(keys: Option<SrtpKeys>) -> Self {
        Self(keys.map(|keys| Box::new(Ends::new(keys))))
    }

    /// Goes by the keys of a new offer and answer. A key that stays is gone on with where it was:
    /// to begin it anew would use its keystream twice (RFC 3711 §9.1).
    pub(crate) fn rekey(&mut self, keys: Option<SrtpKeys>) {
        match (&mut self.0, keys) {
            (Some(ends), Some(keys)) => ends.rekey(keys),
            (ends, keys) => *ends = keys.map(|keys| Box::new(Ends::new(keys))),
        }
    }

    /// Whether there are keys, so that all that is heard is known to be the caller's.
    pub(crate) const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// `packet` of RTP as it goes on the wire; `None`, and counted, where the key is used up.
    pub(crate) fn protect<'a>(
        &'a mut self,
        packet: &'a [u8],
        counters: &mut LineCounters,
    ) -> Option<&'a [u8]> {
        self.sealed(packet, counters, SrtpSender::protect)
    }

    /// `packet` of RTCP, as [`protect`](Self::protect).
    pub(crate) fn protect_rtcp<'a>(
        &'a mut self,
        packet: &'a [u8],
        counters: &mut LineCounters,
    ) -> Option<&'a [u8]> {
        self.sealed(packet, counters, SrtpSender::protect_rtcp)
    }

    /// What `datagram` on the RTP port holds, RTCP that shares it included (RFC 5761 §4); `None`,
    /// and counted, where it is not genuine and new.
    pub(crate) fn unprotect<'a>(
        &mut self,
        datagram: &'a mut [u8],
        counters: &mut LineCounters,
    ) -> Option<&'a [u8]> {
        if is_rtcp(datagram) {
            return self.unprotect_rtcp(datagram, counters);
        }
        self.opened(datagram, counters, |end, it| end.unprotect(it).map(|plain| plain.len()))
    }

    /// What `datagram` of RTCP holds, as [`unprotect`](Self::unprotect).
    pub(crate) fn unprotect_rtcp<'a>(
        &mut self,
        datagram: &'a mut [u8],
        counters: &mut LineCounters,
    ) -> Option<&'a [u8]> {
        self.opened(datagram, counters, |end, it| end.unprotect_rtcp(it).map(|plain| plain.len()))
    }

    fn sealed<'a>(
        &'a mut self,
        packet: &'a [u8],
        counters: &mut LineCounters,
        seal: impl FnOnce(&mut SrtpSender, &mut Vec<u8>) -> Result<(), SrtpError>,
    ) -> Option<&'a [u8]> {
        let Some(ends) = &mut self.0 else { return Some(packet) };
        ends.packet.clear();
        ends.packet.extend_from_slice(packet);
        let outcome = seal(&mut ends.sender, &mut ends.packet);
        counters.srtp_unprotected += u64::from(outcome.is_err());
        outcome.ok().map(|()| &ends.packet[..])
    }

    fn opened<'a>(
        &mut self,
        datagram: &'a mut [u8],
        counters: &mut LineCounters,
        open: impl Fn(&mut SrtpReceiver, &mut [u8]) -> Result<usize, SrtpError>,
    ) -> Option<&'a [u8]> {
        let Some(ends) = &mut self.0 else { return Some(datagram) };
        match ends.open(datagram, open) {
            Ok(length) => Some(&datagram[..length]),
            Err(error) => {
                note(error, counters);
                None
            }
        }
    }
}

impl Ends {
    fn new(keys: SrtpKeys) -> Self {
        let (sender, receiver) = (SrtpSender::new(&keys.send), SrtpReceiver::new(&keys.receive));
        let packet = Vec::with_capacity(LONGEST_DATAGRAM + SrtpSender::MOST_GROWTH);
        Self { keys, sender, receiver, last: None, packet }
    }

    fn rekey(&mut self, keys: SrtpKeys) {
        if keys.send != self.keys.send {
            self.sender = SrtpSender::new(&keys.send);
        }
        if keys.receive != self.keys.receive {
            let next = SrtpReceiver::new(&keys.receive);
            self.last = Some(std::mem::replace(&mut self.receiver, next));
        }
        self.keys = keys;
    }

    /// How long the plain packet in `datagram` is. What a key refuses stays as it came, so that the
    /// key before can be tried; the first packet of the new one ends that.
    fn open(
        &mut self,
        datagram: &mut [u8],
        open: impl Fn(&mut SrtpReceiver, &mut [u8]) -> Result<usize, SrtpError>,
    ) -> Result<usize, SrtpError> {
        let outcome = open(&mut self.receiver, datagram);
        match (&outcome, &mut self.last) {
            (Err(SrtpError::AuthenticationFailed), Some(last)) => open(last, datagram),
            (Ok(_), Some(_)) => {
                self.last = None;
                outcome
            }
            _ => outcome,
        }
    }
}

fn note(error: SrtpError, counters: &mut LineCounters) {
    *match error {
        SrtpError::AuthenticationFailed => &mut counters.srtp_unauthenticated,
        SrtpError::Replayed => &mut counters.srtp_replayed,
        _ => &mut counters.srtp_malformed,
    } += 1;
}

/// Whether `datagram` is RTCP, where both come to one port (RFC 5761 §4): its packet types are those
/// that no payload type with a marker is allowed to look like.
fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fourwire::wire::srtp::Suite;
    use fourwire::wire::{PayloadType, RtpPacket, Ssrc};

    fn key(byte: u8) -> MasterKey {
        MasterKey::new(Suite::AesCm128HmacSha1_80, &[byte; 30]).unwrap()
    }

    fn keys(send: u8, receive: u8) -> Option<SrtpKeys> {
        Some(SrtpKeys { send: key(send), receive: key(receive) })
    }

    fn rtp(sequence: u16) -> Vec<u8> {
        let mut packet = Vec::new();
        RtpPacket::new(PayloadType::PCMU, sequence, 0, Ssrc(7), &[0x55; 160]).write(&mut packet);
        packet
    }

    /// `packet` as it arrives of one who sends with `security`.
    fn sent(security: &mut Security, packet: &[u8]) -> Vec<u8> {
        security.protect(packet, &mut LineCounters::default()).unwrap().to_vec()
    }

    fn heard(security: &mut Security, mut datagram: Vec<u8>) -> (Option<Vec<u8>>, LineCounters) {
        let mut counters = LineCounters::default();
        let plain = security.unprotect(&mut datagram, &mut counters).map(<[u8]>::to_vec);
        (plain, counters)
    }

    #[test]
    fn without_keys_packets_pass_as_they_are() {
        let mut security = Security::new(None);
        assert_eq!(sent(&mut security, &rtp(1)), rtp(1));
        assert_eq!(heard(&mut security, rtp(1)).0, Some(rtp(1)));
    }

    #[test]
    fn what_one_end_protects_the_other_hears_once() {
        let (mut ours, mut theirs) = (Security::new(keys(1, 2)), Security::new(keys(2, 1)));
        let datagram = sent(&mut theirs, &rtp(1));
        assert_ne!(datagram, rtp(1));
        assert_eq!(heard(&mut ours, datagram.clone()).0, Some(rtp(1)));
        let (again, counters) = heard(&mut ours, datagram);
        assert_eq!((again, counters.srtp_replayed), (None, 1));
    }

    #[test]
    fn what_is_in_the_clear_or_of_another_key_is_not_heard() {
        let mut ours = Security::new(keys(1, 2));
        let foreign = sent(&mut Security::new(keys(3, 3)), &rtp(1));
        for forged in [rtp(1), foreign] {
            let (plain, counters) = heard(&mut ours, forged);
            assert_eq!((plain, counters.srtp_unauthenticated), (None, 1));
        }
        assert_eq!(heard(&mut ours, vec![0x80; 5]).1.srtp_malformed, 1);
    }

    #[test]
    fn rtcp_that_shares_the_port_is_told_from_rtp() {
        let (mut ours, mut theirs) = (Security::new(keys(1, 2)), Security::new(keys(2, 1)));
        let report = [0x80, 201, 0, 1, 0, 0, 0, 7];
        let datagram = theirs.protect_rtcp(&report, &mut LineCounters::default()).unwrap().to_vec();
        assert_eq!(heard(&mut ours, datagram).0, Some(report.to_vec()));
    }

    #[test]
    fn a_key_that_stays_is_gone_on_with_and_never_begun_anew() {
        let (mut ours, mut theirs) = (Security::new(keys(1, 2)), Security::new(keys(2, 1)));
        let datagram = sent(&mut theirs, &rtp(1));
        assert!(heard(&mut ours, datagram.clone()).0.is_some());
        ours.rekey(keys(1, 2));
        assert_eq!(heard(&mut ours, datagram).1.srtp_replayed, 1);
    }

    #[test]
    fn what_was_on_its_way_when_the_key_changed_is_heard_until_the_new_one_is_in_use() {
        let (mut ours, mut theirs) = (Security::new(keys(1, 2)), Security::new(keys(2, 1)));
        let [first, late, too_late] = [1, 2, 3].map(|n| sent(&mut theirs, &rtp(n)));
        assert!(heard(&mut ours, first).0.is_some());
        ours.rekey(keys(1, 5));
        assert!(heard(&mut ours, late).0.is_some());
        assert!(heard(&mut ours, sent(&mut Security::new(keys(5, 1)), &rtp(4))).0.is_some());
        assert_eq!(heard(&mut ours, too_late).1.srtp_unauthenticated, 1);
    }

    #[test]
    fn keys_are_never_shown() {
        let shown = format!("{:?} {:?}", keys(77, 78), Security::new(keys(77, 78)));
        assert!(!shown.contains("77") && !shown.contains("78"), "{shown}");
    }
}
