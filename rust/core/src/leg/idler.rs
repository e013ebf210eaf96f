//! What goes out while the agent is silent.

use std::time::Duration;

use crate::sound::level;
use crate::sound::shaped_noise::ShapedNoise;
use crate::wire::ComfortNoise;

/// What a leg sends while the agent is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Idle {
    /// Digital silence, packet by packet.
    #[default]
    Silence,
    /// A faint noise, packet by packet, so that the line does not seem dead.
    Noise,
    /// A packet now and then that tells the other side which noise to make (RFC 3389), and nothing
    /// in between; the noise itself where the other side does not take such packets.
    ComfortNoise,
}

/// What becomes of a turn in which nothing sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdleTurn {
    /// A packet of audio goes out.
    Audio,
    /// A packet goes out that tells of the noise.
    Tell,
    /// Nothing does.
    Skip,
}

/// Keeps the time of a silence, and makes its noise.
pub(super) struct Idler {
    noise: ShapedNoise,
    /// How long nothing has sounded.
    silent: Duration,
    /// How long ago the noise was told of, in this silence.
    told: Option<Duration>,
    /// Packets that told of it.
    pub(super) tellings: u64,
}

/// How long audio goes on after the last word: a pause between two words is no silence.
const HANGOVER: Duration = Duration::from_millis(200);

/// How often the noise is told of: often enough that a lost packet is not missed, and that nobody
/// takes the stream for dead.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// As loud as a quiet room on a telephone.
const LEVEL_DBOV: i8 = -62;

/// A little darker than white, as rooms are.
const COLOUR: [f32; 1] = [-0.5];

impl Idler {
    pub(super) fn new() -> Self {
        let mut noise = ShapedNoise::new();
        noise.obey(level::power_of(LEVEL_DBOV), &COLOUR);
        Self { noise, silent: Duration::ZERO, told: None, tellings: 0 }
    }

    /// Something sounds: a silence after it begins anew.
    pub(super) fn wake(&mut self) {
        (self.silent, self.told) = (Duration::ZERO, None);
    }

    /// What to do with a turn of `period` in which nothing sounds, where silence may be `told`.
    pub(super) fn turn(&mut self, period: Duration, told: bool) -> IdleTurn {
        let since = self.told.map(|since| since + period);
        let turn = match since {
            _ if !told || self.silent < HANGOVER => IdleTurn::Audio,
            Some(since) if since < TELL_EVERY => IdleTurn::Skip,
            _ => IdleTurn::Tell,
        };
        self.silent = (self.silent + period).min(HANGOVER);
        self.told = if turn == IdleTurn::Tell { Some(Duration::ZERO) } else { since };
        self.tellings += u64::from(turn == IdleTurn::Tell);
        turn
    }

    /// Appends the payload that tells of the noise to `out`.
    pub(super) fn tell(&self, out: &mut Vec<u8>) {
        ComfortNoise::white(LEVEL_DBOV).coloured(&COLOUR).write(out);
    }

    /// Fills `pcm` with the noise.
    pub(super) fn fill(&mut self, pcm: &mut [i16]) {
        pcm.fill_with(|| self.noise.next() as i16);
    }
}
