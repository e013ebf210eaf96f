//! Everything a leg counts.

use super::speaker::Speaker;
use crate::listen::Listener;

macro_rules! counters {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$doc])* pub $field: u64,)*
        }

        impl $name {
            /// How many counters there are.
            pub const COUNT: usize = [$(stringify!($field)),*].len();

            /// The names of all counters, in the order of [`values`](Self::values).
            pub const NAMES: [&'static str; Self::COUNT] = [$(stringify!($field)),*];

            /// All counters, in the order of [`NAMES`](Self::NAMES).
            pub fn values(&self) -> [u64; Self::COUNT] {
                [$(self.$field),*]
            }

            /// All counters with their names.
            pub fn entries(&self) -> [(&'static str, u64); Self::COUNT] {
                [$((stringify!($field), self.$field)),*]
            }
        }
    };
}

counters! {
    /// What a leg has seen, done and dropped since it began. Samples of the caller are counted as
    /// periods of the RTP timestamps ([`Codec::timestamp_rate`](crate::Codec::timestamp_rate)),
    /// samples of the agent at the agent's own rate.
    LegCounters {
        /// RTP packets received of whatever kind.
        packets_received,
        /// RTP packets sent.
        packets_sent,
        /// Packets of the negotiated codec.
        audio_packets,
        /// Packets of all kinds that came to the de-jitter: so many as were played, empty,
        /// duplicate, late, stray, for which there was no room, discarded, and that wait.
        heard,
        /// Audio packets forwarded in their order.
        played,
        /// Packets without audio of the caller's stream: keys, comfort noise, what was not wanted.
        empty,
        /// Packets that had arrived before.
        duplicate,
        /// Packets whose time was already filled.
        late,
        /// Packets of a stream that another has replaced, and such whose number jumped alone.
        stray,
        /// Packets that came after one sent later.
        reordered,
        /// Packets for which there was no room.
        overflow,
        /// Packets that waited when the clock of the caller's stream changed.
        discarded,
        /// Audio packets that wait.
        waiting,
        /// Packets that never came in time and were concealed.
        lost,
        /// Times that such packets followed each other.
        losses,
        /// Samples made up for lost packets.
        concealed_samples,
        /// Samples of comfort noise while nothing came.
        quiet_samples,
        /// New sources, jumps and restarts survived.
        restarts,
        /// Packets that told how the caller's silence sounds.
        comfort_noise_received,
        /// Packets that told how ours does.
        comfort_noise_sent,
        /// Packets that are neither RTP nor RTCP, and comfort noise without a level.
        malformed,
        /// RTP packets of a payload type nobody negotiated.
        unknown_payload_type,
        /// Audio that came while the call was on hold in that direction.
        unwanted,
        /// Malformed RTCP packets.
        malformed_rtcp,
        /// RTCP packets received.
        rtcp_received,
        /// Turns at which nobody came to send a packet.
        turns_missed,
        /// Keys pressed by the caller.
        keys,
        /// Of these, keys that came as tones in the audio.
        keys_in_band,
        /// Keys that came faster than they could be told.
        keys_dropped,
        /// Samples of such tones that the agent was spared.
        tone_samples_removed,
        /// Samples put to silence while something secret was typed.
        masked_samples,
        /// Samples of the caller put in or left out in recordings, to keep his clock to ours.
        recording_slipped,
        /// Samples of the agent taken in.
        reply_received,
        /// Samples of the agent put on the wire.
        reply_sent,
        /// Of these, samples that were turned down because the caller seemed to speak.
        reply_softened,
        /// Samples of the agent thrown away by a barge-in.
        reply_discarded,
        /// Samples refused because their response was interrupted.
        reply_refused,
        /// Samples of the agent for which there was no room.
        reply_overflowed,
        /// Back-channel samples taken in.
        back_channel,
        /// Barge-ins that silenced something.
        interruptions,
        /// Samples of announcements taken in, at their own rates.
        announced,
        /// Of these, samples put on the wire.
        announced_sent,
        /// Of these, samples thrown away, since the announcement was stopped or gave way.
        announced_dropped,
        /// Announcements for which there was no room.
        announcements_refused,
        /// Beginnings of speech that early barge-in took note of.
        early_onsets,
        /// Of these, those at which a reply gave way.
        early_ducks,
        /// Of these, those that a barge-in followed.
        early_confirmed,
        /// Those that it did not, so that the reply was restored.
        early_false_starts,
        /// Those that became a barge-in of themselves.
        early_cleared,
        /// Beginnings of speech that were not believed, so soon after a false start.
        early_doubted,
        /// Frames of 10 ms that stood out of the background too little to be speech.
        gated_background,
        /// Such frames that were pure tones.
        gated_tone,
        /// Such frames that may have been the echo of what was said.
        gated_echo,
        /// Such frames beside a key or a concealment.
        gated_key,
        /// Such frames that were made up.
        gated_made_up,
        /// After how many milliseconds what is said comes back, zero until known.
        echo_delay_ms,
        /// How many decibels softer it comes back.
        echo_return_loss_db,
        /// Chunks of the caller's audio forwarded.
        forwarded,
        /// Messages of the agent whose audio could not be read.
        malformed_messages,
        /// The largest gap between two arrivals, in microseconds.
        largest_gap_us,
        /// Interarrival jitter in microseconds (RFC 3550 §6.4.1).
        jitter_us,
        /// The other side's report: packets of ours that it lost (RFC 3550 §6.4.1).
        remote_lost,
        /// The other side's report: interarrival jitter in microseconds.
        remote_jitter_us,
        /// Round trip in microseconds (RFC 3550 §6.4.1), zero until known.
        round_trip_us,
    }
}

impl LegCounters {
    pub(super) fn note_heard(&mut self, listener: &Listener) {
        let heard = listener.counters();
        self.heard = heard.received;
        self.played = heard.played;
        self.empty = heard.empty;
        self.discarded = heard.discarded;
        self.waiting = heard.waiting;
        self.duplicate = heard.duplicate;
        self.late = heard.late;
        self.stray = heard.stray;
        self.reordered = heard.reordered;
        self.overflow = heard.overflow;
        self.lost = heard.lost;
        self.losses = heard.losses;
        self.concealed_samples = heard.concealed_samples;
        self.quiet_samples = heard.quiet_samples;
        self.restarts = heard.restarts;
        self.largest_gap_us = listener.source().longest_gap().as_micros() as u64;
        self.jitter_us = listener.source().jitter().as_micros() as u64;
    }

    pub(super) fn note_said(&mut self, speaker: &Speaker) {
        let said = speaker.playout.counters();
        self.packets_sent = speaker.packetizer.packets();
        self.turns_missed = speaker.turns_missed;
        self.comfort_noise_sent = speaker.idler.tellings;
        self.reply_received = said.received;
        self.reply_sent = said.sent;
        self.reply_softened = said.softened;
        self.reply_discarded = said.discarded;
        self.reply_refused = said.refused;
        self.reply_overflowed = said.overflowed;
        self.back_channel = said.back_channel;
        self.interruptions = said.interruptions;
        let announced = speaker.announcements.counters();
        self.announced = announced.received;
        self.announced_sent = announced.sent;
        self.announced_dropped = announced.dropped;
        self.announcements_refused = announced.refused;
    }
}
