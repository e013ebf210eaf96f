//! Audio that the caller hears whoever else talks: an announcement, a tone, music on hold.

use std::collections::VecDeque;
use std::time::Duration;

use super::lane::Lane;
use super::playout::{FADE, LONGEST_REPLY};
use super::volume::fade_out;
use crate::{AudioFormat, ClockRate};

/// Audio to be played to the caller, from its first sample to its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Names it in [`Leg::stop_playing`](crate::Leg::stop_playing) and in its end.
    pub number: u64,
    /// How `audio` is written.
    pub format: AudioFormat,
    /// What is to be heard; half a sample at its end does not count.
    pub audio: Vec<u8>,
    /// Begin anew at its end, until it is stopped.
    pub repeat: bool,
    /// Whether a barge-in ends it, as it ends what the agent says.
    pub gives_way: bool,
}

/// The end of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// Which.
    pub number: u64,
    /// How much of it went out, all its turns together.
    pub heard: Duration,
    /// Whether that was all of it.
    pub whole: bool,
}

/// Samples at each announcement's own rate: taken in = sent + dropped + waiting. What is repeated
/// is taken in again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnnouncementCounters {
    /// Taken in to be played.
    pub received: u64,
    /// Put on the wire.
    pub sent: u64,
    /// Thrown away, since the announcement was stopped or gave way.
    pub dropped: u64,
    /// Announcements not taken in: too many at a time, or too long.
    pub refused: u64,
}

/// The announcements that play now, mixed over whatever else is said.
///
/// ```
/// use fourwire::{AudioFormat, ClockRate, Law, speak::{Announcement, Announcements}};
///
/// let mut announcements = Announcements::new(ClockRate::Hz8000);
/// announcements.play(Announcement {
///     number: 1,
///     format: AudioFormat::G711(Law::Mu),
///     audio: vec![0x80; 160],
///     repeat: false,
///     gives_way: false,
/// });
/// let mut frame = [0; 160];
/// assert!(announcements.mix(&mut frame));
/// assert!(frame.iter().all(|&sample| sample == 32124));
///
/// announcements.mix(&mut frame); // what a resampler held back
/// assert!(announcements.ended().is_some_and(|it| it.number == 1 && it.whole));
/// ```
pub struct Announcements {
    wire: ClockRate,
    tracks: Vec<Track>,
    mixing: Vec<i16>,
    ended: VecDeque<Played>,
    counters: AnnouncementCounters,
}

/// How many play at a time: a tone over music on hold, with room.
pub const MOST_ANNOUNCEMENTS: usize = 4;

struct Track {
    number: u64,
    lane: Lane,
    rate: ClockRate,
    /// What is pushed again at its end; empty where it is played once.
    again: Vec<u8>,
    gives_way: bool,
    leaving: bool,
    sent: u64,
}

impl Announcements {
    /// None yet, towards a `wire` of that rate.
    pub fn new(wire: ClockRate) -> Self {
        Self {
            wire,
            tracks: Vec::new(),
            mixing: Vec::new(),
            ended: VecDeque::new(),
            counters: AnnouncementCounters::default(),
        }
    }

    /// Go on towards a wire at another rate.
    pub fn renegotiate(&mut self, wire: ClockRate) {
        for track in &mut self.tracks {
            let hurried = track.lane.renegotiate(wire) as u64;
            track.sent += hurried;
            self.counters.sent += hurried;
        }
        self.wire = wire;
    }

    /// Play `announcement` from the next frame on, over those that play already. Where it cannot
    /// be taken in, its end follows at once.
    pub fn play(&mut self, announcement: Announcement) {
        let Announcement { number, format, mut audio, repeat, gives_way } = announcement;
        audio.truncate(audio.len() - audio.len() % format.width());
        let mut lane = Lane::new(format, self.wire);
        let samples = lane.samples_of(&audio);
        let too_long = samples > format.rate().samples_in(LONGEST_REPLY);
        if too_long || self.tracks.len() == MOST_ANNOUNCEMENTS {
            self.counters.refused += 1;
            self.ended.push_back(Played { number, heard: Duration::ZERO, whole: false });
            return;
        }
        lane.push(&audio);
        self.counters.received += samples as u64;
        let again = if repeat { audio } else { Vec::new() };
        let rate = format.rate();
        let track = Track { number, lane, rate, again, gives_way, leaving: false, sent: 0 };
        self.tracks.push(track);
    }

    /// Stop the announcement of that number within the [`FADE`].
    pub fn stop(&mut self, number: u64) {
        self.tracks.iter_mut().filter(|it| it.number == number).for_each(Track::leave);
    }

    /// Stop those that give way: the caller has begun to speak.
    pub fn barge_in(&mut self) {
        self.tracks.iter_mut().filter(|it| it.gives_way).for_each(Track::leave);
    }

    /// Mix the next samples into `frame`, a whole number of milliseconds; whether there were any.
    pub fn mix(&mut self, frame: &mut [i16]) -> bool {
        if self.tracks.is_empty() {
            return false;
        }
        let Self { wire, tracks, mixing, ended, counters } = self;
        let mut sounding = false;
        tracks.retain_mut(|track| {
            sounding |= track.mix(frame, *wire, mixing, counters);
            !track.has_ended(ended)
        });
        sounding
    }

    /// Let the time of a frame go by in which nothing of this can be heard: what plays waits.
    pub fn pause(&mut self) {
        let Self { tracks, ended, counters, .. } = self;
        tracks.retain_mut(|track| {
            if track.leaving {
                track.drop_rest(counters);
            }
            !track.has_ended(ended)
        });
    }

    /// The next announcement that has ended since.
    pub fn ended(&mut self) -> Option<Played> {
        self.ended.pop_front()
    }

    /// Samples that wait, at each announcement's own rate.
    pub fn waiting(&self) -> u64 {
        self.tracks.iter().map(|track| track.lane.waiting() as u64).sum()
    }

    /// What went in and what became of it.
    pub fn counters(&self) -> AnnouncementCounters {
        self.counters
    }
}

impl Track {
    fn leave(&mut self) {
        self.leaving = true;
    }

    /// Adds what is due to `frame`, and tells whether that sounds.
    fn mix(
        &mut self,
        frame: &mut [i16],
        wire: ClockRate,
        mixing: &mut Vec<i16>,
        counters: &mut AnnouncementCounters,
    ) -> bool {
        if self.leaving && self.sent == 0 {
            self.drop_rest(counters);
            return false;
        }
        let fade = wire.samples_in(FADE);
        let length = if self.leaving { frame.len().min(fade) } else { frame.len() };
        self.begin_anew(length, wire, counters);
        let sounding = !self.lane.is_silent();
        mixing.clear();
        let taken = self.lane.take(length, wire, mixing) as u64;
        self.sent += taken;
        counters.sent += taken;
        if self.leaving {
            fade_out(mixing);
            self.drop_rest(counters);
        }
        for (sample, over) in frame.iter_mut().zip(mixing) {
            *sample = sample.saturating_add(*over);
        }
        sounding
    }

    /// Makes sure that what is repeated has no gap.
    fn begin_anew(&mut self, length: usize, wire: ClockRate, counters: &mut AnnouncementCounters) {
        let wanted = length * self.rate.hertz() as usize / wire.hertz() as usize;
        while !self.again.is_empty() && self.lane.waiting() < wanted {
            self.lane.push(&self.again);
            counters.received += self.lane.samples_of(&self.again) as u64;
        }
    }

    fn drop_rest(&mut self, counters: &mut AnnouncementCounters) {
        counters.dropped += self.lane.waiting() as u64;
        self.lane.clear();
    }

    fn has_ended(&self, ended: &mut VecDeque<Played>) -> bool {
        let over = self.lane.is_silent() && (self.leaving || self.again.is_empty());
        if over {
            let heard = self.rate.duration_of(self.sent);
            ended.push_back(Played { number: self.number, heard, whole: !self.leaving });
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Law;

    const FRAME: usize = 160;

    fn pcm(number: u64, samples: &[i16]) -> Announcement {
        let mut audio = Vec::new();
        AudioFormat::Pcm16(ClockRate::Hz8000).encode_into(samples, &mut audio);
        let format = AudioFormat::Pcm16(ClockRate::Hz8000);
        Announcement { number, format, audio, repeat: false, gives_way: false }
    }

    fn frame(announcements: &mut Announcements) -> Vec<i16> {
        let mut frame = vec![0; FRAME];
        announcements.mix(&mut frame);
        frame
    }

    #[test]
    fn an_announcement_goes_out_to_its_last_sample() {
        let mut announcements = Announcements::new(ClockRate::Hz8000);
        let samples: Vec<i16> = (1..=250).collect();
        announcements.play(pcm(7, &samples));
        let mut heard = frame(&mut announcements);
        assert_eq!(announcements.ended(), None);
        heard.extend(frame(&mut announcements));
        assert_eq!(heard[..250], samples);
        assert!(heard[250..].iter().all(|&sample| sample == 0));
        let heard = ClockRate::Hz8000.duration_of(250);
        assert_eq!(announcements.ended(), Some(Played { number: 7, heard, whole: true }));
        assert!(!announcements.mix(&mut [0; FRAME]));
    }

    #[test]
    fn what_the_resampler_holds_back_at_the_end_is_heard_too() {
        let mut announcements = Announcements::new(ClockRate::Hz8000);
        let mut audio = Vec::new();
        let format = AudioFormat::Pcm16(ClockRate::Hz16000);
        format.encode_into(&[8000; 320], &mut audio);
        let number = 1;
        announcements.play(Announcement { number, format, audio, repeat: false, gives_way: false });
        let first = frame(&mut announcements);
        let tail = frame(&mut announcements);
        assert!(first[80] > 7900 && tail.iter().any(|&sample| sample > 2000));
        while announcements.ended().is_none() {
            frame(&mut announcements);
        }
    }

    #[test]
    fn what_is_repeated_has_no_gap_and_ends_when_it_is_stopped() {
        let mut announcements = Announcements::new(ClockRate::Hz8000);
        let samples: Vec<i16> = (1..=100).map(|n| n * 100).collect();
        announcements.play(Announcement { repeat: true, ..pcm(3, &samples) });
        let heard: Vec<i16> = (0..10).flat_map(|_| frame(&mut announcements)).collect();
        let due: Vec<i16> = samples.iter().copied().cycle().take(10 * FRAME).collect();
        assert_eq!(heard, due);
        announcements.stop(3);
        let fading = frame(&mut announcements);
        assert!(fading[0] != 0 && fading[40..].iter().all(|&sample| sample == 0));
        assert!(announcements.ended().is_some_and(|it| !it.whole && it.heard.as_millis() >= 200));
    }

    #[test]
    fn only_what_gives_way_is_ended_by_a_barge_in() {
        let mut announcements = Announcements::new(ClockRate::Hz8000);
        announcements.play(pcm(1, &[100; 1600]));
        announcements.play(Announcement { gives_way: true, ..pcm(2, &[1000; 1600]) });
        assert_eq!(frame(&mut announcements), [1100; FRAME]);
        announcements.barge_in();
        frame(&mut announcements);
        assert_eq!(announcements.ended().map(|it| it.number), Some(2));
        assert_eq!(frame(&mut announcements), [100; FRAME]);
    }

    #[test]
    fn one_too_many_is_refused_and_its_end_told_at_once() {
        let mut announcements = Announcements::new(ClockRate::Hz8000);
        for number in 0..=MOST_ANNOUNCEMENTS as u64 {
            announcements.play(pcm(number, &[1; 160]));
        }
        let last = MOST_ANNOUNCEMENTS as u64;
        let refused = Played { number: last, heard: Duration::ZERO, whole: false };
        assert_eq!(announcements.ended(), Some(refused));
        assert_eq!(announcements.counters().refused, 1);
    }

    #[test]
    fn what_is_stopped_while_nothing_can_be_heard_is_gone_at_once() {
        let mut announcements = Announcements::new(ClockRate::Hz8000);
        announcements.play(pcm(1, &[1; 1600]));
        frame(&mut announcements);
        announcements.pause();
        assert_eq!(announcements.ended(), None);
        announcements.stop(1);
        announcements.pause();
        assert!(announcements.ended().is_some());
        assert_eq!(frame(&mut announcements), [0; FRAME]);
    }

    #[test]
    fn silence_without_a_sample_ends_at_once() {
        let mut announcements = Announcements::new(ClockRate::Hz8000);
        let format = AudioFormat::G711(Law::A);
        let empty = Announcement { format, audio: vec![], repeat: true, ..pcm(1, &[]) };
        announcements.play(empty);
        assert!(!announcements.mix(&mut [0; FRAME]));
        assert!(announcements.ended().is_some_and(|it| it.whole));
    }
}
