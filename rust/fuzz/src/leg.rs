//! A leg as a whole.

use std::time::Duration;

use arbitrary::Arbitrary;
use fourwire::listen::Shape;
use fourwire::wire::rtcp::{self, Compound};
use fourwire::wire::{PayloadType, ReportBlock, RtpPacket, Ssrc};
use fourwire::{
    Bridge, ClockRate, Direction, EarlyBargeIn, Idle, InBandKeys, Leg, LegConfig, LegCounters,
    Media, Moment, Output, PayloadTypes, Quieten, Unconfirmed,
};

use crate::draw::{Draft, Format, Pause, Rate, Stream, codec, codes};

/// A leg, and what happens to it.
#[derive(Arbitrary, Debug)]
pub struct Input {
    media: Agreement,
    first_sequence: u16,
    first_timestamp: u32,
    acts: Vec<Act>,
}

/// What both sides agreed on.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Agreement {
    codec: u8,
    numbers: [u8; 6],
    others: [Option<u8>; 3],
    events: Option<Rate>,
    noise: bool,
    idle: u8,
    packet_ms: u8,
    direction: u8,
}

/// How the agent is joined.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Joint {
    input: Format,
    output: Format,
    back_channel: Format,
    append_ms: u16,
    raw: bool,
    early: Option<Early>,
}

/// How the agent gives way early.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Early {
    Duck { decibels: u8, restore_ms: u16 },
    Pause { clear_ms: u16 },
}

/// Something that happens.
#[derive(Arbitrary, Debug)]
pub enum Act {
    Datagram(Vec<u8>),
    Control(Vec<u8>),
    Audio(Draft),
    Keys(Draft, [u8; 8]),
    Noise(Draft, Vec<u8>),
    Report {
        ssrc: u32,
        highest: u32,
        bye: bool,
    },
    Message(Vec<u8>),
    Delta {
        response: u8,
        item: u8,
        bytes: u8,
    },
    SpeechStarted,
    Begin(u8),
    Say {
        response: u8,
        item: u8,
        bytes: u16,
    },
    BackChannel(u16),
    BargeIn,
    Clear,
    Digits(String, u16),
    Record(Option<Rate>),
    Bridge(Joint),
    Unbridge,
    Renegotiate(Agreement),
    InBandKeys(u8),
    Mask(bool),
    Poll(Pause),
    /// Half a second in which the leg is polled when it asks for that.
    Run,
}

/// What a leg gives out is what it may give out, is due no more once it was given, and adds up.
pub fn check(input: Input) {
    let mut call = Call::new(&input);
    for act in input.acts {
        call.happen(act);
        call.check();
    }
    call.poll(Pause::None);
    Compound::parse(call.leg.goodbye(call.now)).expect("a goodbye is RTCP");
}

struct Call {
    leg: Leg,
    media: Media,
    now: Moment,
    stream: Stream,
    /// The number that our next packet has.
    sequence: u16,
    sent: u64,
    forwarded: u64,
    received: u64,
}

impl Call {
    fn new(input: &Input) -> Self {
        let media = input.media.media();
        let config = LegConfig {
            media,
            ssrc: Ssrc(9),
            first_sequence: input.first_sequence,
            first_timestamp: input.first_timestamp,
            cname: "fuzz@example".into(),
            unix_time_at_origin: Duration::from_secs(1_700_000_000),
        };
        let start = Moment::from_millis(1_000);
        Self {
            leg: Leg::new(config, start),
            media,
            now: start,
            stream: Stream::default(),
            sequence: input.first_sequence,
            sent: 0,
            forwarded: 0,
            received: 0,
        }
    }

    fn happen(&mut self, act: Act) {
        match act {
            Act::Datagram(_)
            | Act::Control(_)
            | Act::Audio(_)
            | Act::Keys(..)
            | Act::Noise(..)
            | Act::Report { .. } => {
                self.hear(act);
            }
            Act::Digits(digits, tone) => {
                let tone = Duration::from_millis(tone.into());
                let _ = self.leg.send_digits(&digits, tone, tone / 2);
            }
            Act::Record(rate) => self.leg.record(rate.map(Rate::clock)),
            Act::Bridge(joint) => self.leg.bridge(joint.bridge()),
            Act::Unbridge => self.leg.unbridge(),
            Act::InBandKeys(how) => {
                let ways = [InBandKeys::Off, InBandKeys::Hear, InBandKeys::Remove];
                self.leg.hear_in_band_keys(ways[usize::from(how % 3)]);
            }
            Act::Mask(on) => self.leg.mask(on),
            Act::Renegotiate(agreement) => {
                self.media = agreement.media();
                self.leg.renegotiate(self.now, self.media);
            }
            Act::Poll(pause) => self.poll(pause),
            Act::Run => self.run(),
            act => self.hear_agent(act),
        }
    }

    fn hear(&mut self, act: Act) {
        match act {
            Act::Datagram(datagram) => {
                self.leg.receive(self.now, &datagram);
            }
            Act::Control(datagram) => {
                self.leg.receive_rtcp(self.now, &datagram);
            }
            Act::Audio(draft) => {
                let number = self.media.payload_type.receive;
                self.receive(draft, number, &codes(draft.size()));
            }
            Act::Keys(draft, events) => {
                if let Some(event) = self.media.telephone_event {
                    self.receive(draft, event.receive, &events);
                }
            }
            Act::Noise(draft, payload) => self.receive(draft, PayloadType::CN, &payload),
            Act::Report { ssrc, highest, bye } => {
                let block = ReportBlock {
                    ssrc: Ssrc(9),
                    highest_sequence: highest,
                    ..ReportBlock::default()
                };
                let mut datagram = Vec::new();
                rtcp::write_receiver_report(&mut datagram, Ssrc(ssrc), &[block]);
                if bye {
                    rtcp::write_goodbye(&mut datagram, Ssrc(ssrc), "");
                }
                self.leg.receive_rtcp(self.now, &datagram);
            }
            _ => {}
        }
    }

    fn receive(&mut self, draft: Draft, number: PayloadType, payload: &[u8]) {
        let packet = self.stream.packet(draft, number, payload);
        let mut datagram = Vec::new();
        packet.write(&mut datagram);
        if !fourwire::wire::is_rtcp(&datagram) {
            self.received += 1;
        }
        self.leg.receive(self.now, &datagram);
    }

    fn hear_agent(&mut self, act: Act) {
        match act {
            Act::Message(message) => {
                self.leg.receive_message(&message);
            }
            Act::Delta { response, item, bytes } => {
                let audio = "AAEC".repeat(bytes.into());
                let message = format!(
                    r#"{{"type":"response.output_audio.delta","response_id":"{response}","item_id":"{item}","delta":"{audio}"}}"#
                );
                assert!(self.leg.receive_message(message.as_bytes()), "audio is consumed");
            }
            Act::SpeechStarted => {
                let message = br#"{"type":"input_audio_buffer.speech_started","audio_start_ms":5}"#;
                assert!(!self.leg.receive_message(message), "the session wants it too");
                assert_eq!(self.leg.playout().waiting(), Duration::ZERO);
            }
            Act::Begin(response) => self.leg.begin_response(&response.to_string()),
            Act::Say { response, item, bytes } => {
                let audio = codes(usize::from(bytes) % 20_000);
                self.leg.say(&response.to_string(), &item.to_string(), &audio);
            }
            Act::BackChannel(bytes) => {
                self.leg.say_back_channel(&codes(bytes.into()));
            }
            Act::BargeIn => {
                self.leg.barge_in();
                assert_eq!(self.leg.playout().waiting(), Duration::ZERO);
            }
            Act::Clear => {
                self.leg.clear();
            }
            _ => {}
        }
    }

    fn run(&mut self) {
        let end = self.now + Duration::from_millis(500);
        while self.leg.deadline() < end {
            let wait = self.leg.deadline().since(self.now);
            self.now += wait;
            self.poll(Pause::None);
        }
    }

    fn poll(&mut self, pause: Pause) {
        self.now += pause.span();
        let mut left = MOST_AT_ONCE;
        while let Some(output) = self.leg.poll(self.now) {
            left -= 1;
            assert!(left > 0, "a poll ends");
            match output {
                Output::Rtp(datagram) => {
                    check_sent(datagram, self.sequence, &self.media);
                    self.sequence = self.sequence.wrapping_add(1);
                    self.sent += 1;
                }
                Output::Rtcp(datagram) => {
                    Compound::parse(datagram).expect("what we write is RTCP");
                }
                Output::Append(message) => {
                    self.forwarded += 1;
                    assert!(message.starts_with(b"{") && message.ends_with(b"}"));
                }
                Output::Audio { audio, .. } => {
                    self.forwarded += 1;
                    assert!(!audio.is_empty());
                }
                Output::Recorded(stretch) => assert!(!stretch.pcm.is_empty()),
                Output::Event(_) => {}
            }
        }
        assert!(self.leg.deadline() > self.now, "nothing more is due");
    }

    fn check(&self) {
        let it: LegCounters = self.leg.counters();
        assert_eq!((it.packets_sent, it.forwarded), (self.sent, self.forwarded));
        assert!(it.packets_received >= self.received, "others come as datagrams");
        assert!(it.packets_received >= it.audio_packets + it.unknown_payload_type + it.unwanted);
        assert!(it.audio_packets >= it.played);
        let known = it.played + it.empty + it.duplicate + it.late + it.stray + it.overflow;
        assert_eq!(it.heard, known + it.discarded + it.waiting, "a packet is counted as one thing");
        assert!(it.packets_received >= it.heard);
        let waiting = self.leg.playout().waiting();
        assert_eq!(it.reply_received == it.reply_sent + it.reply_discarded, waiting.is_zero());
    }
}

fn check_sent(datagram: &[u8], sequence: u16, media: &Media) {
    let packet = RtpPacket::parse(datagram).expect("what we write is RTP");
    assert_eq!(packet.sequence, sequence);
    assert!(media.direction.sends(), "nothing is sent on hold");
    let others = [media.telephone_event, media.comfort_noise].into_iter().flatten();
    if others.map(|other| other.send).all(|other| packet.payload_type != other) {
        assert_eq!(packet.payload_type, media.payload_type.send);
        let periods = media.codec.timestamp_rate().samples_in(media.turn());
        assert_eq!(media.codec.periods(packet.payload), periods, "a turn is filled");
    }
}

impl Agreement {
    fn media(self) -> Media {
        let direction =
            [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
        let number = |n: u8| PayloadType::new(self.numbers[usize::from(n)] & 0x7F).expect("7 bits");
        let numbers = |n: u8| PayloadTypes {
            send: number(n),
            receive: number(n + 1),
            other: self.others[usize::from(n / 2)].and_then(|n| PayloadType::new(n & 0x7F)),
        };
        Media {
            codec: codec(self.codec),
            payload_type: numbers(0),
            telephone_event: self.events.map(|_| numbers(2)),
            event_rate: self.events.map_or(ClockRate::Hz8000, Rate::clock),
            comfort_noise: self.noise.then(|| numbers(4)),
            idle: [Idle::Silence, Idle::Noise, Idle::ComfortNoise][usize::from(self.idle % 3)],
            packet_time: Duration::from_millis(u64::from(self.packet_ms % 9) * 10),
            direction: direction[usize::from(self.direction % 4)],
        }
    }
}

impl Early {
    fn barge_in(self) -> EarlyBargeIn {
        let span = |ms: u16| Duration::from_millis(ms.into());
        let (quieten, unconfirmed) = match self {
            Self::Duck { decibels, restore_ms } => {
                (Quieten::Duck(decibels), Unconfirmed::RestoreAfter(span(restore_ms)))
            }
            Self::Pause { clear_ms } => (Quieten::Pause, Unconfirmed::ClearAfter(span(clear_ms))),
        };
        EarlyBargeIn { quieten, unconfirmed, ..EarlyBargeIn::default() }
    }
}

impl Joint {
    fn bridge(self) -> Bridge {
        Bridge {
            input: self.input.audio(),
            output: self.output.audio(),
            back_channel: self.back_channel.audio(),
            append: Duration::from_millis(u64::from(self.append_ms) % 2_000),
            shape: if self.raw { Shape::Audio } else { Shape::Append },
            early_barge_in: self.early.map(Early::barge_in),
        }
    }
}

/// More outputs than any time that passes here makes due.
const MOST_AT_ONCE: usize = 10_000;
