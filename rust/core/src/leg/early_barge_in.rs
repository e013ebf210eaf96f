//! The agent turned down as soon as the caller seems to speak, before the server says that he does.

use std::time::Duration;

use super::{Event, Leg, LegCounters};
use crate::listen::Heard;
use crate::sound::voice_activity::{Detector, VoiceActivity};
use crate::{ClockRate, Moment};

/// What a leg does by itself when it takes something for the beginning of the caller's speech. All
/// of it can be taken back, and is, unless [`Leg::barge_in`] follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyBargeIn {
    /// What becomes of the reply meanwhile.
    pub quieten: Quieten,
    /// What happens where nobody confirms that the caller speaks.
    pub unconfirmed: Unconfirmed,
    /// Who tells a voice from other sounds.
    pub detector: Detector,
}

/// How a reply gives way. The back channel goes on as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quieten {
    /// It goes on softer by so many decibels.
    Duck(u8),
    /// It waits where it is.
    Pause,
}

/// What happens to a reply that gave way, while the caller goes on and no barge-in comes. Where the
/// caller falls silent, the reply is always restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unconfirmed {
    /// After so long it is as loud as before.
    RestoreAfter(Duration),
    /// After so long it is a barge-in.
    ClearAfter(Duration),
}

impl Default for EarlyBargeIn {
    /// 15 dB softer for at most 0.4 s: servers need less than that to be sure of speech.
    fn default() -> Self {
        Self {
            quieten: Quieten::Duck(15),
            unconfirmed: Unconfirmed::RestoreAfter(Duration::from_millis(400)),
            detector: Detector::Own,
        }
    }
}

impl Quieten {
    fn gain(self) -> f32 {
        match self {
            Self::Duck(decibels) => 10.0_f32.powf(f32::from(decibels) / -20.0),
            Self::Pause => 0.0,
        }
    }
}

/// A listener for the beginning of speech, and what it has led to.
pub(super) struct Watch {
    how: EarlyBargeIn,
    activity: VoiceActivity,
    state: State,
    doubt: Doubt,
    counters: Counters,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    /// The caller is silent.
    Silent,
    /// The reply has given way.
    GivenWay { since: Moment, item: Box<str> },
    /// The caller goes on speaking, and no more is made of it.
    Spent,
}

/// What a decision is made from.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Standing {
    /// Whether the caller seems to speak.
    speech: bool,
    /// Whether a reply is being spoken.
    replying: bool,
    /// Whether the last false starts are long enough ago.
    trusted: bool,
    /// How long ago the reply gave way, if it has.
    given_way_for: Option<Duration>,
    /// Whether this speech has led to all that it will.
    spent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Nothing,
    /// Let the reply give way.
    GiveWay,
    /// The same, but that it is not believed, or there is no reply.
    LetPass,
    /// There is no reply any more.
    Forget,
    /// It was a false start.
    Restore,
    /// It has lasted long enough to be believed.
    Clear,
    /// Be ready for the next.
    Rest,
}

fn decide(standing: Standing, unconfirmed: Unconfirmed) -> Act {
    let Some(waited) = standing.given_way_for else {
        return match (standing.speech, standing.spent) {
            (false, true) => Act::Rest,
            (true, false) if standing.replying && standing.trusted => Act::GiveWay,
            (true, false) => Act::LetPass,
            _ => Act::Nothing,
        };
    };
    match unconfirmed {
        _ if !standing.replying => Act::Forget,
        _ if !standing.speech => Act::Restore,
        Unconfirmed::RestoreAfter(limit) if waited >= limit => Act::Restore,
        Unconfirmed::ClearAfter(limit) if waited >= limit => Act::Clear,
        _ => Act::Nothing,
    }
}

/// How little is believed after false starts: the next beginning of speech counts only after a
/// second, after a second false start in a row only after two, and so on. So music on hold turns
/// the agent down now and then, and not all the time.
#[derive(Clone, Copy, Debug, Default)]
struct Doubt {
    false_starts: u32,
    until: Moment,
}

impl Doubt {
    fn grow(&mut self, now: Moment) {
        self.until = now + FIRST_DOUBT * (1 << self.false_starts.min(MOST_DOUBT));
        self.false_starts += 1;
    }
}

/// How long nothing is believed after one false start.
const FIRST_DOUBT: Duration = Duration::from_secs(1);

/// How often that doubles: to 16 s.
const MOST_DOUBT: u32 = 4;

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    onsets: u64,
    ducks: u64,
    confirmed: u64,
    false_starts: u64,
    cleared: u64,
    doubted: u64,
}

impl Watch {
    pub(super) fn new(how: EarlyBargeIn, wire: ClockRate) -> Self {
        Self {
            how,
            activity: VoiceActivity::new(wire, how.detector),
            state: State::Silent,
            doubt: Doubt::default(),
            counters: Counters::default(),
        }
    }

    /// Go on with samples at another rate.
    pub(super) fn renegotiate(&mut self, wire: ClockRate) {
        self.activity.renegotiate(wire);
    }

    /// Take in what the caller's line carried, or what was put in its place.
    pub(super) fn hear(&mut self, pcm: &[i16], heard: Heard) {
        match heard {
            Heard::Received(_) => self.activity.hear(pcm),
            Heard::Concealed | Heard::Quiet => self.activity.pass(pcm.len()),
        };
    }

    /// Take in what goes out to the caller, after some turns in which nothing did.
    pub(super) fn say(&mut self, pcm: &[i16], missed: u32) {
        for _ in 0..missed.min(MOST_MISSED) {
            self.activity.say_nothing(pcm.len());
        }
        self.activity.say(pcm);
    }

    /// Learn that a telephone event is coming in.
    pub(super) fn key(&mut self) {
        self.activity.key();
    }

    /// Learn that the caller does speak.
    fn confirm(&mut self) {
        if matches!(self.state, State::GivenWay { .. }) {
            self.state = State::Spent;
            self.doubt = Doubt::default();
            self.counters.confirmed += 1;
        }
    }

    /// Adds what was counted so far.
    pub(super) fn note(&self, counters: &mut LegCounters) {
        let gated = self.activity.gated();
        counters.early_onsets += self.counters.onsets;
        counters.early_ducks += self.counters.ducks;
        counters.early_confirmed += self.counters.confirmed;
        counters.early_false_starts += self.counters.false_starts;
        counters.early_cleared += self.counters.cleared;
        counters.early_doubted += self.counters.doubted;
        counters.gated_background += gated.background;
        counters.gated_tone += gated.tone;
        counters.gated_echo += gated.echo;
        counters.gated_key += gated.key;
        counters.gated_made_up += gated.made_up;
        if let Some(echo) = self.activity.echo() {
            counters.echo_delay_ms = u64::from(echo.delay_ms);
            counters.echo_return_loss_db = echo.return_loss_db.max(0.0) as u64;
        }
    }

    fn decide(&self, now: Moment, replying: bool) -> Act {
        let given_way_for = match &self.state {
            State::GivenWay { since, .. } => Some(now.since(*since)),
            _ => None,
        };
        let standing = Standing {
            speech: self.activity.activity().speech,
            replying,
            trusted: now >= self.doubt.until,
            given_way_for,
            spent: self.state == State::Spent,
        };
        decide(standing, self.how.unconfirmed)
    }
}

impl Leg {
    /// Gives way to the caller, or takes it back.
    pub(super) fn watch(&mut self, now: Moment) {
        let Some(watch) = &mut self.watch else { return };
        let playout = &mut self.speaker.playout;
        let replying = self.media.direction.sends() && playout.playing().is_some();
        match watch.decide(now, replying) {
            Act::Nothing => {}
            Act::Rest => watch.state = State::Silent,
            Act::LetPass => {
                watch.counters.onsets += 1;
                watch.counters.doubted += u64::from(replying);
                watch.state = State::Spent;
            }
            Act::GiveWay => self.give_way(now),
            Act::Forget => self.restore(),
            Act::Restore => {
                watch.doubt.grow(now);
                watch.counters.false_starts += 1;
                watch.activity.mistaken();
                self.restore();
            }
            Act::Clear => self.clear_early(),
        }
    }

    /// Takes notice of a barge-in that somebody else is sure of.
    pub(super) fn confirm(&mut self) {
        if self.speaker.playout.playing().is_none() && self.gave_way() {
            self.restore(); // The reply has just ended by itself.
        }
        if let Some(watch) = &mut self.watch {
            watch.confirm();
        }
    }

    /// Begins to watch for the caller's speech, or no longer does; what was counted stays, and a
    /// reply that gave way is over.
    pub(super) fn begin_watch(&mut self, how: Option<EarlyBargeIn>) {
        if self.gave_way() {
            self.restore();
        }
        if let Some(watch) = self.watch.take() {
            watch.note(&mut self.counters);
        }
        let wire = self.media.codec.audio_rate();
        self.watch = how.map(|how| Box::new(Watch::new(how, wire)));
    }

    fn gave_way(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| matches!(watch.state, State::GivenWay { .. }))
    }

    fn give_way(&mut self, now: Moment) {
        self.tell_changes();
        let (Some(watch), Some((item, heard))) = (&mut self.watch, self.speaker.playout.playing())
        else {
            return;
        };
        let item: Box<str> = item.into();
        self.events.push_back(Event::Ducked { item: item.clone(), heard });
        watch.counters.onsets += 1;
        watch.counters.ducks += 1;
        watch.state = State::GivenWay { since: now, item };
        self.speaker.playout.turn_down(watch.how.quieten.gain());
    }

    fn restore(&mut self) {
        self.tell_changes();
        let softened = self.speaker.playout.turn_up();
        let Some(watch) = &mut self.watch else { return };
        if let State::GivenWay { item, .. } = std::mem::replace(&mut watch.state, State::Spent) {
            self.events.push_back(Event::Restored { item, softened });
        }
    }

    fn clear_early(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.counters.cleared += 1;
            watch.state = State::Spent;
        }
        self.tell_changes();
        self.events.push_back(Event::ClearedEarly);
        self.barge_in();
    }
}

/// Turns missed in a row that the guard against echo is told of: half a second of them.
const MOST_MISSED: u32 = 25;

#[cfg(test)]
mod tests {
    use super::*;

    const SILENT: Standing = Standing {
        speech: false,
        replying: true,
        trusted: true,
        given_way_for: None,
        spent: false,
    };
    const RESTORE: Unconfirmed = Unconfirmed::RestoreAfter(Duration::from_millis(400));
    const CLEAR: Unconfirmed = Unconfirmed::ClearAfter(Duration::from_millis(600));

    fn given_way(millis: u64) -> Standing {
        let waited = Some(Duration::from_millis(millis));
        Standing { speech: true, given_way_for: waited, ..SILENT }
    }

    #[test]
    fn a_reply_gives_way_to_speech_and_to_nothing_else() {
        assert_eq!(decide(SILENT, RESTORE), Act::Nothing);
        assert_eq!(decide(Standing { speech: true, ..SILENT }, RESTORE), Act::GiveWay);
        let unheard = Standing { speech: true, replying: false, ..SILENT };
        assert_eq!(decide(unheard, RESTORE), Act::LetPass);
        let doubted = Standing { speech: true, trusted: false, ..SILENT };
        assert_eq!(decide(doubted, RESTORE), Act::LetPass);
    }

    #[test]
    fn it_gives_way_once_to_the_same_speech() {
        let spent = Standing { speech: true, spent: true, ..SILENT };
        assert_eq!(decide(spent, RESTORE), Act::Nothing);
        assert_eq!(decide(Standing { speech: false, ..spent }, RESTORE), Act::Rest);
    }

    #[test]
    fn what_nobody_confirms_is_taken_back() {
        assert_eq!(decide(given_way(399), RESTORE), Act::Nothing);
        assert_eq!(decide(given_way(400), RESTORE), Act::Restore);
        assert_eq!(decide(Standing { speech: false, ..given_way(100) }, RESTORE), Act::Restore);
        assert_eq!(decide(Standing { replying: false, ..given_way(100) }, RESTORE), Act::Forget);
    }

    #[test]
    fn only_where_it_was_told_to_it_becomes_a_barge_in() {
        assert_eq!(decide(given_way(599), CLEAR), Act::Nothing);
        assert_eq!(decide(given_way(600), CLEAR), Act::Clear);
        assert_eq!(decide(Standing { speech: false, ..given_way(700) }, CLEAR), Act::Restore);
    }

    #[test]
    fn each_false_start_in_a_row_is_doubted_for_longer() {
        let mut doubt = Doubt::default();
        let waits: Vec<_> = (0..7)
            .map(|_| {
                doubt.grow(Moment::from_millis(0));
                doubt.until.since(Moment::from_millis(0)).as_secs()
            })
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 16, 16]);
    }
}
