//! Reports about both streams, sent and read (RFC 3550 §6).

use std::time::Duration;

use super::config::LegConfig;
use super::counters::LegCounters;
use super::speaker::Speaker;
use crate::listen::Source;
use crate::wire::rtcp::{self, Compound, Goodbye, NtpTime, SenderInfo};
use crate::wire::{ReportBlock, RtcpPacket, Ssrc};
use crate::{ClockRate, Moment};

/// Writes a report every few seconds, and keeps what the other side's say.
pub(super) struct Reports {
    ssrc: Ssrc,
    /// The clock of our stream.
    clock_rate: ClockRate,
    cname: String,
    unix_time_at_origin: Duration,
    due: Moment,
    dice: u32,
    datagram: Vec<u8>,
    /// Packets that had been sent when the last two reports were, the older first.
    reported: [u64; 2],
    remote: Remote,
    /// The source that said goodbye last.
    parted: Option<Ssrc>,
    received: u64,
    malformed: u64,
}

/// What the other side says of our stream.
#[derive(Default)]
struct Remote {
    lost: i32,
    jitter: Duration,
    round_trip: Duration,
}

/// The shortest mean time between reports (RFC 3550 §6.2).
const INTERVAL: Duration = Duration::from_secs(5);

/// Bytes of a report with its description and a goodbye, but for the canonical name.
const ROOM: usize = 128;

impl Reports {
    pub(super) fn new(config: &LegConfig, start: Moment) -> Self {
        let mut reports = Self {
            ssrc: config.ssrc,
            clock_rate: config.media.codec.timestamp_rate(),
            cname: config.cname.clone(),
            unix_time_at_origin: config.unix_time_at_origin,
            due: start,
            dice: config.ssrc.0 | 1,
            datagram: Vec::with_capacity(ROOM + config.cname.len()),
            reported: [0; 2],
            remote: Remote::default(),
            parted: None,
            received: 0,
            malformed: 0,
        };
        reports.due = start + reports.interval() / 2; // The first one comes sooner (§6.2).
        reports
    }

    /// Goes by the stream that is sent now.
    pub(super) fn renegotiate(&mut self, ours: &Speaker) {
        self.ssrc = ours.packetizer.ssrc();
        self.clock_rate = ours.clock_rate();
    }

    /// Takes in what came at the RTCP port; true where the source we hear says goodbye.
    pub(super) fn receive(
        &mut self,
        arrival: Moment,
        datagram: &[u8],
        theirs: &mut Source,
    ) -> bool {
        self.received += 1;
        let Ok(compound) = Compound::parse(datagram) else {
            self.malformed += 1;
            return false;
        };
        let mut goodbye = false;
        for packet in compound {
            match packet {
                Ok(RtcpPacket::SenderReport { ssrc, sent, reports }) => {
                    theirs.hear_sender_report(arrival, ssrc, sent.ntp);
                    self.read(arrival, reports);
                }
                Ok(RtcpPacket::ReceiverReport { reports, .. }) => self.read(arrival, reports),
                Ok(RtcpPacket::Goodbye(said)) => goodbye |= self.parts(said, theirs.ssrc()),
                Ok(_) => {}
                Err(_) => self.malformed += 1,
            }
        }
        goodbye
    }

    /// Whether `goodbye` is that of the source `heard`, or of any where none is, and the first:
    /// a source that gives way to another in mid-call says goodbye, too.
    fn parts(&mut self, goodbye: Goodbye<'_>, heard: Option<Ssrc>) -> bool {
        let leaving = goodbye.sources().find(|ssrc| heard.is_none_or(|heard| heard == *ssrc));
        leaving.is_some_and(|ssrc| self.parted.replace(ssrc) != Some(ssrc))
    }

    fn read(&mut self, arrival: Moment, reports: impl Iterator<Item = ReportBlock>) {
        let now = self.ntp(arrival).middle();
        for report in reports.filter(|report| report.ssrc == self.ssrc) {
            self.remote.lost = report.cumulative_lost;
            self.remote.jitter = self.clock_rate.duration_of(report.jitter.into());
            if let Some(round_trip) = round_trip(now, &report) {
                self.remote.round_trip = round_trip;
            }
        }
    }

    pub(super) fn is_due(&self, now: Moment) -> bool {
        now >= self.due
    }

    /// Writes the report that is due, about our stream and, where there is one, about theirs.
    pub(super) fn write(&mut self, now: Moment, ours: &Speaker, theirs: Option<ReportBlock>) {
        self.due = now + self.interval();
        self.datagram.clear();
        self.write_report(now, ours, theirs);
        self.reported = [self.reported[1], ours.packetizer.packets()];
    }

    /// Writes the last report, which says goodbye.
    pub(super) fn write_goodbye(&mut self, now: Moment, ours: &Speaker) {
        self.datagram.clear();
        self.write_report(now, ours, None);
        rtcp::write_goodbye(&mut self.datagram, self.ssrc, "");
    }

    fn write_report(&mut self, now: Moment, ours: &Speaker, theirs: Option<ReportBlock>) {
        let (ntp, out) = (self.ntp(now), &mut self.datagram);
        let (packets, octets) = ours.packetizer.sent();
        // Who has sent nothing since the last report but one is no sender (RFC 3550 §6.4).
        if packets == 0 || ours.packetizer.packets() == self.reported[0] {
            rtcp::write_receiver_report(out, self.ssrc, theirs.as_slice());
        } else {
            let sent = SenderInfo {
                ntp,
                rtp_timestamp: ours.timestamp(now),
                packets: packets as u32,
                octets: octets as u32,
            };
            rtcp::write_sender_report(out, self.ssrc, &sent, theirs.as_slice());
        }
        rtcp::write_source_description(out, self.ssrc, &self.cname);
    }

    pub(super) fn datagram(&self) -> &[u8] {
        &self.datagram
    }

    pub(super) fn note(&self, counters: &mut LegCounters) {
        counters.rtcp_received = self.received;
        counters.malformed_rtcp = self.malformed;
        counters.remote_lost = self.remote.lost.max(0) as u64;
        counters.remote_jitter_us = self.remote.jitter.as_micros() as u64;
        counters.round_trip_us = self.remote.round_trip.as_micros() as u64;
    }

    fn ntp(&self, now: Moment) -> NtpTime {
        NtpTime::from_unix(self.unix_time_at_origin + now.since(Moment::default()))
    }

    /// Between half and one and a half intervals, so that calls set up together do not report
    /// together (§6.3.1). No source of randomness is needed for that: streams have random names.
    fn interval(&mut self) -> Duration {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 17;
        self.dice ^= self.dice << 5;
        INTERVAL.mul_f64(0.5 + f64::from(self.dice) / f64::from(u32::MAX))
    }
}

/// The time from our sender report to theirs about it, less what they waited (RFC 3550 §6.4.1).
fn round_trip(now: u32, report: &ReportBlock) -> Option<Duration> {
    if report.last_sr == 0 {
        return None;
    }
    let waited = report.last_sr.wrapping_add(report.delay_since_last_sr);
    let units = now.wrapping_sub(waited).cast_signed().max(0);
    Some(Duration::from_micros(units as u64 * 1_000_000 / 65_536))
}
