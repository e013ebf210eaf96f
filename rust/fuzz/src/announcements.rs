//! Audio that is played to the caller whoever else talks.

use std::collections::HashSet;
use std::time::Duration;

use arbitrary::Arbitrary;
use fourwire::speak::{Announcement, Announcements};

use crate::draw::{Format, Rate};

/// Announcements, and what happens to them.
#[derive(Arbitrary, Debug)]
pub struct Input {
    wire: Rate,
    acts: Vec<Act>,
}

/// Something that happens.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Play {
        format: Format,
        bytes: u16,
        repeat: bool,
        gives_way: bool,
    },
    Stop(u8),
    BargeIn,
    /// So many milliseconds.
    Mix(u8),
    Pause,
    Renegotiate(Rate),
}

/// What went in came out, waits, or was counted; every announcement has one end; what was stopped
/// is not heard after its fade.
pub fn check(input: Input) {
    let mut wire = input.wire.clock();
    let mut announcements = Announcements::new(wire);
    let (mut begun, mut open) = (0, HashSet::new());
    for act in input.acts {
        match act {
            Act::Play { format, bytes, repeat, gives_way } => {
                let (format, audio) = (format.audio(), vec![0x31; bytes.into()]);
                let number = begun;
                announcements.play(Announcement { number, format, audio, repeat, gives_way });
                open.insert(number);
                begun += 1;
            }
            Act::Stop(number) => announcements.stop(number.into()),
            Act::BargeIn => announcements.barge_in(),
            Act::Mix(millis) => {
                let mut frame =
                    vec![0; wire.samples_in(Duration::from_millis(u64::from(millis % 61)))];
                let sounded = announcements.mix(&mut frame);
                assert!(sounded || frame.iter().all(|&sample| sample == 0));
            }
            Act::Pause => announcements.pause(),
            Act::Renegotiate(rate) => {
                wire = rate.clock();
                announcements.renegotiate(wire);
            }
        }
        while let Some(played) = announcements.ended() {
            assert!(open.remove(&played.number), "an end comes once");
        }
        let it = announcements.counters();
        assert_eq!(it.received, it.sent + it.dropped + announcements.waiting(), "{it:?}");
    }
    (0..begun).for_each(|number| announcements.stop(number));
    announcements.pause();
    while let Some(played) = announcements.ended() {
        assert!(open.remove(&played.number), "an end comes once");
    }
    assert!(open.is_empty(), "every announcement ends");
}
