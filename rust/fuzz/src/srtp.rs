//! SRTP: two ends, and somebody between them who may do anything but know the key.

use std::collections::BTreeSet;

use arbitrary::Arbitrary;
use fourwire::wire::PayloadType;
use fourwire::wire::srtp::{MasterKey, SrtpError, SrtpReceiver, SrtpSender, Suite};

use crate::draw::{Draft, Stream, codes};
use crate::mutated;

/// Two ends, and what happens between them.
#[derive(Arbitrary, Debug)]
pub struct Input {
    suite: u8,
    acts: Vec<Act>,
}

/// Something that happens. Which packet it happens to is counted from the newest.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Send(Draft),
    SendReport(u8),
    Arrive(u8),
    Change { which: u8, at: u16, flip: u8 },
    Cut { which: u8, len: u8 },
    Forge { bytes: Vec<u8>, is_rtcp: bool },
}

/// What was sent: as it was, and as it went.
struct Sent {
    plain: Vec<u8>,
    sealed: Vec<u8>,
    is_rtcp: bool,
}

struct Call {
    sender: SrtpSender,
    receiver: SrtpReceiver,
    stream: Stream,
    sent: Vec<Sent>,
    accepted: BTreeSet<usize>,
    /// Packets given to each end.
    given: [u64; 2],
}

/// What is let through is what was sent, each once; what is refused stays as it came; and all is
/// counted.
pub fn check(input: Input) {
    let suite = Suite::ALL[usize::from(input.suite) % Suite::ALL.len()];
    let key = MasterKey::new(suite, &codes(Suite::KEY_LEN + suite.salt_len())).expect("its length");
    let mut call = Call {
        sender: SrtpSender::new(&key),
        receiver: SrtpReceiver::new(&key),
        stream: Stream::default(),
        sent: Vec::new(),
        accepted: BTreeSet::new(),
        given: [0; 2],
    };
    for act in input.acts {
        call.happen(act);
    }
    call.come_again(usize::from(input.suite));
    let counts = [call.sender.counters(), call.receiver.counters()];
    assert_eq!(counts.map(|it| it.entries().iter().map(|entry| entry.1).sum::<u64>()), call.given);
    assert_eq!(counts[1].passed, call.accepted.len() as u64);
}

impl Call {
    fn happen(&mut self, act: Act) {
        match act {
            Act::Send(draft) => {
                let (payload, mut plain) = (codes(draft.size()), Vec::new());
                self.stream.packet(draft, PayloadType::PCMU, &payload).write(&mut plain);
                self.send(plain, false);
            }
            Act::SendReport(ssrc) => self.send(vec![0x80, 201, 0, 1, 0, 0, 0, ssrc], true),
            Act::Arrive(which) => self.arrive(which),
            Act::Change { which, at, flip } => self.tamper_back(which, |sealed| {
                let at = usize::from(at) % sealed.len();
                sealed[at] ^= flip.max(1);
            }),
            Act::Cut { which, len } => self.tamper_back(which, |sealed| {
                sealed.truncate(usize::from(len).min(sealed.len() - 1));
            }),
            Act::Forge { bytes, is_rtcp } => self.forge(bytes, is_rtcp),
        }
    }

    fn send(&mut self, plain: Vec<u8>, is_rtcp: bool) {
        let mut sealed = plain.clone();
        self.given[0] += 1;
        let protect = if is_rtcp { SrtpSender::protect_rtcp } else { SrtpSender::protect };
        match protect(&mut self.sender, &mut sealed) {
            Ok(()) => {
                assert!(sealed.len() - plain.len() <= SrtpSender::MOST_GROWTH);
                self.sent.push(Sent { plain, sealed, is_rtcp });
            }
            Err(error) => {
                assert!(matches!(error, SrtpError::Replayed | SrtpError::TooManySources));
                assert_eq!(sealed, plain);
            }
        }
    }

    fn arrive(&mut self, which: u8) {
        let Some(number) = self.back(which) else { return };
        let mut datagram = self.sent[number].sealed.clone();
        if let Some(plain) = self.hear(&mut datagram, self.sent[number].is_rtcp) {
            assert_eq!(plain, self.sent[number].plain);
            assert!(self.accepted.insert(number), "a packet is let through once");
        }
    }

    /// All that was sent comes once more, each with a bit that is another.
    fn come_again(&mut self, seed: usize) {
        for number in 0..self.sent.len() {
            let draw = (seed + 1) * (number + 1);
            self.tamper(number, |sealed| {
                let at = draw * 7 % sealed.len();
                sealed[at] ^= 1 << (draw % 8);
            });
        }
    }

    /// The packet that was sent so many before the newest.
    fn back(&self, which: u8) -> Option<usize> {
        self.sent.len().checked_sub(1 + usize::from(which))
    }

    fn tamper_back(&mut self, which: u8, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(number) = self.back(which) {
            self.tamper(number, change);
        }
    }

    fn tamper(&mut self, number: usize, change: impl FnOnce(&mut Vec<u8>)) {
        let mut datagram = self.sent[number].sealed.clone();
        change(&mut datagram);
        self.forge(datagram, self.sent[number].is_rtcp);
    }

    fn forge(&mut self, mut datagram: Vec<u8>, is_rtcp: bool) {
        assert_eq!(self.hear(&mut datagram, is_rtcp), None, "nobody else has the key");
        mutated(1);
    }

    fn hear(&mut self, datagram: &mut [u8], is_rtcp: bool) -> Option<Vec<u8>> {
        let before = datagram.to_vec();
        self.given[1] += 1;
        let heard = if is_rtcp {
            self.receiver.unprotect_rtcp(datagram)
        } else {
            self.receiver.unprotect(datagram)
        };
        let plain = heard.map(|plain| plain.to_vec());
        if let Err(error) = plain {
            assert_eq!(datagram, before);
            assert!(!error.to_string().is_empty());
        }
        plain.ok()
    }
}
