//! The audio of one call: a value that is fed and drained.

mod agent;
mod config;
mod counters;
mod early_barge_in;
mod idler;
mod keys;
mod output;
mod receive;
mod reel;
mod reports;
mod speaker;
mod steady;
mod tape;

use std::collections::VecDeque;
use std::time::Duration;

pub use config::{Bridge, Direction, LegConfig, Media, PayloadTypes};
pub use counters::LegCounters;
pub use early_barge_in::{EarlyBargeIn, Quieten, Unconfirmed};
pub use idler::Idle;
pub use keys::InBandKeys;
pub use output::{DigitsRefused, Event, Output, Received};
pub use reel::Reel;
pub use tape::{Recorded, Side};

use crate::listen::{Forwarder, Heard, KeyTones, Listener, Shape};
use crate::speak::{Announcement, Interruption, Playout};
use crate::wire::telephone_event::QueueFull;
use crate::wire::{Key, KeyReceiver};
use crate::{ClockRate, Codec, Moment};
use early_barge_in::Watch;
use keys::Mask;
use reports::Reports;
use speaker::Speaker;
use tape::Tape;

/// Both directions of a call's audio, each on its own, joined here and nowhere else.
///
/// Feed it with [`receive`](Self::receive) and [`say`](Self::say); after each call, and whenever
/// [`deadline`](Self::deadline) has come, take what is due out of [`poll`](Self::poll) until it
/// gives `None`. Polling too early or too often is harmless.
///
/// ```
/// use std::time::Duration;
/// use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
/// use fourwire::{Bridge, AudioFormat, Law, Leg, LegConfig, Media, Moment, Output};
///
/// let start = Moment::from_millis(0);
/// let mut leg = Leg::new(
///     LegConfig {
///         media: Media::g711(Law::Mu),
///         ssrc: Ssrc(1),
///         first_sequence: 0,
///         first_timestamp: 0,
///         cname: "fourwire@example".into(),
///         unix_time_at_origin: Duration::ZERO,
///     },
///     start,
/// );
/// leg.bridge(Bridge::new(AudioFormat::G711(Law::Mu)));
/// leg.say("resp_1", "item_1", &[0x80; 160]);
///
/// let Some(Output::Rtp(datagram)) = leg.poll(start) else { panic!("a packet is due") };
/// assert_eq!(RtpPacket::parse(datagram).unwrap().payload, [0x80; 160]);
/// ```
pub struct Leg {
    media: Media,
    speaker: Speaker,
    listener: Listener,
    bridge: Option<Forwarder>,
    watch: Option<Box<Watch>>,
    keys: KeyReceiver,
    tones: Option<Box<KeyTones>>,
    mask: Mask,
    reports: Reports,
    tape: Option<Tape>,
    pcm: Vec<i16>,
    decoded: Vec<u8>,
    events: VecDeque<Event>,
    last_arrival: Moment,
    rtp_stopped: bool,
    counters: LegCounters,
}

/// How long no RTP may come before [`Event::RtpStopped`] tells of it. Silence suppression pauses a
/// stream for a second or two; a dead path never resumes.
const RTP_STOPPED_AFTER: Duration = Duration::from_secs(3);

/// The next thing that `poll` shows; the bytes lie in the part that made them.
enum Step {
    Rtp,
    Rtcp,
    Chunk,
    Recorded(Side),
    Event(Event),
}

impl Leg {
    /// A leg whose first packet is due at `start`. It sends silence and lets what it hears go by
    /// until it is bridged.
    pub fn new(config: LegConfig, start: Moment) -> Self {
        Self {
            media: config.media,
            speaker: Speaker::new(&config, start),
            listener: Listener::new(config.media.codec, config.media.turn()),
            bridge: None,
            watch: None,
            keys: KeyReceiver::new(config.media.event_rate),
            tones: None,
            mask: Mask::default(),
            reports: Reports::new(&config, start),
            tape: None,
            pcm: Vec::new(),
            decoded: Vec::new(),
            events: VecDeque::new(),
            last_arrival: start,
            rtp_stopped: false,
            counters: LegCounters::default(),
        }
    }

    /// Go on with what a new offer and answer agreed on (RFC 3264 §8).
    pub fn renegotiate(&mut self, now: Moment, media: Media) {
        if media.codec != self.media.codec {
            self.listen(now); // What is here was sent by the old codec.
            while self.listener.hurry() {
                self.listen(now);
            }
            self.change_codec(media.codec);
        }
        if media.direction.receives() && !self.media.direction.receives() {
            self.listener.begin_anew();
        }
        if media.event_rate != self.media.event_rate {
            self.keys.change_clock(media.event_rate);
        }
        self.media = media;
        self.speaker.renegotiate(media);
        self.reports.renegotiate(&self.speaker);
        self.last_arrival = now;
    }

    fn change_codec(&mut self, codec: Codec) {
        self.listener.renegotiate(codec);
        if let Some(forwarder) = &mut self.bridge {
            forwarder.renegotiate(codec.audio_rate());
        }
        if let Some(watch) = &mut self.watch {
            watch.renegotiate(codec.audio_rate());
        }
        if let Some(tape) = &mut self.tape {
            tape.renegotiate(codec.audio_rate());
        }
        if let Some(tones) = &mut self.tones {
            tones.renegotiate(codec.audio_rate());
        }
    }

    /// Let the agent hear and be heard. A second bridge replaces the first, and its ledger begins
    /// anew.
    pub fn bridge(&mut self, bridge: Bridge) {
        self.speaker.playout.begin_anew(bridge.output, bridge.back_channel);
        self.tell_changes();
        let wire = self.media.codec.audio_rate();
        self.bridge = Some(Forwarder::new(wire, bridge.input, bridge.append, bridge.shape));
        self.begin_watch(bridge.early_barge_in);
    }

    /// Part the agent from the caller again: silence both ways, and what it still says is refused.
    /// What was silenced is told, and [`Event::Unbridged`] after all that is to be told of it.
    pub fn unbridge(&mut self) {
        self.tell_changes();
        let cut = self.speaker.playout.clear();
        self.tell_interruption(cut);
        self.bridge = None;
        self.begin_watch(None);
        self.tell_changes();
        self.events.push_back(Event::Unbridged);
    }

    /// Fall silent: the caller has begun to speak. What was silenced is also told as an
    /// [`Event::Interrupted`].
    pub fn barge_in(&mut self) -> Interruption {
        self.confirm();
        self.tell_changes();
        self.speaker.announcements.barge_in();
        let cut = self.speaker.playout.barge_in();
        let cut = self.tell_interruption(cut);
        self.tell_changes(); // now, while it is known of which frame
        cut
    }

    /// Fall silent in both lanes.
    pub fn clear(&mut self) -> Interruption {
        self.confirm();
        self.tell_changes();
        self.speaker.announcements.barge_in();
        let cut = self.speaker.playout.clear();
        let cut = self.tell_interruption(cut);
        self.tell_changes();
        cut
    }

    /// Play `announcement` to the caller, bridged or not, over whatever the agent says. Its end is
    /// told as an [`Event::Played`].
    pub fn play(&mut self, announcement: Announcement) {
        self.speaker.announcements.play(announcement);
    }

    /// Stop the announcement of that number within a few milliseconds.
    pub fn stop_playing(&mut self, number: u64) {
        self.speaker.announcements.stop(number);
    }

    /// Send `digits` as telephone events (RFC 4733), each for `tone` with `gap` after it. They are
    /// sent in place of audio, which waits.
    ///
    /// # Errors
    /// Where a character stands for no key, or telephone events were not negotiated, nothing is
    /// sent; where the queue is full, the digits before are.
    pub fn send_digits(
        &mut self,
        digits: &str,
        tone: Duration,
        gap: Duration,
    ) -> Result<(), DigitsRefused> {
        self.media.telephone_event.ok_or(DigitsRefused::NotNegotiated)?;
        if let Some(unknown) = digits.chars().find(|&digit| Key::new(digit).is_none()) {
            return Err(DigitsRefused::Unknown(unknown));
        }
        for key in digits.chars().filter_map(Key::new) {
            self.speaker
                .keys
                .queue(key, tone, gap)
                .map_err(|QueueFull| DigitsRefused::QueueFull)?;
        }
        Ok(())
    }

    /// Start giving out [`Output::Recorded`] at `rate`, whatever the codec is or becomes, from the
    /// [`next_turn`](Self::next_turn) on; `None` stops.
    pub fn record(&mut self, rate: Option<ClockRate>) {
        self.note_slips();
        let (wire, start) = (self.media.codec.audio_rate(), self.next_turn());
        self.tape = rate.map(|rate| Tape::new(wire, rate, start));
    }

    /// When the next packet is due.
    pub fn next_turn(&self) -> Moment {
        self.speaker.next_slot()
    }

    fn note_slips(&mut self) {
        self.counters.recording_slipped += self.tape.as_ref().map_or(0, Tape::slipped);
    }

    /// What is due at `now`, packets first. Call until `None`.
    #[must_use]
    pub fn poll(&mut self, now: Moment) -> Option<Output<'_>> {
        Some(match self.step(now)? {
            Step::Rtp => Output::Rtp(self.speaker.datagram()),
            Step::Rtcp => Output::Rtcp(self.reports.datagram()),
            Step::Recorded(side) => Output::Recorded(self.tape.as_ref()?.stretch(side)),
            Step::Event(event) => Output::Event(event),
            Step::Chunk => {
                let forwarder = self.bridge.as_ref()?;
                match forwarder.shape() {
                    Shape::Append => Output::Append(forwarder.chunk()),
                    Shape::Audio => {
                        Output::Audio { arrival: forwarder.arrival(), audio: forwarder.chunk() }
                    }
                }
            }
        })
    }

    /// When to poll again though nothing was fed.
    pub fn deadline(&self) -> Moment {
        let speaking = self.speaker.deadline();
        let listening = self.listener.deadline().unwrap_or(speaking);
        speaking.min(listening).min(self.keys.deadline().unwrap_or(speaking))
    }

    /// The last datagram for the other side's RTCP address, to be sent when the call is over
    /// (RFC 3550 §6.6).
    pub fn goodbye(&mut self, now: Moment) -> &[u8] {
        self.reports.write_goodbye(now, &self.speaker);
        self.reports.datagram()
    }

    /// What a leg has seen, done and dropped.
    pub fn counters(&self) -> LegCounters {
        let mut counters = self.counters;
        counters.note_heard(&self.listener);
        counters.note_said(&self.speaker);
        self.reports.note(&mut counters);
        self.note_keys(&mut counters);
        counters.recording_slipped += self.tape.as_ref().map_or(0, Tape::slipped);
        if let Some(watch) = &self.watch {
            watch.note(&mut counters);
        }
        counters
    }

    /// The agent's speech that waits, and what of it went out.
    pub fn playout(&self) -> &Playout {
        &self.speaker.playout
    }

    fn step(&mut self, now: Moment) -> Option<Step> {
        if let Some(taken) = self.speaker.turn(now) {
            self.after_turn(now, taken.missed);
            if taken.sends {
                return Some(Step::Rtp);
            }
        }
        if let Some(side) = self.tape.as_mut().and_then(Tape::advance) {
            return Some(Step::Recorded(side));
        }
        self.listen(now);
        if self.bridge.as_mut().is_some_and(Forwarder::advance) {
            self.counters.forwarded += 1;
            return Some(Step::Chunk);
        }
        if self.reports.is_due(now) {
            let theirs = self.listener.source_mut().report(now);
            self.reports.write(now, &self.speaker, theirs);
            return Some(Step::Rtcp);
        }
        self.next_event(now).map(Step::Event)
    }

    fn after_turn(&mut self, now: Moment, missed: u32) {
        if let Some(tape) = &mut self.tape {
            tape.say(self.speaker.pcm(), self.speaker.slot());
        }
        if let Some(watch) = &mut self.watch {
            watch.say(self.speaker.pcm(), missed);
        }
        let silent_for = now.since(self.last_arrival);
        if !self.rtp_stopped && self.media.direction.receives() && silent_for >= RTP_STOPPED_AFTER {
            self.rtp_stopped = true;
            self.events.push_back(Event::RtpStopped);
        }
    }

    fn listen(&mut self, now: Moment) {
        self.pcm.clear();
        while let Some(heard) = self.listener.poll(now, &mut self.pcm) {
            let came = if let Heard::Received(arrival) = heard { Some(arrival) } else { None };
            let arrival = came.unwrap_or(now);
            self.look_for_keys();
            if let Some(forwarder) = &mut self.bridge {
                forwarder.feed(&self.pcm, arrival);
            }
            if let Some(tape) = &mut self.tape {
                tape.hear(&self.pcm, came, now);
            }
            if let Some(watch) = &mut self.watch {
                watch.hear(&self.pcm, heard);
            }
            self.pcm.clear();
        }
        self.watch(now);
    }

    fn next_event(&mut self, now: Moment) -> Option<Event> {
        while let Some(press) = self.keys.poll(now) {
            self.note_key(press);
        }
        self.tell_changes();
        self.events.pop_front()
    }

    fn tell_changes(&mut self) {
        while let Some((change, into)) = self.speaker.playout.change_within() {
            self.events.push_back(Event::of(change, self.speaker.slot() + into));
        }
        while let Some(played) = self.speaker.announcements.ended() {
            self.events.push_back(Event::Played(played));
        }
    }

    fn tell_interruption(&mut self, cut: Interruption) -> Interruption {
        if cut.item.is_some() {
            self.speaker.hurry();
            self.events.push_back(Event::Interrupted(cut.clone()));
        }
        cut
    }
}
