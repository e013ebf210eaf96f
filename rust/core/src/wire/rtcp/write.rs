//! RTCP packets as bytes.

use super::{
    CNAME, GOODBYE, HEADER, RECEIVER_REPORT, ReportBlock, SENDER_REPORT, SOURCE_DESCRIPTION,
    SenderInfo,
};
use crate::wire::payload::Ssrc;

/// Report blocks that fit one packet: its header counts them with five bits.
const MOST_REPORTS: usize = 31;

/// Appends a sender report (RFC 3550 §6.4.1). Of `reports`, the first 31 are written.
pub fn write_sender_report(
    out: &mut Vec<u8>,
    ssrc: Ssrc,
    sent: &SenderInfo,
    reports: &[ReportBlock],
) {
    write_packet(out, SENDER_REPORT, reports.len().min(MOST_REPORTS), |out| {
        put(out, ssrc.0);
        out.extend_from_slice(&sent.ntp.0.to_be_bytes());
        put(out, sent.rtp_timestamp);
        put(out, sent.packets);
        put(out, sent.octets);
        write_reports(out, reports);
    });
}

/// Appends a receiver report (RFC 3550 §6.4.2). Of `reports`, the first 31 are written.
pub fn write_receiver_report(out: &mut Vec<u8>, ssrc: Ssrc, reports: &[ReportBlock]) {
    write_packet(out, RECEIVER_REPORT, reports.len().min(MOST_REPORTS), |out| {
        put(out, ssrc.0);
        write_reports(out, reports);
    });
}

/// Appends a source description with the canonical name that every compound must have
/// (RFC 3550 §6.1). Of `cname`, the first 255 bytes are written.
pub fn write_source_description(out: &mut Vec<u8>, ssrc: Ssrc, cname: &str) {
    write_packet(out, SOURCE_DESCRIPTION, 1, |out| {
        put(out, ssrc.0);
        out.push(CNAME);
        write_text(out, cname);
        out.push(0); // Ends the list; the packet is filled up with more of them.
    });
}

/// Appends a goodbye (RFC 3550 §6.6); of `reason`, the first 255 bytes.
pub fn write_goodbye(out: &mut Vec<u8>, ssrc: Ssrc, reason: &str) {
    write_packet(out, GOODBYE, 1, |out| {
        put(out, ssrc.0);
        if !reason.is_empty() {
            write_text(out, reason);
        }
    });
}

fn write_packet(
    out: &mut Vec<u8>,
    packet_type: u8,
    count: usize,
    write_body: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(&[0x80 | count as u8, packet_type, 0, 0]);
    write_body(out);
    let len = (out.len() - start).next_multiple_of(4);
    out.resize(start + len, 0);
    // The length is told in words, the header's own not counted (RFC 3550 §6.4.1).
    let words = ((len - HEADER) / 4) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

fn write_reports(out: &mut Vec<u8>, reports: &[ReportBlock]) {
    for report in reports.iter().take(MOST_REPORTS) {
        let lost = report.cumulative_lost.clamp(-0x80_0000, 0x7F_FFFF); // What 24 bits hold.
        put(out, report.ssrc.0);
        put(out, u32::from(report.fraction_lost) << 24 | lost.cast_unsigned() & 0xFF_FFFF);
        put(out, report.highest_sequence);
        put(out, report.jitter);
        put(out, report.last_sr);
        put(out, report.delay_since_last_sr);
    }
}

/// A length of one byte, then the text, cut where a character begins.
fn write_text(out: &mut Vec<u8>, text: &str) {
    let most = text.len().min(usize::from(u8::MAX));
    let end = (0..=most).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    out.push(end as u8);
    out.extend_from_slice(&text.as_bytes()[..end]);
}

fn put(out: &mut Vec<u8>, word: u32) {
    out.extend_from_slice(&word.to_be_bytes());
}
