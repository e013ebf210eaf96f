//! What two sides agreed on, and what the agent wants.

use std::time::Duration;

use super::EarlyBargeIn;
use super::idler::Idle;
use crate::listen::Shape;
use crate::wire::{PayloadType, Ssrc};
use crate::{AudioFormat, ClockRate, Codec, Law};

/// What a leg needs to know from its start.
#[derive(Clone, Debug)]
pub struct LegConfig {
    /// What the offer and the answer agreed on.
    pub media: Media,
    /// The name of our stream; random (RFC 3550 §8.1).
    pub ssrc: Ssrc,
    /// The first sequence number we send; random (RFC 3550 §5.1).
    pub first_sequence: u16,
    /// The first timestamp we send; random (RFC 3550 §5.1).
    pub first_timestamp: u32,
    /// Our canonical name, the same for all streams of a call (RFC 3550 §6.5.1).
    pub cname: String,
    /// The time since 1970 at the origin of [`Moment`](crate::Moment), for sender reports
    /// (RFC 3550 §6.4.1).
    pub unix_time_at_origin: Duration,
}

/// What an offer and its answer agreed on (RFC 3264), and may change in mid-call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Media {
    /// The codec of both directions.
    pub codec: Codec,
    /// The codec's payload types.
    pub payload_type: PayloadTypes,
    /// The payload types of telephone events (RFC 4733), where the other side takes them.
    pub telephone_event: Option<PayloadTypes>,
    /// The clock that the events' durations are told by. It ought to be that of the codec's
    /// timestamps (RFC 4733 §2.1), but many phones with Opus know events at 8 kHz alone.
    pub event_rate: ClockRate,
    /// The payload types of comfort noise (RFC 3389), where the other side takes it. From it we
    /// take it in any case, by the type that is set aside for it.
    pub comfort_noise: Option<PayloadTypes>,
    /// What we send while the agent is silent.
    pub idle: Idle,
    /// Audio in a packet that we send, from 10 to 60 ms.
    pub packet_time: Duration,
    /// Which ways audio flows.
    pub direction: Direction,
}

impl Media {
    /// G.711 of `law`, as [`new`](Self::new) has it.
    pub const fn g711(law: Law) -> Self {
        Self::new(Codec::G711(law))
    }

    /// `codec` by its payload type in RFC 3551 §6, 20 ms a packet, both ways.
    pub const fn new(codec: Codec) -> Self {
        Self {
            codec,
            payload_type: PayloadTypes::both(codec.payload_type()),
            telephone_event: None,
            event_rate: codec.timestamp_rate(),
            comfort_noise: None,
            idle: Idle::Silence,
            packet_time: Duration::from_millis(20),
            direction: Direction::SendRecv,
        }
    }

    /// How often we send a packet: every `packet_time`, brought to between 10 and 60 ms and to what
    /// the codec can fill.
    pub fn turn(&self) -> Duration {
        self.codec.packet_time(self.packet_time.clamp(SHORTEST_PACKET, LONGEST_PACKET))
    }

    /// Whether a packet that comes with `payload_type` is of this agreement.
    pub fn expects(&self, payload_type: PayloadType) -> bool {
        self.content(payload_type)
            .is_some_and(|it| it != Content::ComfortNoise || self.comfort_noise.is_some())
    }

    /// What a packet that comes with `payload_type` carries; `None` where nobody agreed on it. Many
    /// send comfort noise by its static type though it was not agreed on.
    pub(crate) fn content(&self, payload_type: PayloadType) -> Option<Content> {
        self.content_of(|numbers| numbers.receive == payload_type)
            .or_else(|| self.content_of(|numbers| numbers.other == Some(payload_type)))
    }

    /// What the first format whose numbers are `meant` carries.
    fn content_of(&self, meant: impl Fn(PayloadTypes) -> bool) -> Option<Content> {
        if meant(self.payload_type) {
            Some(Content::Audio)
        } else if self.telephone_event.is_some_and(&meant) {
            Some(Content::Key)
        } else if meant(self.comfort_noise.unwrap_or(PayloadTypes::both(PayloadType::CN))) {
            Some(Content::ComfortNoise)
        } else {
            None
        }
    }

    /// Periods of the timestamps in a packet that we send.
    pub(crate) fn periods(&self) -> usize {
        self.codec.timestamp_rate().samples_in(self.turn())
    }

    /// Samples in a packet that we send.
    pub(crate) fn samples(&self) -> usize {
        self.codec.samples(self.periods())
    }
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Audio,
    Key,
    ComfortNoise,
}

/// The numbers of one format, of which each side chooses the one it wants to receive (RFC 3264
/// §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadTypes {
    /// In what we send: the number in the other side's description.
    pub send: PayloadType,
    /// In what comes: the number in ours.
    pub receive: PayloadType,
    /// In what comes as well: some send by the number that is theirs, or by one that was agreed on
    /// before. It counts where it is the [`receive`](Self::receive) of no format.
    pub other: Option<PayloadType>,
}

impl PayloadTypes {
    /// The same number both ways.
    pub const fn both(payload_type: PayloadType) -> Self {
        Self { send: payload_type, receive: payload_type, other: None }
    }
}

/// Which ways audio flows, as we see it (RFC 3264 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// From us only.
    SendOnly,
    /// To us only.
    RecvOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    /// Whether we may send.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether we listen.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// How the agent wants to be spoken to, and how it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// The format of what the agent hears.
    pub input: AudioFormat,
    /// The format of its replies.
    pub output: AudioFormat,
    /// The format of its back-channel audio.
    pub back_channel: AudioFormat,
    /// How much audio goes into one message to the agent: from 10 ms to a second.
    pub append: Duration,
    /// How that audio leaves.
    pub shape: Shape,
    /// What the leg does before the agent knows that the caller speaks; nothing where left out.
    pub early_barge_in: Option<EarlyBargeIn>,
}

impl Bridge {
    /// One format for all, in append messages of 60 ms.
    pub const fn new(format: AudioFormat) -> Self {
        Self {
            input: format,
            output: format,
            back_channel: format,
            append: Duration::from_millis(60),
            shape: Shape::Append,
            early_barge_in: None,
        }
    }
}

/// RTP has no shorter packets in telephony.
const SHORTEST_PACKET: Duration = Duration::from_millis(10);

/// A longer packet would delay a barge-in by as much as it lasts.
const LONGEST_PACKET: Duration = Duration::from_millis(60);
