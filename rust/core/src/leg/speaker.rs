//! From the playout to datagrams, one a turn.

use std::time::Duration;

use super::config::{LegConfig, Media};
use super::idler::{Idle, IdleTurn, Idler};
use crate::sound::codec::Encoder;
use crate::speak::{Announcements, Pacer, Packetizer, Playout};
use crate::wire::KeySender;
use crate::{AudioFormat, ClockRate, Law, Moment};

/// A turn that was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// Whether a packet goes out.
    pub(super) sends: bool,
    /// Turns that went by unused before it.
    pub(super) missed: u32,
}

/// Takes a turn every packet time and fills it: with a digit, with speech, or with silence.
pub(super) struct Speaker {
    media: Media,
    encoder: Encoder,
    pub(super) playout: Playout,
    pub(super) announcements: Announcements,
    pacer: Pacer,
    pub(super) packetizer: Packetizer,
    pub(super) keys: KeySender,
    pub(super) idler: Idler,
    pcm: Vec<i16>,
    payload: Vec<u8>,
    datagram: Vec<u8>,
    /// How long nothing has sounded; a talkspurt begins with a marker after some of it.
    silent: Duration,
    /// When the turn taken last was due.
    slot: Moment,
    pub(super) turns_missed: u64,
}

impl Speaker {
    pub(super) fn new(config: &LegConfig, start: Moment) -> Self {
        let codec = config.media.codec;
        let format = AudioFormat::G711(Law::Mu); // Until a bridge says which.
        Self {
            media: config.media,
            encoder: Encoder::new(codec),
            playout: Playout::new(codec.audio_rate(), format, format),
            announcements: Announcements::new(codec.audio_rate()),
            pacer: Pacer::new(start, config.media.turn()),
            packetizer: Packetizer::new(config.ssrc, config.first_sequence, config.first_timestamp),
            keys: KeySender::new(config.media.event_rate, config.media.turn()),
            idler: Idler::new(),
            pcm: Vec::new(),
            payload: Vec::new(),
            datagram: Vec::new(),
            silent: TALKSPURT_GAP,
            slot: start,
            turns_missed: 0,
        }
    }

    pub(super) fn renegotiate(&mut self, media: Media) {
        if media.codec != self.media.codec {
            self.encoder = Encoder::new(media.codec);
            self.playout.renegotiate(media.codec.audio_rate());
            self.announcements.renegotiate(media.codec.audio_rate());
        }
        if media.codec.timestamp_rate() != self.clock_rate() {
            self.packetizer.begin_stream();
            self.keys.let_go();
        }
        self.media = media;
        self.pacer = Pacer::new(self.pacer.slot(), media.turn());
        self.keys.change_clock(media.event_rate, media.turn());
    }

    /// The clock of our timestamps.
    pub(super) fn clock_rate(&self) -> ClockRate {
        self.media.codec.timestamp_rate()
    }

    /// What the clock of our timestamps reads at `now`, between two packets (RFC 3550 §6.4.1).
    pub(super) fn timestamp(&self, now: Moment) -> u32 {
        let periods = |span| self.clock_rate().samples_in(span) as u32;
        let (ahead, behind) = (self.next_slot().since(now), now.since(self.next_slot()));
        self.packetizer.timestamp().wrapping_sub(periods(ahead)).wrapping_add(periods(behind))
    }

    pub(super) fn deadline(&self) -> Moment {
        self.pacer.deadline()
    }

    /// When the turn taken next is due.
    pub(super) fn next_slot(&self) -> Moment {
        self.pacer.slot()
    }

    /// Lets the packet in which speech fades leave a little early: whoever is interrupted is silent
    /// within a packet time also where that packet has only just left, or leaves late. Where it
    /// belongs is told by its timestamp.
    pub(super) fn hurry(&mut self) {
        self.pacer.hurry(self.pacer.period() / 4);
    }

    /// When the turn taken last was due.
    pub(super) const fn slot(&self) -> Moment {
        self.slot
    }

    /// Takes the turn that is due at `now`, if one is.
    pub(super) fn turn(&mut self, now: Moment) -> Option<Taken> {
        let before = self.pacer.slot();
        let turn = self.pacer.turn(now)?;
        self.slot = before + self.pacer.period().saturating_mul(turn.missed);
        let (periods, samples) = (self.media.periods() as u64, self.media.samples());
        self.packetizer.advance(u64::from(turn.missed) * periods);
        self.turns_missed += u64::from(turn.missed);
        let may_send = self.media.direction.sends();
        if turn.missed > 0 || !may_send {
            self.silent = TALKSPURT_GAP;
        }
        self.datagram.clear();
        self.pcm.clear();
        if !may_send || self.speak_key() {
            self.playout.pause();
            self.announcements.pause();
        } else {
            self.speak(samples);
        }
        self.pcm.resize(samples, 0);
        self.packetizer.advance(periods);
        Some(Taken { sends: !self.datagram.is_empty(), missed: turn.missed })
    }

    /// The packet of the turn taken last.
    pub(super) fn datagram(&self) -> &[u8] {
        &self.datagram
    }

    /// The samples of the turn taken last, silence where a digit or nothing was sent.
    pub(super) fn pcm(&self) -> &[i16] {
        &self.pcm
    }

    /// A digit goes out instead of audio, which waits (RFC 4733 §2.2.2.1 allows either).
    fn speak_key(&mut self) -> bool {
        let Some(payload_type) = self.media.telephone_event else { return false };
        // Where events have a slower clock than the audio, it tells durations; timestamps are those
        // of the stream.
        let slower = (self.clock_rate().hertz() / self.media.event_rate.hertz()).max(1);
        let now = (self.packetizer.time() / u64::from(slower)) as u32;
        let Some(key) = self.keys.poll(now) else { return false };
        let since = now.wrapping_sub(key.timestamp).wrapping_mul(slower);
        let at = self.packetizer.timestamp().wrapping_sub(since);
        let out = &mut self.datagram;
        self.packetizer.packet_at(at, payload_type.send, key.marker, &key.payload, out);
        true
    }

    fn speak(&mut self, samples: usize) {
        let mut sounding = self.playout.take(samples, &mut self.pcm);
        sounding |= self.announcements.mix(&mut self.pcm);
        let marker = self.begins_talkspurt(sounding);
        self.payload.clear();
        if sounding {
            self.idler.wake();
            return self.send_audio(marker);
        }
        let comfort_noise =
            self.media.comfort_noise.filter(|_| self.media.idle == Idle::ComfortNoise);
        match self.idler.turn(self.pacer.period(), comfort_noise.is_some()) {
            IdleTurn::Audio => {
                if self.media.idle != Idle::Silence {
                    self.idler.fill(&mut self.pcm);
                }
                self.send_audio(marker);
            }
            IdleTurn::Tell => {
                self.idler.tell(&mut self.payload);
                if let Some(numbers) = comfort_noise {
                    let (payload, out) = (&self.payload, &mut self.datagram);
                    self.packetizer.packet(numbers.send, false, payload, out);
                }
            }
            IdleTurn::Skip => {}
        }
    }

    fn send_audio(&mut self, marker: bool) {
        self.encoder.encode_into(&self.pcm, &mut self.payload);
        let payload_type = self.media.payload_type.send;
        self.packetizer.packet(payload_type, marker, &self.payload, &mut self.datagram);
    }

    /// The marker is set on the first packet after a silence (RFC 3551 §4.1), so that the other
    /// side's playout may adapt where it is not heard.
    fn begins_talkspurt(&mut self, sounding: bool) -> bool {
        if !sounding {
            self.silent += self.pacer.period();
            return self.packetizer.packets() == 0;
        }
        std::mem::take(&mut self.silent) >= TALKSPURT_GAP
    }
}

/// A pause in speech shorter than this belongs to the talkspurt around it.
const TALKSPURT_GAP: Duration = Duration::from_millis(200);
