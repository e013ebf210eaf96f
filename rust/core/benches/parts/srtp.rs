//! What protects a packet, and lets it through. Callgrind knows no SHA instructions: what it counts of
//! HMAC-SHA1 is the portable way.

use std::hint::black_box;

use fourwire::wire::srtp::{MasterKey, SrtpReceiver, SrtpSender, Suite};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};

use super::Look;

pub(super) fn all(look: Look<'_>) {
    for suite in [Suite::AesCm128HmacSha1_80, Suite::AeadAes128Gcm] {
        let key = MasterKey::new(suite, &vec![7; Suite::KEY_LEN + suite.salt_len()]).unwrap();
        protect(look, &key);
        unprotect(look, &key);
    }
}

/// A number is protected once in the life of a key, so each run has the next one.
fn protect(look: Look<'_>, key: &MasterKey) {
    let mut sender = SrtpSender::new(key);
    let (mut sequence, mut datagram) = (0, Vec::with_capacity(ROOM));
    look(&format!("protect 172 bytes, {}", key.suite()), GOAL, &mut || {
        sequence = u16::wrapping_add(sequence, 1);
        write(sequence, &mut datagram);
        sender.protect(&mut datagram).unwrap();
        black_box(&datagram);
    });
}

/// A packet is let through once: after the last one another receiver hears the first.
fn unprotect(look: Look<'_>, key: &MasterKey) {
    let (mut sender, mut receiver) = (SrtpSender::new(key), SrtpReceiver::new(key));
    let mut datagram = Vec::with_capacity(ROOM);
    let protected: Vec<Vec<u8>> = (0..1024)
        .map(|sequence| {
            write(sequence, &mut datagram);
            sender.protect(&mut datagram).unwrap();
            datagram.clone()
        })
        .collect();
    let mut coming = protected.iter();
    look(&format!("unprotect 172 bytes, {}", key.suite()), GOAL, &mut || {
        let next = coming.next().unwrap_or_else(|| {
            (receiver, coming) = (SrtpReceiver::new(key), protected[1..].iter());
            &protected[0]
        });
        datagram.clone_from(next);
        black_box(receiver.unprotect(&mut datagram)).unwrap();
    });
}

fn write(sequence: u16, datagram: &mut Vec<u8>) {
    datagram.clear();
    RtpPacket::new(PayloadType::PCMU, sequence, 0, Ssrc(1), black_box(&[0x55; 160]))
        .write(datagram);
}

const GOAL: Option<f64> = Some(400.0);

const ROOM: usize = 172 + SrtpSender::MOST_GROWTH;
