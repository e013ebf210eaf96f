//! What changes in the middle of a call, and what strays into it, on a virtual clock.

use std::time::Duration;

use fourwire::wire::{PayloadType, RtpPacket, Ssrc, rtcp};
use fourwire::{
    AudioFormat, Bridge, ClockRate, Codec, Direction, Event, Law, Leg, LegConfig, Media, Moment,
    Output, PayloadTypes, Received, Recorded, Side,
};

const PCMU: AudioFormat = AudioFormat::G711(Law::Mu);
const EVENTS: PayloadType = PayloadType::new(101).unwrap();
const TONE: Duration = Duration::from_millis(100);

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn media() -> Media {
    Media { telephone_event: Some(PayloadTypes::both(EVENTS)), ..Media::g711(Law::Mu) }
}

fn leg_of(media: Media) -> Leg {
    let config = LegConfig {
        media,
        ssrc: Ssrc(0xFEED),
        first_sequence: 1,
        first_timestamp: 1000,
        cname: "leg@example".into(),
        unix_time_at_origin: Duration::from_secs(1_700_000_000),
    };
    let mut leg = Leg::new(config, at(0));
    leg.bridge(Bridge::new(PCMU));
    leg
}

fn datagram(kind: PayloadType, number: u16, timestamp: u32, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    RtpPacket::new(kind, number, timestamp, Ssrc(ssrc), payload).write(&mut datagram);
    datagram
}

/// A packet as a telephone sends it.
fn speech(number: u16, timestamp: u32) -> Vec<u8> {
    datagram(PayloadType::PCMU, number, timestamp, 7, &[0x55; 160])
}

/// What came out, with the time at which it did.
#[derive(Default)]
struct Log {
    sent: Vec<(u64, Vec<u8>)>,
    reports: Vec<(u64, Vec<u8>)>,
    recorded: Vec<i16>,
    events: Vec<Event>,
}

/// Lays a stretch of a recording where it belongs in the interleaved `stereo`.
fn lay(stereo: &mut Vec<i16>, stretch: Recorded<'_>) {
    let end = stretch.position as usize + stretch.pcm.len();
    stereo.resize(stereo.len().max(2 * end), 0);
    let side = usize::from(stretch.side == Side::Agent);
    for (n, &sample) in stretch.pcm.iter().enumerate() {
        stereo[2 * (stretch.position as usize + n) + side] = sample;
    }
}

impl Log {
    fn drain(&mut self, leg: &mut Leg, now: u64) {
        while let Some(output) = leg.poll(at(now)) {
            match output {
                Output::Rtp(datagram) => self.sent.push((now, datagram.to_vec())),
                Output::Rtcp(datagram) => self.reports.push((now, datagram.to_vec())),
                Output::Recorded(stretch) => lay(&mut self.recorded, stretch),
                Output::Event(event) => self.events.push(event),
                Output::Append(_) | Output::Audio { .. } => {}
            }
        }
    }

    fn run(&mut self, leg: &mut Leg, from: u64, to: u64) {
        (from..to).for_each(|now| self.drain(leg, now));
    }

    fn packets(&self) -> impl Iterator<Item = RtpPacket<'_>> {
        self.sent.iter().map(|(_, datagram)| RtpPacket::parse(datagram).unwrap())
    }
}

/// Ten packets of speech, then what `stray` makes of the number 10, then ten more a second later.
fn pause_with(stray: impl Fn(u16, u32) -> Vec<u8>) -> Leg {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    for number in 0..10u16 {
        leg.receive(at(u64::from(number) * 20), &speech(number, u32::from(number) * 160));
        log.run(&mut leg, u64::from(number) * 20, u64::from(number) * 20 + 20);
    }
    leg.receive(at(200), &stray(10, 1600));
    log.run(&mut leg, 200, 1200);
    for number in 11..21u16 {
        let now = 1200 + u64::from(number - 11) * 20;
        leg.receive(at(now), &speech(number, 9600 + u32::from(number - 11) * 160));
        log.run(&mut leg, now, now + 20);
    }
    leg
}

#[test]
fn comfort_noise_and_other_strange_payload_types_are_not_taken_for_losses() {
    for kind in [PayloadType::CN, PayloadType::G722] {
        let leg = pause_with(|number, timestamp| datagram(kind, number, timestamp, 7, &[40]));
        let counters = leg.counters();
        assert_eq!((counters.lost, counters.concealed_samples), (0, 0), "{kind}");
        let known = (counters.comfort_noise_received, counters.unknown_payload_type);
        assert_eq!(known, if kind == PayloadType::CN { (1, 0) } else { (0, 1) });
        assert_eq!(counters.played, 20);
    }
}

#[test]
fn a_strange_packet_too_long_to_be_speech_is_not_taken_for_a_loss_either() {
    let video = PayloadType::new(99).unwrap();
    let leg = pause_with(|number, timestamp| datagram(video, number, timestamp, 7, &[1; 1400]));
    assert_eq!((leg.counters().lost, leg.counters().overflow), (0, 0));
}

#[test]
fn telephone_events_of_another_ssrc_leave_the_audio_alone() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    for number in 0..20u16 {
        let now = u64::from(number) * 20;
        leg.receive(at(now), &speech(number, u32::from(number) * 160));
        if number == 10 {
            let key = datagram(EVENTS, 900, 77, 8, &[5, 0x8A, 0x03, 0x20]);
            assert_eq!(leg.receive(at(now), &key), Received::Key);
        }
        log.run(&mut leg, now, now + 20);
    }
    assert!(log.events.contains(&Event::Key { digit: '5', duration: TONE, in_band: false }));
    assert_eq!((leg.counters().played, leg.counters().restarts), (20, 0));
}

#[test]
fn what_came_during_a_hold_is_not_counted_as_lost_after_it() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    for number in 0..300u16 {
        let now = u64::from(number) * 20;
        match number {
            100 => leg.renegotiate(at(now), Media { direction: Direction::SendOnly, ..media() }),
            200 => leg.renegotiate(at(now), media()),
            _ => {}
        }
        leg.receive(at(now), &speech(number, u32::from(number) * 160));
        log.run(&mut leg, now, now + 20);
    }
    let counters = leg.counters();
    assert_eq!((counters.unwanted, counters.lost, counters.concealed_samples), (100, 0, 0));
}

#[test]
fn what_was_not_sent_during_a_hold_is_not_counted_as_lost_after_it() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    for number in 0..1000u16 {
        let now = u64::from(number) * 20;
        match number {
            100 => leg.renegotiate(at(now), Media { direction: Direction::SendOnly, ..media() }),
            200 => leg.renegotiate(at(now), media()),
            _ => {}
        }
        if !(100..200).contains(&number) {
            leg.receive(at(now), &speech(number, u32::from(number) * 160));
        }
        log.run(&mut leg, now, now + 20);
    }
    let counters = leg.counters();
    assert_eq!((counters.played, counters.lost, counters.concealed_samples), (900, 0, 0));
    let lost_as_told = |report: &Vec<u8>| {
        let first = rtcp::Compound::parse(report).unwrap().next().unwrap().unwrap();
        let rtcp::RtcpPacket::SenderReport { mut reports, .. } = first else { panic!("{first:?}") };
        reports.next().unwrap().cumulative_lost
    };
    let (told_at, report) = log.reports.last().unwrap();
    assert!(*told_at > 4000);
    assert_eq!(lost_as_told(report), 0);
}

#[test]
fn a_sender_report_pairs_both_clocks_as_they_stand_when_it_is_made() {
    for shift in [0, 7, 13] {
        let (mut leg, mut log) = (leg_of(media()), Log::default());
        for now in (0..60_000).map(|step| step + shift).step_by(10) {
            leg.receive(at(now), &speech((now / 20) as u16, now as u32 * 8));
            log.drain(&mut leg, now);
        }
        assert!(log.reports.len() > 5);
        for (now, report) in &log.reports {
            let first = rtcp::Compound::parse(report).unwrap().next().unwrap().unwrap();
            let rtcp::RtcpPacket::SenderReport { sent, .. } = first else { panic!("{first:?}") };
            assert_eq!(u64::from(sent.rtp_timestamp), 1000 + now * 8, "at {now} ms");
        }
    }
}

#[test]
fn who_is_held_and_sends_nothing_reports_as_a_receiver() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    log.run(&mut leg, 0, 30_000);
    leg.renegotiate(at(30_000), Media { direction: Direction::RecvOnly, ..media() });
    log.run(&mut leg, 30_000, 90_000);
    leg.renegotiate(at(90_000), media());
    log.run(&mut leg, 90_000, 120_000);

    let sends = |report: &Vec<u8>| {
        let first = rtcp::Compound::parse(report).unwrap().next().unwrap().unwrap();
        matches!(first, rtcp::RtcpPacket::SenderReport { .. })
    };
    let told: Vec<_> = log.reports.iter().map(|(now, report)| (*now, sends(report))).collect();
    assert!(told.iter().any(|(_, sends)| !sends), "{told:?}");
    for (now, sends) in told {
        // Two reports may still tell of what was sent before (RFC 3550 §6.4): 15 s at the most.
        match now {
            0..30_000 | 97_500.. => assert!(sends, "at {now} ms"),
            45_000..90_000 => assert!(!sends, "at {now} ms"),
            _ => {}
        }
    }
}

#[test]
fn every_packet_that_was_heard_is_accounted_for() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    for number in 0..400u16 {
        let now = u64::from(number) * 20;
        match number {
            50 | 51 => continue,
            60 => drop(leg.receive(at(now), &speech(59, 59 * 160))),
            70 => drop(leg.receive(at(now), &datagram(EVENTS, 70, 70 * 160, 7, &[5, 0x8A, 3, 32]))),
            200 => leg.renegotiate(at(now), Media { direction: Direction::SendOnly, ..media() }),
            250 => leg.renegotiate(at(now), media()),
            _ => {}
        }
        if number != 70 {
            leg.receive(at(now), &speech(number, u32::from(number) * 160));
        }
        if number == 399 {
            leg.receive(at(now), &speech(401, 401 * 160));
        }
        log.run(&mut leg, now, now + 20);
        let it = leg.counters();
        let gone = it.played + it.empty + it.duplicate + it.late + it.stray;
        assert_eq!(it.heard, gone + it.overflow + it.discarded + it.waiting, "after {number}");
    }
    let it = leg.counters();
    assert_eq!((it.empty, it.unwanted, it.duplicate, it.waiting), (51, 50, 1, 1));
}

#[test]
fn a_digit_keeps_its_time_when_the_packet_time_changes() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    leg.renegotiate(at(0), Media { packet_time: Duration::from_millis(40), ..media() });
    leg.send_digits("5", Duration::from_millis(80), TONE).unwrap();
    log.run(&mut leg, 0, 200);
    let told: Vec<_> = log
        .packets()
        .filter(|packet| packet.payload_type == EVENTS)
        .map(|packet| u16::from_be_bytes([packet.payload[2], packet.payload[3]]))
        .collect();
    assert_eq!(told, [320, 640, 640, 640]);
}

#[test]
fn a_packet_that_waits_is_read_by_the_law_it_was_sent_in() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    leg.record(Some(ClockRate::Hz8000));
    leg.receive(at(0), &speech(0, 0));
    leg.receive(at(20), &speech(2, 320)); // waits for its neighbour
    log.run(&mut leg, 0, 21);
    leg.renegotiate(
        at(21),
        Media { telephone_event: Some(PayloadTypes::both(EVENTS)), ..Media::g711(Law::A) },
    );
    log.run(&mut leg, 21, 200);
    let mut heard = log.recorded.iter().step_by(2);
    let mut by_the_new_law = [0];
    fourwire::sound::g711::decode(Law::A, &[0x55], &mut by_the_new_law);
    assert!(heard.all(|sample| *sample != by_the_new_law[0]));
    assert_eq!(leg.counters().played, 2);
}

#[test]
fn packets_behind_several_holes_are_heard_before_the_codec_changes() {
    for codec in [Codec::G711(Law::A), Codec::G722] {
        let (mut leg, mut log) = (leg_of(media()), Log::default());
        leg.record(Some(ClockRate::Hz8000));
        for number in [0, 2, 4, 7] {
            leg.receive(at(20), &speech(number, u32::from(number) * 160));
        }
        leg.renegotiate(at(21), Media::new(codec));
        assert_eq!((leg.counters().played, leg.counters().lost), (4, 4));
        log.run(&mut leg, 21, 200);
        let spoken = log.recorded.iter().step_by(2).filter(|sample| **sample != 0).count();
        assert_eq!(spoken, 8 * 160, "{codec:?}");
    }
}

#[test]
fn speech_that_goes_on_after_a_hold_begins_with_a_marker() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    leg.say("r", "i", &[0x44; 8000]);
    log.run(&mut leg, 0, 100);
    leg.renegotiate(at(100), Media { direction: Direction::RecvOnly, ..media() });
    log.run(&mut leg, 100, 400);
    leg.renegotiate(at(400), media());
    log.run(&mut leg, 400, 500);
    let markers: Vec<_> = log.packets().map(|packet| packet.marker).collect();
    assert_eq!(markers[..7], [true, false, false, false, false, true, false]);
}

#[test]
fn spans_that_no_call_has_are_brought_to_those_that_calls_have() {
    for span in [Duration::ZERO, Duration::MAX] {
        let mut leg = leg_of(Media { packet_time: span, ..media() });
        leg.renegotiate(at(0), Media { packet_time: span, ..media() });
        leg.bridge(Bridge { append: span, ..Bridge::new(PCMU) });
        let mut log = Log::default();
        log.run(&mut leg, 0, 100);
        assert!(!log.sent.is_empty());
    }
}

#[test]
fn a_second_bridge_takes_no_event_and_no_counter_back() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    leg.say("r", "i", &[0x44; 1600]);
    log.run(&mut leg, 0, 50);
    let before = leg.counters();
    leg.unbridge();
    leg.bridge(Bridge::new(AudioFormat::Pcm16(ClockRate::Hz24000)));
    log.run(&mut leg, 50, 100);
    let ended = |event: &Event| matches!(event, Event::ReplyEnded { item, .. } if &**item == "i");
    assert!(log.events.iter().any(ended) && log.events.contains(&Event::Drained));
    for (name, then, now) in before
        .entries()
        .into_iter()
        .zip(leg.counters().values())
        .map(|((name, then), now)| (name, then, now))
    {
        assert!(now >= then, "{name} fell from {then} to {now}");
    }
    assert_eq!(leg.playout().counters().received, 1600);
}

#[test]
fn a_reply_cut_while_it_was_on_hold_has_nothing_left_to_fade() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    leg.say("r", "i", &[0x10; 8000]);
    log.run(&mut leg, 0, 100);
    leg.renegotiate(at(100), Media { direction: Direction::Inactive, ..media() });
    log.run(&mut leg, 100, 200);
    assert_eq!(leg.barge_in().heard, Duration::from_millis(100));
    leg.renegotiate(at(200), media());
    let before = log.sent.len();
    log.run(&mut leg, 200, 300);
    assert!(log.packets().skip(before).all(|packet| packet.payload == [0xFF; 160]));
}

#[test]
fn a_reply_cut_while_a_digit_is_sent_has_nothing_left_to_fade() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    leg.say("r", "i", &[0x10; 8000]);
    log.run(&mut leg, 0, 100);
    leg.send_digits("1", TONE, TONE).unwrap();
    log.run(&mut leg, 100, 150);
    assert_eq!(leg.barge_in().heard, Duration::from_millis(100));
    let before = log.sent.len();
    log.run(&mut leg, 150, 500);
    let audio = log.packets().skip(before).filter(|packet| packet.payload_type != EVENTS);
    assert!(audio.into_iter().all(|packet| packet.payload == [0xFF; 160]));
}

#[test]
fn a_stall_leaves_both_sides_of_the_recording_on_one_clock() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    leg.record(Some(ClockRate::Hz8000));
    for now in (0..4000u64).step_by(20) {
        let number = (now / 20) as u16;
        // Both sides are loud from the third second on.
        let code = if now < 3000 { 0xFF } else { 0x10 };
        let packet = datagram(PayloadType::PCMU, number, now as u32 * 8, 7, &[code; 160]);
        leg.receive(at(now), &packet);
        if now == 3000 {
            leg.say("r", "i", &[0x10; 8000]);
        }
        if !(1000..1500).contains(&now) {
            log.drain(&mut leg, now);
        }
    }
    let first = |side| log.recorded.iter().skip(side).step_by(2).position(|&it| it != 0).unwrap();
    let (caller, agent) = (first(0), first(1));
    assert!(caller.abs_diff(agent) <= 480, "caller at {caller}, agent at {agent}");
    assert_eq!(agent, 3000 * 8);
}

#[test]
fn a_goodbye_of_another_source_is_not_the_callers() {
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    leg.receive(at(0), &speech(0, 0));
    let goodbye = |ssrc| {
        let mut datagram = Vec::new();
        rtcp::write_receiver_report(&mut datagram, Ssrc(ssrc), &[]);
        rtcp::write_goodbye(&mut datagram, Ssrc(ssrc), "");
        datagram
    };
    leg.receive_rtcp(at(0), &goodbye(8));
    log.run(&mut leg, 0, 10);
    assert!(!log.events.contains(&Event::Goodbye));
    leg.receive_rtcp(at(10), &goodbye(7));
    log.run(&mut leg, 10, 20);
    assert!(log.events.contains(&Event::Goodbye));
}

#[test]
fn an_interruption_is_told_after_the_beginning_of_what_it_cut() {
    let (mut leg, mut events) = (leg_of(media()), Vec::new());
    leg.say("r", "i", &[0x10; 8000]);
    assert!(matches!(leg.poll(at(0)), Some(Output::Rtp(_))));
    leg.barge_in();
    while let Some(output) = leg.poll(at(1)) {
        if let Output::Event(event) = output {
            events.push(event);
        }
    }
    assert!(matches!(events[0], Event::ReplyStarted { .. }), "{events:?}");
    assert!(matches!(events[1], Event::Interrupted(_)), "{events:?}");
}

#[test]
fn what_an_agent_says_when_it_is_parted_from_the_caller_is_refused_and_counted() {
    use fourwire::speak::Said;
    let (mut leg, mut log) = (leg_of(media()), Log::default());
    leg.unbridge();
    assert_eq!(leg.say("r", "i", &[0x10; 160]), Said::Refused);
    assert_eq!(leg.say_back_channel(&[0x10; 160]), Said::Refused);
    log.run(&mut leg, 0, 100);
    assert!(log.packets().all(|packet| packet.payload == [0xFF; 160]));
    assert_eq!(leg.counters().reply_refused, 320);
}

#[test]
fn stragglers_of_a_stream_that_another_replaced_are_counted() {
    let mut leg = leg_of(media());
    for (now, ssrc, number) in [(0, 7, 0), (20, 7, 1), (40, 8, 0), (41, 7, 2), (60, 8, 1)] {
        let timestamp = u32::from(number) * 160;
        let packet = datagram(PayloadType::PCMU, number, timestamp, ssrc, &[0xD5; 160]);
        leg.receive(at(now), &packet);
    }
    let counted = leg.counters();
    assert_eq!((counted.packets_received, counted.stray), (5, 1));
}
