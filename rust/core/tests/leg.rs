//! A call's audio on a virtual clock: nothing here waits, and every run is the same.

use std::time::Duration;

use fourwire::listen::Shape;
use fourwire::wire::{PayloadType, RtpPacket, Ssrc, rtcp};
use fourwire::{
    AudioFormat, Bridge, ClockRate, Direction, Event, Law, Leg, LegConfig, Media, Moment, Output,
    PayloadTypes, Received, Recorded, Side,
};
use proptest::prelude::*;

const PCMU: AudioFormat = AudioFormat::G711(Law::Mu);
const EVENTS: PayloadType = PayloadType::new(101).unwrap();

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn config() -> LegConfig {
    LegConfig {
        media: Media { telephone_event: Some(PayloadTypes::both(EVENTS)), ..Media::g711(Law::Mu) },
        ssrc: Ssrc(0xFEED),
        first_sequence: 65_530,
        first_timestamp: u32::MAX - 1000,
        cname: "leg@example".into(),
        unix_time_at_origin: Duration::from_secs(1_700_000_000),
    }
}

fn bridged() -> Leg {
    let mut leg = Leg::new(config(), at(0));
    leg.bridge(Bridge::new(PCMU));
    leg
}

/// A packet as a telephone sends it.
fn packet(number: u16, payload: &[u8]) -> Vec<u8> {
    let timestamp = u32::from(number) * 160;
    let mut datagram = Vec::new();
    RtpPacket::new(PayloadType::PCMU, number, timestamp, Ssrc(7), payload).write(&mut datagram);
    datagram
}

/// Everything that came out, each with the time at which it did.
#[derive(Default, Debug, PartialEq)]
struct Log {
    sent: Vec<(u64, Vec<u8>)>,
    reports: Vec<Vec<u8>>,
    appends: Vec<(u64, String)>,
    audio: Vec<u8>,
    recorded: Vec<i16>,
    events: Vec<(u64, Event)>,
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
                Output::Rtcp(datagram) => self.reports.push(datagram.to_vec()),
                Output::Append(message) => {
                    self.appends.push((now, String::from_utf8(message.to_vec()).unwrap()));
                }
                Output::Audio { audio, .. } => self.audio.extend(audio),
                Output::Recorded(stretch) => lay(&mut self.recorded, stretch),
                Output::Event(event) => self.events.push((now, event)),
            }
        }
    }

    fn run(&mut self, leg: &mut Leg, from: u64, to: u64) {
        for now in from..to {
            self.drain(leg, now);
        }
    }

    fn payloads(&self) -> impl Iterator<Item = &[u8]> {
        self.sent.iter().map(|(_, datagram)| RtpPacket::parse(datagram).unwrap().payload)
    }

    fn events(&self) -> Vec<&Event> {
        self.events.iter().map(|(_, event)| event).collect()
    }
}

/// The samples in an append message, found without our own reader.
fn audio_of(append: &str) -> Vec<u8> {
    use base64::Engine;
    let audio = append
        .strip_prefix(r#"{"type":"input_audio_buffer.append","audio":""#)
        .and_then(|rest| rest.strip_suffix(r#""}"#))
        .expect("an append message");
    base64::engine::general_purpose::STANDARD.decode(audio).unwrap()
}

fn delta(response: &str, item: &str, audio: &[u8]) -> Vec<u8> {
    use base64::Engine;
    let audio = base64::engine::general_purpose::STANDARD.encode(audio);
    format!(
        r#"{{"type":"response.output_audio.delta","event_id":"e","response_id":"{response}","item_id":"{item}","output_index":0,"content_index":0,"delta":"{audio}"}}"#
    )
    .into_bytes()
}

const SPEECH_STARTED: &[u8] =
    br#"{"type":"input_audio_buffer.speech_started","event_id":"e","item_id":"u","audio_start_ms":1}"#;

#[test]
fn packets_leave_on_a_grid_whether_there_is_something_to_say_or_not() {
    let (mut leg, mut log) = (bridged(), Log::default());
    log.run(&mut leg, 0, 1000);
    assert_eq!(log.sent.len(), 50);
    assert!(log.sent.iter().enumerate().all(|(n, (when, _))| *when == 20 * n as u64));
    assert!(log.payloads().all(|payload| payload == [0xFF; 160]));
}

#[test]
fn sequence_and_timestamp_grow_over_their_wraps() {
    let (mut leg, mut log) = (bridged(), Log::default());
    log.run(&mut leg, 0, 400);
    let packets: Vec<_> = log.sent.iter().map(|(_, d)| RtpPacket::parse(d).unwrap()).collect();
    for pair in packets.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(160));
    }
}

#[test]
fn a_stall_of_the_clock_ends_in_one_packet_on_the_grid_and_loses_no_speech() {
    let (mut leg, mut log) = (bridged(), Log::default());
    let speech: Vec<u8> = (0..1600u32).map(|n| 0x80 | (n / 160) as u8).collect();
    leg.say("r", "i", &speech);
    log.run(&mut leg, 0, 41);
    log.drain(&mut leg, 207);
    log.run(&mut leg, 208, 500);

    let spoken: Vec<u8> = log.payloads().flatten().copied().take(1600).collect();
    assert_eq!(spoken, speech);
    let times: Vec<u64> = log.sent.iter().map(|(when, _)| *when).collect();
    assert_eq!(times[..6], [0, 20, 40, 207, 220, 240]);
    let packets: Vec<_> = log.sent.iter().map(|(_, d)| RtpPacket::parse(d).unwrap()).collect();
    assert_eq!(packets[3].timestamp.wrapping_sub(packets[2].timestamp), 8 * 160);
    assert_eq!(packets[3].sequence, packets[2].sequence.wrapping_add(1));
    assert!(packets[3].marker);
    assert_eq!(leg.counters().turns_missed, 7);
}

#[test]
fn an_agent_whose_messages_come_in_clumps_moves_no_packet() {
    // What a Python loop does that is blocked for 200 ms in every second.
    let (mut leg, mut log) = (bridged(), Log::default());
    let mut held = Vec::new();
    for now in 0..5000 {
        if now % 100 == 0 {
            held.push(delta("r", "i", &[0x31; 880]));
        }
        if now % 1000 >= 200 {
            held.drain(..).for_each(|message| assert!(leg.receive_message(&message)));
        }
        log.drain(&mut leg, now);
    }
    let times: Vec<u64> = log.sent.iter().map(|(when, _)| *when).collect();
    assert_eq!(times, (0..250).map(|turn| turn * 20).collect::<Vec<_>>());
    let spoken = log.payloads().skip_while(|payload| payload[0] == 0xFF);
    assert!(spoken.skip(50).all(|payload| payload == [0x31; 160]), "the agent faltered");
}

#[test]
fn a_talkspurt_begins_with_a_marker_and_only_it() {
    let (mut leg, mut log) = (bridged(), Log::default());
    log.run(&mut leg, 0, 500);
    leg.say("r", "i", &[0x20; 480]);
    log.run(&mut leg, 500, 1000);
    let marked: Vec<u64> = log
        .sent
        .iter()
        .filter(|(_, datagram)| RtpPacket::parse(datagram).unwrap().marker)
        .map(|(when, _)| *when)
        .collect();
    assert_eq!(marked, [0, 500]);
}

#[test]
fn what_the_caller_says_reaches_the_agent_to_the_sample() {
    let (mut leg, mut log) = (bridged(), Log::default());
    let mut said = Vec::new();
    for number in 0..30u16 {
        let payload: Vec<u8> =
            (0..160).map(|n| 0x80 | (number as u8).wrapping_mul(3) ^ n).collect();
        said.extend(&payload);
        let now = u64::from(number) * 20;
        assert_eq!(leg.receive(at(now), &packet(number, &payload)), Received::Audio);
        log.run(&mut leg, now, now + 20);
    }
    assert!(log.appends.iter().all(|(_, append)| audio_of(append).len() == 480));
    let heard: Vec<u8> = log.appends.iter().flat_map(|(_, append)| audio_of(append)).collect();
    assert_eq!(heard, said);
}

#[test]
fn an_append_leaves_with_the_packet_that_completes_it() {
    let (mut leg, mut log) = (bridged(), Log::default());
    for number in 0..3u16 {
        leg.receive(at(5 + u64::from(number) * 20), &packet(number, &[0x55; 160]));
        log.drain(&mut leg, 5 + u64::from(number) * 20);
    }
    assert_eq!(log.appends.iter().map(|(when, _)| *when).collect::<Vec<_>>(), [45]);
}

#[test]
fn a_lost_packet_is_made_up_for_and_the_agents_clock_stays_true() {
    let (mut leg, mut log) = (bridged(), Log::default());
    for number in (0..51u16).filter(|number| number % 10 != 5) {
        leg.receive(at(u64::from(number) * 20), &packet(number, &[0x9A; 160]));
        log.run(&mut leg, u64::from(number) * 20, u64::from(number) * 20 + 20);
    }
    let heard: usize = log.appends.iter().map(|(_, append)| audio_of(append).len()).sum();
    assert_eq!(heard, 51 * 160);
    assert_eq!((leg.counters().lost, leg.counters().concealed_samples), (5, 800));
}

#[test]
fn nothing_is_heard_before_the_bridge_and_nothing_is_said() {
    let (mut leg, mut log) = (Leg::new(config(), at(0)), Log::default());
    leg.receive(at(0), &packet(0, &[0x55; 160]));
    log.run(&mut leg, 0, 100);
    assert!(log.appends.is_empty());
    assert!(log.payloads().all(|payload| payload == [0xFF; 160]));
}

#[test]
fn a_delta_is_spoken_and_a_speech_started_silences_it_within_one_packet() {
    let (mut leg, mut log) = (bridged(), Log::default());
    assert!(leg.receive_message(&delta("r1", "i1", &[0x10; 1600])));
    log.run(&mut leg, 0, 50);
    assert!(!leg.receive_message(SPEECH_STARTED), "the session wants to see it too");
    assert!(leg.receive_message(&delta("r1", "i1", &[0x10; 1600])));
    log.run(&mut leg, 50, 200);

    let loud: Vec<u64> = log
        .sent
        .iter()
        .filter(|(_, d)| RtpPacket::parse(d).unwrap().payload.contains(&0x10))
        .map(|(when, _)| *when)
        .collect();
    assert_eq!(loud, [0, 20, 40]);
    let cut = log.events().into_iter().find_map(|event| match event {
        Event::Interrupted(cut) => Some(cut.clone()),
        _ => None,
    });
    let cut = cut.expect("an interruption");
    assert_eq!((cut.response.as_deref(), cut.item.as_deref()), (Some("r1"), Some("i1")));
    assert_eq!((cut.heard.as_millis(), cut.discarded.as_millis()), (65, 135));
    assert_eq!(leg.counters().reply_refused, 1600);
}

#[test]
fn the_packet_that_fades_leaves_a_quarter_of_its_time_early_and_shifts_nothing() {
    for interrupted in 41..=60 {
        let (mut leg, mut log) = (bridged(), Log::default());
        leg.say("r", "i", &[0x10; 1600]);
        log.run(&mut leg, 0, interrupted);
        leg.barge_in();
        log.run(&mut leg, interrupted, 120);
        let fades = interrupted.clamp(55, 60);
        let times: Vec<u64> = log.sent.iter().map(|(when, _)| *when).collect();
        assert_eq!(times, [0, 20, 40, fades, 80, 100], "interrupted at {interrupted} ms");
        let stamps: Vec<u32> =
            log.sent.iter().map(|(_, d)| RtpPacket::parse(d).unwrap().timestamp).collect();
        assert!(stamps.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(160)));
    }
}

#[test]
fn a_speech_started_while_nothing_is_said_interrupts_nothing() {
    let (mut leg, mut log) = (bridged(), Log::default());
    leg.receive_message(SPEECH_STARTED);
    log.run(&mut leg, 0, 100);
    assert_eq!(log.events, []);
}

#[test]
fn the_ledger_agrees_with_the_wire() {
    let (mut leg, mut log) = (bridged(), Log::default());
    leg.say("r", "i", &[0x33; 8000]);
    log.run(&mut leg, 0, 333);
    let cut = leg.barge_in();
    log.run(&mut leg, 333, 600);
    let on_the_wire = log.payloads().flatten().filter(|&&code| code == 0x33).count();
    let fade = 40;
    assert_eq!(cut.heard, ClockRate::Hz8000.duration_of(on_the_wire as u64 + fade));
}

#[test]
fn keys_are_told_once_and_leave_no_hole_in_the_audio() {
    let (mut leg, mut log) = (bridged(), Log::default());
    for number in 0..10u16 {
        let now = u64::from(number) * 20;
        if (3..8).contains(&number) {
            let end = if number >= 5 { 0x8A } else { 0x0A };
            let mut datagram = Vec::new();
            let payload = [5, end, 0x01, 0xE0];
            RtpPacket::new(EVENTS, number, 480, Ssrc(7), &payload).write(&mut datagram);
            assert_eq!(leg.receive(at(now), &datagram), Received::Key);
        } else {
            leg.receive(at(now), &packet(number, &[0x66; 160]));
        }
        log.run(&mut leg, now, now + 20);
    }
    log.run(&mut leg, 200, 400);
    let keys: Vec<_> =
        log.events().into_iter().filter(|event| matches!(event, Event::Key { .. })).collect();
    assert_eq!(
        keys,
        [&Event::Key { digit: '5', duration: Duration::from_millis(60), in_band: false }]
    );
    assert_eq!(leg.counters().lost, 0);
}

#[test]
fn digits_go_out_in_place_of_audio_which_waits() {
    let (mut leg, mut log) = (bridged(), Log::default());
    leg.say("r", "i", &[0x44; 320]);
    leg.send_digits("1#", Duration::from_millis(60), Duration::from_millis(60)).unwrap();
    log.run(&mut leg, 0, 500);
    let events: Vec<_> = log
        .sent
        .iter()
        .map(|(_, datagram)| RtpPacket::parse(datagram).unwrap())
        .filter(|packet| packet.payload_type == EVENTS)
        .collect();
    let ends =
        |key| events.iter().filter(|e| e.payload[0] == key && e.payload[1] & 0x80 != 0).count();
    assert_eq!((ends(1), ends(11)), (3, 3));
    assert_eq!(events.iter().filter(|event| event.marker).count(), 2);
    assert_eq!(log.payloads().flatten().filter(|&&code| code == 0x44).count(), 320);
}

#[test]
fn digits_are_refused_where_nobody_takes_them() {
    let mut leg = Leg::new(LegConfig { media: Media::g711(Law::A), ..config() }, at(0));
    let (tone, gap) = (Duration::from_millis(100), Duration::from_millis(100));
    let refused = leg.send_digits("1", tone, gap).unwrap_err();
    assert_eq!(refused.to_string(), "telephone events were not negotiated");
    let refused = bridged().send_digits("1x", tone, gap).unwrap_err();
    assert_eq!(refused.to_string(), "no key 'x': 0-9, *, #, A-D and ! are known");
}

#[test]
fn on_hold_nothing_is_sent_and_the_reply_waits() {
    let (mut leg, mut log) = (bridged(), Log::default());
    leg.say("r", "i", &[0x44; 320]);
    leg.renegotiate(at(0), Media { direction: Direction::Inactive, ..config().media });
    log.run(&mut leg, 0, 1000);
    assert_eq!(log.sent, []);
    assert_eq!(leg.receive(at(1000), &packet(0, &[0x55; 160])), Received::Dropped);

    leg.renegotiate(at(1000), config().media);
    log.run(&mut leg, 1000, 1100);
    assert_eq!(log.payloads().flatten().filter(|&&code| code == 0x44).count(), 320);
}

#[test]
fn a_dead_path_is_told_once_and_its_return_too() {
    let (mut leg, mut log) = (bridged(), Log::default());
    leg.receive(at(0), &packet(0, &[0x55; 160]));
    log.run(&mut leg, 0, 5000);
    leg.receive(at(5000), &packet(250, &[0x55; 160]));
    log.run(&mut leg, 5000, 5100);
    assert_eq!(log.events(), [&Event::RtpStopped, &Event::RtpResumed]);
}

#[test]
fn reports_carry_what_was_sent_and_heard() {
    let (mut leg, mut log) = (bridged(), Log::default());
    for number in 0..500u16 {
        leg.receive(at(u64::from(number) * 20), &packet(number, &[0x55; 160]));
        log.run(&mut leg, u64::from(number) * 20, u64::from(number) * 20 + 20);
    }
    assert!((1..=4).contains(&log.reports.len()), "{} reports in 10 s", log.reports.len());
    let compound: Vec<_> =
        rtcp::Compound::parse(&log.reports[0]).unwrap().map(Result::unwrap).collect();
    let rtcp::RtcpPacket::SenderReport { ssrc, sent, mut reports } = compound[0] else {
        panic!("{compound:?}")
    };
    assert_eq!(ssrc, Ssrc(0xFEED));
    assert!(sent.packets > 100 && sent.octets == sent.packets * 160);
    assert_eq!(reports.next().unwrap().ssrc, Ssrc(7));
}

#[test]
fn the_round_trip_is_read_from_the_other_sides_report() {
    let (mut leg, mut log) = (bridged(), Log::default());
    leg.receive(at(0), &packet(0, &[0x55; 160]));
    log.run(&mut leg, 0, 8000);
    let sent = log.reports.len();
    assert!(sent > 0);
    let rtcp::RtcpPacket::SenderReport { sent: info, .. } =
        rtcp::Compound::parse(&log.reports[sent - 1]).unwrap().next().unwrap().unwrap()
    else {
        panic!("a sender report")
    };
    let when = at(0) + Duration::from_secs(8);
    let ours = fourwire::wire::rtcp::NtpTime::from_unix(Duration::from_secs(1_700_000_008));
    let waited = ours.middle().wrapping_sub(info.ntp.middle());
    let block = fourwire::wire::ReportBlock {
        ssrc: Ssrc(0xFEED),
        last_sr: info.ntp.middle(),
        delay_since_last_sr: waited - 65_536 / 10,
        ..Default::default()
    };
    let mut datagram = Vec::new();
    rtcp::write_receiver_report(&mut datagram, Ssrc(7), &[block]);
    leg.receive_rtcp(when, &datagram);
    let round_trip = leg.counters().round_trip_us;
    assert!((99_000..101_000).contains(&round_trip), "{round_trip} µs");
}

#[test]
fn a_goodbye_is_told() {
    let (mut leg, mut log) = (bridged(), Log::default());
    let mut datagram = Vec::new();
    rtcp::write_receiver_report(&mut datagram, Ssrc(7), &[]);
    rtcp::write_goodbye(&mut datagram, Ssrc(7), "");
    assert_eq!(leg.receive(at(0), &datagram), Received::Rtcp);
    log.run(&mut leg, 0, 10);
    assert_eq!(log.events(), [&Event::Goodbye]);
}

#[test]
fn both_sides_are_recorded_on_one_clock() {
    let (mut leg, mut log) = (bridged(), Log::default());
    leg.record(Some(ClockRate::Hz8000));
    leg.say("r", "i", &[0x10; 8000]);
    for number in 0..50u16 {
        leg.receive(at(u64::from(number) * 20), &packet(number, &[0x20; 160]));
        log.run(&mut leg, u64::from(number) * 20, u64::from(number) * 20 + 20);
    }
    assert_eq!(log.recorded.len(), 2 * 8000);
    let (left, right): (Vec<_>, Vec<_>) = log.recorded.chunks(2).map(|s| (s[0], s[1])).unzip();
    assert!(right.iter().all(|&sample| sample == right[0] && sample != 0));
    let first = left.iter().position(|&sample| sample != 0).unwrap();
    assert!(first <= 160, "the caller is {first} samples late");
    assert!(left[first..].iter().all(|&sample| sample != 0));
}

#[test]
fn raw_audio_can_take_the_place_of_appends() {
    let mut leg = Leg::new(config(), at(0));
    let format = AudioFormat::Pcm16(ClockRate::Hz8000);
    let append = Duration::from_millis(20);
    leg.bridge(Bridge { append, shape: Shape::Audio, ..Bridge::new(format) });
    let mut log = Log::default();
    leg.receive(at(3), &packet(0, &[0x20; 160]));
    log.drain(&mut leg, 3);
    assert_eq!(log.audio.len(), 320);
}

#[test]
fn the_same_call_gives_the_same_bytes() {
    let call = || {
        let (mut leg, mut log) = (bridged(), Log::default());
        leg.record(Some(ClockRate::Hz8000));
        for number in (0..200u16).filter(|number| number % 7 != 3) {
            let now = u64::from(number) * 20 + u64::from(number % 5);
            leg.receive(at(now), &packet(number, &[number as u8; 160]));
            if number % 20 == 0 {
                leg.receive_message(&delta(&format!("r{number}"), "i", &[0x31; 2400]));
            }
            if number % 50 == 30 {
                leg.receive_message(SPEECH_STARTED);
            }
            log.run(&mut leg, u64::from(number) * 20, u64::from(number) * 20 + 20);
        }
        log
    };
    assert_eq!(call(), call());
}

proptest! {
    #[test]
    fn nothing_that_arrives_stops_the_packets(
        datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..60),
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..20),
    ) {
        let (mut leg, mut log) = (bridged(), Log::default());
        for (n, datagram) in datagrams.iter().enumerate() {
            leg.receive(at(n as u64 * 7), datagram);
            leg.receive_rtcp(at(n as u64 * 7), datagram);
            log.run(&mut leg, n as u64 * 7, n as u64 * 7 + 7);
        }
        for message in &messages {
            leg.receive_message(message);
        }
        let end = datagrams.len() as u64 * 7;
        log.run(&mut leg, end, end + 100);
        prop_assert_eq!(log.sent.len() as u64, (end + 100).div_ceil(20));
    }
}
