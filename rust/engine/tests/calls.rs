//! Whole calls on loopback, between plain sockets and the engine.

mod support;

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use fourwire::listen::Shape;
use fourwire::wire::RtcpPacket;
use fourwire::wire::rtcp::Compound;
use fourwire::{Bridge, Event, Law, Media};
use fourwire_engine::{CloseCause, LegHandle, Recording, Remote, ReserveError};
use support::*;

fn of_leg(leg: &LegHandle) -> SocketAddr {
    SocketAddr::new("127.0.0.1".parse().unwrap(), leg.port())
}

fn is_silence(packet: &Packet) -> bool {
    packet.payload.iter().all(|&code| code >= 0xFE || code == 0x7E || code == 0x7F)
}

#[test]
fn the_caller_hears_the_agent_to_the_sample_in_an_unbroken_stream() {
    let (engine, phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    let said = speech(1600);
    assert!(leg.say("resp_1", "item_1", &said));

    let mut heard = phone.hear_until(|it| !is_silence(it));
    heard.extend(phone.hear_until(is_silence));

    for pair in heard.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(160));
        assert_eq!((pair[1].ssrc, pair[1].source), (pair[0].ssrc, of_leg(&leg)));
    }
    let all: Vec<u8> = heard.into_iter().flat_map(|it| it.payload).collect();
    assert!(all.windows(said.len()).any(|it| it == said));
    let mut listener = Listener::new(&engine);
    listener.wait("the end of the reply", leg.id(), |told| {
        let whole = Duration::from_millis(200);
        matches!(told, Told::Leg(Event::ReplyEnded { item, heard, .. })
            if &**item == "item_1" && *heard == whole)
        .then_some(())
    });
    listener.wait("silence", leg.id(), |told| (*told == Told::Leg(Event::Drained)).then_some(()));
}

#[test]
fn the_agent_hears_the_caller_to_the_sample() {
    let (engine, mut phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    leg.bridge(Bridge {
        shape: Shape::Audio,
        append: Duration::from_millis(20),
        ..Bridge::new(PCMU)
    });
    let said = speech(8000);
    for payload in said.chunks(160) {
        let _ = phone.hear(); // a phone that keeps time by ours
        phone.say(payload, of_leg(&leg));
    }
    let mut listener = Listener::new(&engine);
    let mut heard = Vec::new();
    while heard.len() < said.len() {
        heard.extend(listener.wait("audio", leg.id(), |told| match told {
            Told::Audio(audio) => Some(audio.clone()),
            _ => None,
        }));
    }
    assert_eq!(heard, said);
}

#[test]
fn the_caller_s_speech_comes_as_messages_ready_for_the_agent() {
    let (engine, mut phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    for _ in 0..3 {
        let _ = phone.hear();
        phone.say(&[0; 160], of_leg(&leg));
    }
    let message = Listener::new(&engine).wait("a message", leg.id(), |told| match told {
        Told::Append(message) => Some(String::from_utf8(message.clone()).unwrap()),
        _ => None,
    });
    let audio = "A".repeat(640); // 480 zero bytes in base64
    assert_eq!(message, format!(r#"{{"type":"input_audio_buffer.append","audio":"{audio}"}}"#));
}

#[test]
fn a_message_of_the_agent_is_spoken_and_speech_started_silences_it() {
    let (engine, phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    let audio = "AAAA".repeat(8000 / 3); // a second, about
    let delta = format!(
        r#"{{"type":"response.output_audio.delta","response_id":"resp_1","item_id":"item_1","output_index":0,"content_index":0,"delta":"{audio}"}}"#
    );
    assert!(leg.receive_message(delta.as_bytes()));
    let _ = phone.hear_until(|it| it.payload == [0; 160]);

    assert!(!leg.receive_message(
        br#"{"type":"input_audio_buffer.speech_started","audio_start_ms":5,"item_id":"item_2"}"#
    ));
    let _ = phone.hear_until(is_silence);
    assert!(
        leg.receive_message(delta.as_bytes()),
        "late audio is consumed, and refused by the leg"
    );

    let cut = Listener::new(&engine).wait("the interruption", leg.id(), |told| match told {
        Told::Leg(Event::Interrupted(cut)) => Some(cut.clone()),
        _ => None,
    });
    assert_eq!((cut.response.as_deref(), cut.item.as_deref()), (Some("resp_1"), Some("item_1")));
    assert!(cut.heard + cut.discarded < Duration::from_millis(1_000));
    until("the refusal", || (counter(&leg, "reply_refused") > 7_900).then_some(()));
    assert!((0..5).all(|_| is_silence(&phone.hear())));
}

#[test]
fn what_is_not_audio_is_left_to_the_session() {
    let (engine, phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    for message in [&br#"{"type":"response.done"}"#[..], b"", b"{", b"\xFF\xFE", b"[]"] {
        assert!(!leg.receive_message(message));
    }
}

#[test]
fn a_stranger_is_neither_heard_nor_answered_and_the_caller_loses_nothing() {
    for ssrc in [0xBAD_CAFE, 0x1234_5678] {
        let (engine, mut phone) = (engine(), Phone::at("127.0.0.2"));
        let mut stranger = Phone::at("127.0.0.3");
        stranger.ssrc = ssrc;
        let leg = call(&engine, &phone);
        let mut listener = Listener::new(&engine);
        for turn in 0..75 {
            let _ = phone.hear();
            phone.say(&speech(160), of_leg(&leg));
            if turn >= 50 {
                (0..6).for_each(|_| stranger.say(&[0x11; 160], of_leg(&leg)));
            }
        }
        until("all packets", || (counter(&leg, "audio_packets") >= 75).then_some(()));
        until("the injection", || (counter(&leg, "strangers") >= 150).then_some(()));
        leg.close();
        let closed = listener.closed(leg.id()).counters;
        assert_eq!((of(&closed, "audio_packets"), of(&closed, "packets_received")), (75, 75));
        assert_eq!((of(&closed, "strangers"), of(&closed, "latched")), (150, 1));
        assert_eq!((of(&closed, "lost"), of(&closed, "restarts")), (0, 0));
        assert!(stranger.heard_nothing());
        assert!(listener.kept().all(|it| *it != Told::Latched(stranger.remote().rtp)));
    }
}

#[test]
fn a_caller_behind_a_nat_is_found_and_answered() {
    let (engine, mut phone) = (engine(), Phone::at("127.0.0.2"));
    let nowhere = UdpSocket::bind("127.0.0.4:0").unwrap();
    let remote = Remote::new(nowhere.local_addr().unwrap());
    let leg = engine.reserve().unwrap().start(Media::g711(Law::Mu), remote).unwrap();
    nowhere.set_read_timeout(Some(PATIENCE)).unwrap();
    for _ in 0..4 {
        nowhere.recv(&mut [0; 2048]).expect("until then packets go where the SDP says");
        phone.say(&speech(160), of_leg(&leg));
    }
    let peer = Listener::new(&engine).wait("the latch", leg.id(), |told| match told {
        Told::Latched(peer) => Some(*peer),
        _ => None,
    });
    assert_eq!(peer, phone.remote().rtp);
    assert_eq!(phone.hear().source, of_leg(&leg));
    until("its first packets to be counted", || {
        (counter(&leg, "packets_received") == 4).then_some(())
    });
    assert_eq!((counter(&leg, "recalled"), counter(&leg, "lost")), (3, 0));
}

#[test]
fn a_new_offer_moves_the_call_to_its_address() {
    let (engine, mut old) = (engine(), Phone::at("127.0.0.2"));
    let mut new = Phone::at("127.0.0.3");
    let leg = call(&engine, &old);
    let _ = old.hear();
    old.say(&speech(160), of_leg(&leg));
    leg.renegotiate(Media::g711(Law::A), new.remote(), None);
    let first = new.hear();
    assert_eq!(first.source, of_leg(&leg));
    new.say(&speech(160), of_leg(&leg));
    until("the packets of the old address to be refused", || {
        old.say(&speech(160), of_leg(&leg));
        (counter(&leg, "strangers") > 0).then_some(())
    });
}

#[test]
fn whatever_comes_from_the_caller_s_address_the_call_goes_on() {
    let (engine, phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    let mut seed = 1u64;
    for length in 0..600usize {
        let mut rubbish: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 56) as u8
        })
        .take(length)
        .collect();
        if let Some(first) = rubbish.first_mut() {
            *first = 0x80 | (*first & 0x3F);
        }
        phone.rtp.send_to(&rubbish, of_leg(&leg)).unwrap();
        let rtcp = SocketAddr::new("127.0.0.1".parse().unwrap(), leg.port() + 1);
        phone.rtcp.send_to(&rubbish, rtcp).unwrap();
        if length % 50 == 0 {
            let _ = phone.hear();
        }
    }
    leg.say("resp_1", "item_1", &[0; 1600]);
    let _ = phone.hear_until(|it| it.payload == [0; 160]);
    assert_eq!(engine.counters().legs_failed, 0);
}

#[test]
fn a_user_who_takes_nothing_loses_audio_and_nothing_else() {
    let engine = engine_with(|config| config.event_ring_bytes = 64 << 10);
    let mut phone = Phone::at("127.0.0.2");
    let leg = call(&engine, &phone);
    let input = fourwire::AudioFormat::Pcm16(fourwire::ClockRate::Hz48000);
    leg.bridge(Bridge { input, append: Duration::from_millis(20), ..Bridge::new(PCMU) });
    until("the ring to be full", || {
        let _ = phone.hear();
        phone.say(&speech(160), of_leg(&leg));
        (counter(&leg, "chunks_dropped") > 5).then_some(())
    });
    leg.close();
    let closed = Listener::new(&engine).closed(leg.id());
    assert!(of(&closed.counters, "chunks_dropped") > 5);
    assert!(of(&closed.counters, "packets_sent") > 0);
}

#[test]
fn the_other_side_is_told_goodbye() {
    let (engine, phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    let _ = phone.hear();
    leg.close();
    assert_eq!(Listener::new(&engine).closed(leg.id()).cause, CloseCause::Asked);
    let mut report = [0; 2048];
    until("a BYE", || {
        let length = phone.rtcp.recv(&mut report).expect("RTCP should come");
        Compound::parse(&report[..length])
            .expect("it should be RTCP")
            .any(|it| matches!(it, Ok(RtcpPacket::Goodbye(_))))
            .then_some(())
    });
}

#[test]
fn a_call_over_ipv6_works_as_one_over_ipv4() {
    let engine = engine_with(|config| config.address = "::1".parse().unwrap());
    let phone = Phone::at("[::1]");
    let leg = call(&engine, &phone);
    leg.say("resp_1", "item_1", &[0; 320]);
    let _ = phone.hear_until(|it| it.payload == [0; 160]);
}

#[test]
fn a_dual_stack_engine_calls_an_ipv4_phone() {
    let engine = engine_with(|config| config.address = "::".parse().unwrap());
    let mut phone = Phone::at("127.0.0.2");
    let leg = call(&engine, &phone);
    let _ = phone.hear();
    phone.say(&speech(160), SocketAddr::new("127.0.0.1".parse().unwrap(), leg.port()));
    until("the packet", || (counter(&leg, "audio_packets") == 1).then_some(()));
    assert_eq!(counter(&leg, "strangers"), 0);
}

#[test]
fn a_recording_has_both_voices_on_one_clock() {
    let (engine, mut phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    let path = std::env::temp_dir().join(format!("fourwire-call-{}.wav", std::process::id()));
    leg.record(Some(Recording::new(&path)));
    leg.say("resp_1", "item_1", &[0; 8000]);
    for _ in 0..40 {
        let _ = phone.hear();
        phone.say(&[0x80; 160], of_leg(&leg));
    }
    leg.close();
    engine.close();
    let wav = hound::WavReader::open(&path).unwrap();
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, 8_000));
    let samples: Vec<i16> = wav.into_samples().map(Result::unwrap).collect();
    std::fs::remove_file(path).unwrap();
    let (loudest, quietest) = (32_124, -32_124);
    let agent = samples.iter().skip(1).step_by(2).filter(|&&it| it == quietest).count();
    let caller = samples.iter().step_by(2).filter(|&&it| it == loudest).count();
    assert!(agent > 30 * 160, "{agent} samples of the agent");
    assert!(caller > 30 * 160, "{caller} samples of the caller");
}

#[test]
fn a_call_s_ports_come_back_after_it() {
    let engine = engine_with(|config| {
        config.ports = 10_000..=10_003;
        config.port_rest = Duration::ZERO;
    });
    let phone = Phone::at("127.0.0.2");
    let (first, second) = (call(&engine, &phone), engine.reserve().unwrap());
    assert_eq!(first.port() % 2, 0);
    let error = engine.reserve().err().expect("both pairs are taken").to_string();
    assert!(error.starts_with("no free RTP port in 10000-10003: 2 pairs in use"), "{error}");
    drop(second);
    assert_eq!(engine.reserve().unwrap().number() ^ first.port(), 2);
    let id = first.id();
    drop(first);
    assert_eq!(Listener::new(&engine).closed(id).cause, CloseCause::Asked);
    let _both = [engine.reserve().unwrap(), engine.reserve().unwrap()];
}

#[test]
fn an_engine_that_closes_ends_its_calls_and_starts_no_more() {
    let (engine, phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    let waiting = engine.reserve().unwrap();
    let _ = phone.hear();
    engine.close();
    engine.close();
    assert_eq!(Listener::new(&engine).closed(leg.id()).cause, CloseCause::EngineClosed);
    assert!(matches!(engine.reserve(), Err(ReserveError::Closed)));
    assert!(waiting.start(Media::g711(Law::Mu), phone.remote()).is_err());
    assert!(!leg.say("resp_1", "item_1", &[0; 160]));
    leg.barge_in();
    leg.close();
}

#[test]
fn a_recording_begun_when_the_call_is_over_is_finished_at_once() {
    let (engine, phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    leg.close();
    let _ = Listener::new(&engine).closed(leg.id());
    let path = std::env::temp_dir().join(format!("fourwire-late-{}.wav", std::process::id()));
    leg.record(Some(Recording::new(&path)));
    until("the file", || path.exists().then_some(()));
    assert_eq!(hound::WavReader::open(&path).unwrap().len(), 0);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_packet_time_that_no_call_has_is_brought_to_one_that_calls_have() {
    let (engine, phone) = (engine(), Phone::at("127.0.0.2"));
    for packet_time in [Duration::ZERO, Duration::MAX] {
        let media = Media { packet_time, ..Media::g711(Law::Mu) };
        let _leg = engine.reserve().unwrap().start(media, phone.remote()).unwrap();
        assert!([80, 480].contains(&phone.hear().payload.len()));
    }
}

#[test]
fn settings_that_make_no_engine_are_refused() {
    let refused = |change: fn(&mut fourwire_engine::EngineConfig)| {
        let mut config = fourwire_engine::EngineConfig::default();
        change(&mut config);
        fourwire_engine::Engine::new(config).is_err()
    };
    assert!(refused(|config| config.workers = 0));
    assert!(refused(|config| config.tick = Duration::ZERO));
    assert!(refused(|config| config.event_ring_bytes = 0));
}

#[test]
fn digits_are_refused_by_name() {
    let (engine, phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    let (tone, gap) = (Duration::from_millis(100), Duration::from_millis(100));
    assert_eq!(leg.send_digits("12x", tone, gap), Err('x'));
    assert_eq!(leg.send_digits("123#", tone, gap), Ok(()));
    until("the count of them", || (counter(&leg, "digits_refused") == 1).then_some(()));
}
