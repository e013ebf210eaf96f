//! What the agent has yet to say: lanes, ledger and fence.

use std::collections::HashSet;
use std::time::Duration;

use arbitrary::Arbitrary;
use fourwire::AudioFormat;
use fourwire::speak::{Change, FADE, Interruption, Playout, Said};

use crate::draw::{Format, Rate};

/// A playout, and what happens to it.
#[derive(Arbitrary, Debug)]
pub struct Input {
    wire: Rate,
    output: Format,
    back_channel: Format,
    acts: Vec<Act>,
}

/// Something that happens; responses and items are few, so that they come again.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Begin(u8),
    Say {
        response: u8,
        item: u8,
        bytes: u16,
    },
    BackChannel(u16),
    /// So many milliseconds.
    Take(u8),
    Pause,
    BargeIn,
    Clear,
    Renegotiate(Rate),
    BeginAnew(Format, Format),
}

/// What went in came out, waits, or was counted; what was cut is not heard after its fade, nor
/// let in again; runs begin and end by turns.
pub fn check(input: Input) {
    let mut call = Call::new(&input);
    for act in input.acts {
        call.happen(act);
        call.check();
    }
}

struct Call {
    playout: Playout,
    wire: Rate,
    output: AudioFormat,
    back_channel: AudioFormat,
    /// Samples handed over, of replies and of the back channel.
    offered: u64,
    /// Nothing was said since all was cut.
    silenced: bool,
    playing: Option<Box<str>>,
}

impl Call {
    fn new(input: &Input) -> Self {
        let (output, back_channel) = (input.output.audio(), input.back_channel.audio());
        Self {
            playout: Playout::new(input.wire.clock(), output, back_channel),
            wire: input.wire,
            output,
            back_channel,
            offered: 0,
            silenced: true,
            playing: None,
        }
    }

    fn happen(&mut self, act: Act) {
        match act {
            Act::Begin(response) => self.playout.begin_response(&name(response)),
            Act::Say { response, item, bytes } => self.say(response, item, bytes),
            Act::BackChannel(bytes) => self.say_back_channel(bytes),
            Act::Take(millis) => self.take(Duration::from_millis(u64::from(millis % 100))),
            Act::Pause => self.playout.pause(),
            Act::BargeIn => {
                let waiting = self.playout.waiting();
                let cut = self.playout.barge_in();
                self.check_cut(&cut, waiting);
            }
            Act::Clear => {
                self.playout.clear();
                self.silenced = true;
            }
            Act::Renegotiate(wire) => {
                self.playout.renegotiate(wire.clock());
                self.wire = wire;
            }
            Act::BeginAnew(output, back_channel) => {
                self.playout.begin_anew(output.audio(), back_channel.audio());
                (self.output, self.back_channel) = (output.audio(), back_channel.audio());
                self.silenced = true;
                assert_eq!(self.playout.ledger().entries().count(), 0);
            }
        }
    }

    fn say(&mut self, response: u8, item: u8, bytes: u16) {
        let bytes = usize::from(bytes) / self.output.width() * self.output.width();
        self.offered += (bytes / self.output.width()) as u64;
        let said = self.playout.say(&name(response), &name(item), &vec![0x31; bytes]);
        self.silenced &= said != Said::Queued;
    }

    fn say_back_channel(&mut self, bytes: u16) {
        let bytes = usize::from(bytes) / self.back_channel.width() * self.back_channel.width();
        self.offered += (bytes / self.back_channel.width()) as u64;
        self.playout.say_back_channel(&vec![0x42; bytes]);
        self.silenced = false;
    }

    fn take(&mut self, span: Duration) {
        let frame = self.wire.clock().samples_in(span);
        let fade = self.wire.clock().samples_in(FADE);
        let mut out = vec![7];
        self.playout.take(frame, &mut out);
        assert_eq!(out.len(), 1 + frame);
        if self.silenced {
            assert!(out.iter().skip(1 + fade).all(|&sample| sample == 0), "cut is cut");
        }
    }

    /// What a barge-in tells is what it did, and what it cut stays cut.
    fn check_cut(&mut self, cut: &Interruption, waiting: Duration) {
        assert_eq!(self.playout.waiting(), Duration::ZERO);
        let Some((item, response)) = cut.item.as_deref().zip(cut.response.as_deref()) else {
            return;
        };
        assert!(cut.discarded <= waiting + Duration::from_millis(5));
        let heard = self.playout.ledger().heard(item).expect("it was received");
        assert!(cut.heard <= heard, "in all its runs");
        let refused = self.playout.say(response, item, &vec![0x31; 480]);
        self.offered += (480 / self.output.width()) as u64;
        assert_eq!(refused, Said::Refused);
    }

    fn check(&mut self) {
        let counted = self.playout.counters();
        let taken_in = counted.received + counted.refused + counted.overflowed;
        assert_eq!(self.offered, taken_in + counted.back_channel);
        let waiting = samples(self.playout.waiting(), self.output);
        assert_eq!(counted.received, counted.sent + counted.discarded + waiting, "{counted:?}");
        assert!(self.playout.ledger().entries().all(|entry| entry.sent <= entry.received));
        let items: HashSet<_> = self.playout.ledger().entries().map(|it| it.item.clone()).collect();
        assert!(items.len() <= 64);
        self.follow_changes();
    }

    fn follow_changes(&mut self) {
        while let Some(change) = self.playout.change() {
            match change {
                Change::Started { item } => assert_eq!(self.playing.replace(item), None),
                Change::Ended { item, .. } => assert_eq!(self.playing.take(), Some(item)),
                Change::Drained => assert_eq!(self.playing, None),
            }
        }
    }
}

fn name(number: u8) -> String {
    match number % 6 {
        0 => String::new(),
        number => number.to_string(),
    }
}

/// How many samples `span` is, to the nearest.
fn samples(span: Duration, format: AudioFormat) -> u64 {
    let parts = span.as_nanos() * u128::from(format.rate().hertz());
    ((parts + 500_000_000) / 1_000_000_000) as u64
}
