//! What the agent has yet to say, and the word that silences it.

mod softer;

use std::collections::VecDeque;
use std::time::Duration;

use super::fence::Fence;
use super::lane::Lane;
use super::ledger::Ledger;
use super::told::{Change, Interruption, PlayoutCounters, Said};
use super::volume::{Volume, fade_out};
use crate::{AudioFormat, ClockRate};

/// The agent's speech on its way to the wire, in two lanes.
///
/// The *reply* lane holds answers and is emptied by [`barge_in`](Self::barge_in). The
/// *back-channel* lane holds the small sounds of a listener ("uh-huh"), is mixed under, and is left
/// alone by a barge-in.
///
/// ```
/// use fourwire::{AudioFormat, ClockRate, Law, speak::{Playout, Said}};
///
/// let pcmu = AudioFormat::G711(Law::Mu);
/// let mut playout = Playout::new(ClockRate::Hz8000, pcmu, pcmu);
/// assert_eq!(playout.say("resp_1", "item_1", &[0x80; 480]), Said::Queued);
/// let mut frame = Vec::new();
/// playout.take(160, &mut frame);
///
/// let cut = playout.barge_in();
/// assert_eq!(cut.item.as_deref(), Some("item_1"));
/// assert_eq!(cut.heard.as_millis(), 25); // 20 ms sent, 5 ms to fade out
/// assert_eq!(cut.discarded.as_millis(), 35);
/// assert_eq!(playout.say("resp_1", "item_1", &[0x80; 480]), Said::Refused);
/// ```
pub struct Playout {
    wire: ClockRate,
    output: AudioFormat,
    reply: Lane,
    back_channel: Lane,
    /// Whose samples wait in the reply lane, in their order.
    spans: VecDeque<Span>,
    ledger: Ledger,
    fence: Fence,
    /// The item whose samples were sent last, while its run goes on.
    playing: Option<u64>,
    /// Nothing was taken when it last could have been: what was sent before has died away.
    paused: bool,
    /// The end of what was interrupted, fading; it goes out first.
    fading: Vec<i16>,
    mixing: Vec<i16>,
    volume: Volume,
    /// What is to be told, each with how far into the frame taken last it happened.
    changes: VecDeque<(Change, Duration)>,
    /// How long the frame taken last is, and how far into it the next sample that is booked goes out.
    frame: Duration,
    into: Duration,
    counters: PlayoutCounters,
}

/// A stretch of the reply lane that belongs to one item.
struct Span {
    entry: u64,
    samples: usize,
}

/// How long the fade of an interrupted reply lasts: enough that nothing clicks, too short to be
/// heard as speech.
pub const FADE: Duration = Duration::from_millis(5);

/// How much speech may wait in a lane. Replies come faster than real time, so a long one waits
/// here nearly whole; nobody listens to ten minutes without a word.
pub const LONGEST_REPLY: Duration = Duration::from_secs(600);

impl Playout {
    /// An empty playout towards a wire at `wire`, of replies in `output` and back-channel audio in
    /// `back_channel`.
    pub fn new(wire: ClockRate, output: AudioFormat, back_channel: AudioFormat) -> Self {
        Self {
            wire,
            output,
            reply: Lane::new(output, wire),
            back_channel: Lane::new(back_channel, wire),
            spans: VecDeque::new(),
            ledger: Ledger::new(output.rate()),
            fence: Fence::default(),
            playing: None,
            paused: false,
            fading: Vec::new(),
            mixing: Vec::new(),
            volume: Volume::new(wire),
            changes: VecDeque::new(),
            frame: Duration::ZERO,
            into: Duration::ZERO,
            counters: PlayoutCounters::default(),
        }
    }

    /// Fall silent in both lanes and go on in other formats, with an empty ledger. What happened so
    /// far is still told, and the counters go on.
    pub fn begin_anew(&mut self, output: AudioFormat, back_channel: AudioFormat) {
        self.clear();
        self.output = output;
        self.reply = Lane::new(output, self.wire);
        self.back_channel = Lane::new(back_channel, self.wire);
        (self.ledger, self.fence) = (Ledger::new(output.rate()), Fence::default());
    }

    /// Go on towards a wire at another rate. What waits, waits on, and goes on to the sample where
    /// it was.
    pub fn renegotiate(&mut self, wire: ClockRate) {
        if wire == self.wire {
            return;
        }
        self.wire = wire;
        self.volume.renegotiate(wire);
        self.fading.clear();
        let hurried = self.reply.renegotiate(wire);
        self.account(hurried);
        self.back_channel.renegotiate(wire);
    }

    /// Learn that the agent has begun `response`, before any of its audio.
    pub fn begin_response(&mut self, response: &str) {
        self.fence.begin(response);
    }

    /// Speak `audio` of `item` of `response` after all that waits.
    pub fn say(&mut self, response: &str, item: &str, audio: &[u8]) -> Said {
        let samples = self.reply.samples_of(audio);
        if self.fence.refuses(response) {
            return self.refuse(audio);
        }
        if !self.reply.has_room(samples) {
            self.counters.overflowed += samples as u64;
            return Said::Overflow;
        }
        if !audio.is_empty() {
            self.enqueue(response, item, audio);
        }
        Said::Queued
    }

    /// Take in nothing of `audio`, and count it.
    pub fn refuse(&mut self, audio: &[u8]) -> Said {
        self.counters.refused += self.reply.samples_of(audio) as u64;
        Said::Refused
    }

    fn enqueue(&mut self, response: &str, item: &str, audio: &[u8]) {
        let entry = self.ledger.number_of(response, item);
        if self.spans.back().is_none_or(|span| span.entry != entry) {
            self.reply.align();
            // Of an item of less than a sample, nothing is left now.
            if self.spans.back().is_some_and(|span| span.samples == 0) {
                self.spans.pop_back();
            }
            self.spans.push_back(Span { entry, samples: 0 });
        }
        let before = self.reply.waiting();
        self.reply.push(audio);
        let samples = self.reply.waiting() - before;
        if let Some(span) = self.spans.back_mut() {
            span.samples += samples;
        }
        if let Some(entry) = self.ledger.entry_mut(entry) {
            entry.received += samples as u64;
        }
        self.counters.received += samples as u64;
    }

    /// Mix `audio` under whatever is spoken.
    pub fn say_back_channel(&mut self, audio: &[u8]) -> Said {
        let samples = self.back_channel.samples_of(audio);
        if !self.back_channel.has_room(samples) {
            self.counters.overflowed += samples as u64;
            return Said::Overflow;
        }
        let before = self.back_channel.waiting();
        self.back_channel.push(audio);
        self.counters.back_channel += (self.back_channel.waiting() - before) as u64;
        Said::Queued
    }

    /// Appends the next `frame` samples at the wire's rate to `out`, a whole number of
    /// milliseconds, silence where there is nothing to say. Tells whether anything sounds in them.
    pub fn take(&mut self, frame: usize, out: &mut Vec<i16>) -> bool {
        self.paused = false;
        let start = out.len();
        let mut sounding = self.take_fading(frame, out);
        let missing = start + frame - out.len();
        self.frame = self.wire.duration_of(frame as u64);
        let delay = self.output.rate().duration_of(self.reply.delay() as u64);
        self.into = self.wire.duration_of((frame - missing) as u64) + delay;
        sounding |= self.take_reply(missing, out);
        out.resize(start + frame, 0);
        sounding |= self.mix_back_channel(&mut out[start..]);
        sounding
    }

    /// Let the time of a frame go by in which nothing of this can be heard. What waits goes on
    /// waiting; a barge-in then has nothing to fade.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Fall silent: the caller has begun to speak.
    ///
    /// What waits in the reply lane is dropped, but for the few milliseconds in which it fades;
    /// what still arrives of the same responses will be refused.
    pub fn barge_in(&mut self) -> Interruption {
        self.counters.interruptions += u64::from(!self.spans.is_empty());
        self.fall_silent()
    }

    /// Fall silent in both lanes, since nobody is to be heard any more: no interruption.
    pub fn clear(&mut self) -> Interruption {
        self.back_channel.clear();
        self.fall_silent()
    }

    /// What happened since the last call, oldest first.
    pub fn change(&mut self) -> Option<Change> {
        self.change_within().map(|(change, _)| change)
    }

    /// The same, with how far behind the beginning of the frame taken last it happened, to the
    /// sample.
    pub fn change_within(&mut self) -> Option<(Change, Duration)> {
        self.changes.pop_front()
    }

    /// How long the reply lane will go on speaking.
    pub fn waiting(&self) -> Duration {
        self.output.rate().duration_of(self.reply.waiting() as u64)
    }

    /// What was said of each item.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What went in and what became of it.
    pub fn counters(&self) -> PlayoutCounters {
        self.counters
    }

    fn take_fading(&mut self, frame: usize, out: &mut Vec<i16>) -> bool {
        let samples = self.fading.len().min(frame);
        out.extend(self.fading.drain(..samples));
        samples > 0
    }

    fn take_reply(&mut self, frame: usize, out: &mut Vec<i16>) -> bool {
        let samples = self.volume.sounds_for(frame);
        self.paused = samples < frame;
        if self.reply.is_silent() || samples == 0 {
            return false;
        }
        let start = out.len();
        let taken = self.reply.take(samples, self.wire, out);
        self.volume.apply(&mut out[start..]);
        self.account(taken);
        if self.reply.waiting() == 0 {
            self.end_run();
        }
        true
    }

    fn mix_back_channel(&mut self, frame: &mut [i16]) -> bool {
        if self.back_channel.is_silent() {
            return false;
        }
        self.mixing.clear();
        self.back_channel.take(frame.len(), self.wire, &mut self.mixing);
        for (sample, under) in frame.iter_mut().zip(&self.mixing) {
            *sample = sample.saturating_add(*under);
        }
        true
    }

    /// Books `taken` samples of the reply lane as sent.
    fn account(&mut self, mut taken: usize) {
        self.counters.sent += taken as u64;
        while taken > 0
            && let Some(span) = self.spans.front_mut()
        {
            let part = taken.min(span.samples);
            span.samples -= part;
            taken -= part;
            let (entry, spent) = (span.entry, span.samples == 0);
            self.note_sent(entry, part);
            if spent {
                self.spans.pop_front();
            }
        }
    }

    fn note_sent(&mut self, number: u64, samples: usize) {
        if self.playing != Some(number) {
            self.end_run_of_playing();
            self.playing = Some(number);
            self.volume.begin_item();
            if let Some(entry) = self.ledger.entry(number) {
                self.changes.push_back((Change::Started { item: entry.item.clone() }, self.into));
            }
        }
        if let Some(entry) = self.ledger.entry_mut(number) {
            entry.sent += samples as u64;
        }
        self.into += self.output.rate().duration_of(samples as u64);
        self.counters.softened += self.volume.note_sent(samples);
    }

    fn end_run(&mut self) {
        if self.playing.is_some() {
            self.end_run_of_playing();
            self.changes.push_back((Change::Drained, self.into));
        }
    }

    fn end_run_of_playing(&mut self) {
        let ended = self.playing.take().and_then(|number| self.ledger.entry(number));
        if let Some(entry) = ended {
            let heard = self.output.rate().duration_of(entry.sent);
            let ended = Change::Ended { item: entry.item.clone(), heard };
            self.changes.push_back((ended, self.into));
        }
    }

    /// Keeps the next few milliseconds of the reply, turned down to nothing.
    fn fade_out(&mut self) {
        let length = self.wire.samples_in(FADE);
        self.fading.clear();
        let taken = self.reply.take(length, self.wire, &mut self.fading);
        self.volume.apply(&mut self.fading);
        fade_out(&mut self.fading);
        self.account(taken);
    }

    /// What is inside the resampler was taken for the wire and will never get there: the samples
    /// taken last, of which some may be of the item after the `front` one.
    fn retract_held_back(&mut self, front: u64) -> u64 {
        let delay = self.reply.delay() as u64;
        let mut left = delay;
        for number in [self.playing.unwrap_or(front), front] {
            if let Some(entry) = self.ledger.entry_mut(number) {
                let part = left.min(entry.sent);
                entry.sent -= part;
                left -= part;
            }
        }
        let held_back = delay - left;
        self.counters.sent -= held_back;
        self.counters.softened -= self.volume.retract(held_back);
        self.counters.discarded += held_back;
        held_back
    }

    fn interruption(&self, front: u64, held_back: u64) -> Interruption {
        let rate = self.output.rate();
        let entry = self.ledger.entry(front);
        let softened = self.playing.filter(|&it| it == front).map(|_| self.volume.softened());
        Interruption {
            response: entry.map(|entry| entry.response.clone()),
            item: entry.map(|entry| entry.item.clone()),
            heard: rate.duration_of(entry.map_or(0, |entry| entry.sent)),
            softened: rate.duration_of(softened.unwrap_or(0)),
            discarded: rate.duration_of(self.reply.waiting() as u64 + held_back),
        }
    }

    fn fall_silent(&mut self) -> Interruption {
        self.into = self.frame;
        self.fence.cut_begun();
        for span in &self.spans {
            if let Some(entry) = self.ledger.entry(span.entry) {
                self.fence.cut(&entry.response);
            }
        }
        let Some(front) = self.spans.front().map(|span| span.entry) else {
            return self.cut_what_just_ended();
        };
        let mut held_back = 0;
        if self.playing == Some(front) {
            if !self.paused {
                self.fade_out();
            }
            held_back = self.retract_held_back(front);
        }
        let interruption = self.interruption(front, held_back);
        self.drop_reply();
        self.volume.reset();
        interruption
    }

    /// Nothing waits, but the end of the last item may still be inside the resampler.
    fn cut_what_just_ended(&mut self) -> Interruption {
        if !self.reply.is_silent() && !self.paused {
            self.fade_out();
        }
        self.reply.clear();
        self.volume.reset();
        Interruption::default()
    }

    fn drop_reply(&mut self) {
        self.counters.discarded += self.reply.waiting() as u64;
        self.reply.clear();
        self.spans.clear();
        self.end_run();
    }
}
