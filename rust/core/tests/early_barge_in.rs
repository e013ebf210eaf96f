//! A whole call in which the agent gives way before the server says so, on a virtual clock.

mod voice;

use std::time::Duration;

use fourwire::sound::{g711, g722};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{
    AudioFormat, Bridge, Codec, EarlyBargeIn, Event, Law, Leg, LegConfig, Media, Moment, Output,
    PayloadTypes, Quieten, Unconfirmed,
};
use voice::{Dice, noise, samples, silence, speech, tones, vowel, with};

const PCMU: AudioFormat = AudioFormat::G711(Law::Mu);
const EVENTS: PayloadType = PayloadType::new(101).unwrap();
const RATE: f64 = 8_000.0;

/// A call: what the caller says in, packets and events out.
struct Call {
    leg: Leg,
    sent: Vec<(u64, Vec<i16>)>,
    events: Vec<(u64, Event)>,
}

fn config() -> LegConfig {
    LegConfig {
        media: Media { telephone_event: Some(PayloadTypes::both(EVENTS)), ..Media::g711(Law::Mu) },
        ssrc: Ssrc(1),
        first_sequence: 0,
        first_timestamp: 0,
        cname: "a@b".into(),
        unix_time_at_origin: Duration::ZERO,
    }
}

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn coded(pcm: &[i16]) -> Vec<u8> {
    let mut codes = Vec::new();
    g711::encode_into(Law::Mu, pcm, &mut codes);
    codes
}

/// What a caller's line carries: his sounds over a little noise.
fn line(sound: Vec<f64>) -> Vec<i16> {
    let hiss = noise(RATE, sound.len() as f64 / RATE, -65.0, &mut Dice(77));
    samples(&with(sound, &hiss))
}

/// An agent who speaks for as long as that.
fn reply(seconds: f64) -> Vec<i16> {
    samples(&speech(RATE, seconds, -20.0, &mut Dice(42)))
}

impl Call {
    fn new(early_barge_in: Option<EarlyBargeIn>) -> Self {
        let mut leg = Leg::new(config(), at(0));
        leg.bridge(Bridge { early_barge_in, ..Bridge::new(PCMU) });
        Self { leg, sent: Vec::new(), events: Vec::new() }
    }

    /// Let `heard` arrive from `start` on, a packet every 20 ms, 7 ms after our own go out.
    fn hear(&mut self, start: u64, heard: &[i16]) {
        for (n, pcm) in heard.chunks(160).enumerate() {
            let begin = start + 20 * n as u64;
            self.run(begin, begin + 7);
            self.packet(begin, &coded(pcm));
            self.run(begin + 7, begin + 20);
        }
    }

    fn packet(&mut self, begin: u64, payload: &[u8]) {
        self.packet_of(PayloadType::PCMU, begin, payload);
    }

    fn packet_of(&mut self, payload_type: PayloadType, begin: u64, payload: &[u8]) {
        let (sequence, timestamp) = ((begin / 20) as u16, begin as u32 * 8);
        let mut datagram = Vec::new();
        RtpPacket::new(payload_type, sequence, timestamp, Ssrc(7), payload).write(&mut datagram);
        self.leg.receive(at(begin + 7), &datagram);
    }

    fn run(&mut self, from: u64, to: u64) {
        for now in from..to {
            while let Some(output) = self.leg.poll(at(now)) {
                match output {
                    Output::Rtp(datagram) => {
                        let mut pcm = Vec::new();
                        let packet = RtpPacket::parse(datagram).unwrap();
                        g711::decode_into(Law::Mu, packet.payload, &mut pcm);
                        self.sent.push((now, pcm));
                    }
                    Output::Event(event) => self.events.push((now, event)),
                    _ => {}
                }
            }
        }
    }

    fn said(&self) -> Vec<i16> {
        self.sent.iter().flat_map(|(_, pcm)| pcm.iter().copied()).collect()
    }

    fn ducked_at(&self) -> Vec<u64> {
        self.when(|event| matches!(event, Event::Ducked { .. }))
    }

    fn restored_at(&self) -> Vec<u64> {
        self.when(|event| matches!(event, Event::Restored { .. }))
    }

    fn when(&self, is: impl Fn(&Event) -> bool) -> Vec<u64> {
        self.events.iter().filter(|(_, event)| is(event)).map(|(now, _)| *now).collect()
    }
}

/// A call in which the agent speaks all the time and the caller is heard from its beginning.
fn call(early_barge_in: Option<EarlyBargeIn>, heard: &[i16]) -> Call {
    call_over(&reply(1.0 + heard.len() as f64 / RATE), early_barge_in, heard)
}

fn call_over(reply: &[i16], early_barge_in: Option<EarlyBargeIn>, heard: &[i16]) -> Call {
    let mut call = Call::new(early_barge_in);
    call.leg.say("r", "i", &coded(reply));
    call.hear(0, heard);
    call
}

/// The first packet that two calls did not send alike.
fn first_difference(one: &Call, other: &Call) -> Option<u64> {
    let mut pairs = one.sent.iter().zip(&other.sent);
    pairs.find(|(packet, other)| packet != other).map(|(packet, _)| packet.0)
}

#[test]
fn the_agent_is_ducked_within_60_ms_of_the_callers_first_sample() {
    let mut waits = Vec::new();
    let mut dice = Dice(11);
    // Without pauses, so that the first packet that is softer can be told from what it would be.
    let words = samples(&vowel(RATE, 4.0, -20.0, &mut Dice(42)));
    for seed in 0..60 {
        let onset = dice.between(2.0, 2.6);
        let mut sound = silence(RATE, onset);
        sound.extend(vowel(RATE, 0.4, dice.between(-30.0, -18.0), &mut Dice(seed)));
        let heard = line(sound);
        let early = call_over(&words, Some(EarlyBargeIn::default()), &heard);
        let plain = call_over(&words, None, &heard);
        // The packet with the first sample of speech arrives 7 ms into its packet time.
        let arrival = (onset * 1000.0) as u64 / 20 * 20 + 7;
        let ducked = first_difference(&early, &plain).expect("a softer packet");
        assert!(ducked >= arrival, "voice {seed} is ducked before it comes");
        waits.push(ducked - arrival);
    }
    waits.sort_unstable();
    assert!(waits[waits.len() / 2] <= 60, "median {} ms: {waits:?}", waits[waits.len() / 2]);
    assert!(waits[waits.len() * 9 / 10] <= 80, "{waits:?}");
}

#[test]
fn what_nobody_confirms_is_restored_after_400_ms_and_nothing_is_lost() {
    let mut sound = silence(RATE, 2.0);
    sound.extend(speech(RATE, 1.5, -22.0, &mut Dice(3)));
    sound.extend(silence(RATE, 0.5));
    let heard = line(sound);
    let (early, plain) = (call(Some(EarlyBargeIn::default()), &heard), call(None, &heard));
    let (ducked, restored) = (early.ducked_at(), early.restored_at());
    assert_eq!((ducked.len(), restored.len()), (1, 1), "{:?}", early.events);
    assert!((400..=420).contains(&(restored[0] - ducked[0])), "{ducked:?} {restored:?}");

    for ((now, softer), (_, full)) in early.sent.iter().zip(&plain.sent) {
        let power = |pcm: &[i16]| pcm.iter().map(|&it| f64::from(it).powi(2)).sum::<f64>();
        if *now <= ducked[0] || *now > restored[0] + 20 {
            assert_eq!(softer, full, "at {now} ms");
        } else if *now > ducked[0] + 20 && *now <= restored[0] && power(full) > 1e9 {
            let decibels = 10.0 * (power(full) / power(softer)).log10();
            assert!((decibels - 15.0).abs() < 0.5, "{decibels} dB softer at {now} ms");
        }
    }
    let counters = early.leg.counters();
    assert_eq!((counters.early_ducks, counters.early_false_starts), (1, 1));
    assert_eq!(counters.reply_sent, plain.leg.counters().reply_sent);
    let Some((_, Event::Restored { softened, .. })) =
        early.events.iter().find(|(_, event)| matches!(event, Event::Restored { .. }))
    else {
        panic!("{:?}", early.events)
    };
    assert!((400..=420).contains(&softened.as_millis()), "{softened:?}");
    assert_eq!(counters.reply_softened, softened.as_millis() as u64 * 8);
}

#[test]
fn a_barge_in_confirms_it_and_tells_from_where_on_it_was_soft() {
    let mut sound = silence(RATE, 2.0);
    sound.extend(speech(RATE, 0.3, -22.0, &mut Dice(3)));
    let mut call = call(Some(EarlyBargeIn::default()), &line(sound));
    let cut = call.leg.barge_in();
    call.run(2300, 2400);
    let (ducked, restored) = (call.ducked_at(), call.restored_at());
    assert_eq!((ducked.len(), restored.len()), (1, 0));
    let Event::Ducked { heard, .. } = &call.events.iter().find(|it| it.0 == ducked[0]).unwrap().1
    else {
        panic!("{:?}", call.events)
    };
    assert_eq!(cut.heard - cut.softened, *heard);
    assert!(cut.softened > Duration::from_millis(150), "{cut:?}");
    assert_eq!(call.leg.counters().early_confirmed, 1);

    let said = call.said();
    let steps = said[2300 * 8 - 160..].windows(2).map(|it| it[0].abs_diff(it[1]));
    assert!(steps.max().unwrap() < 4_000, "it clicks");
    call.leg.say("r2", "i2", &coded(&[10_000; 800]));
    call.run(2400, 2500);
    assert!(call.said().iter().rev().take(700).all(|&sample| sample > 9_000), "still soft");
}

#[test]
fn what_is_no_speech_does_not_duck_the_agent() {
    let mut dice = Dice(8);
    let mut keys = silence(RATE, 1.0);
    let mut bursts = silence(RATE, 1.0);
    for n in 0..16 {
        let (low, high) =
            ([697.0, 770.0, 852.0, 941.0][n / 4], [1209.0, 1336.0, 1477.0, 1633.0][n % 4]);
        keys.extend(tones(RATE, &[low, high], 0.1, -12.0));
        keys.extend(silence(RATE, 0.1 + 0.003 * n as f64));
        bursts.extend(noise(RATE, 0.3, -30.0, &mut dice));
        bursts.extend(silence(RATE, 0.2));
    }
    let mut clicks = silence(RATE, 4.0);
    clicks.iter_mut().step_by(2001).for_each(|sample| *sample = 20_000.0);
    for (what, sound) in [
        ("keys", keys),
        ("noise that comes and goes", bursts),
        ("steady noise", noise(RATE, 4.0, -30.0, &mut dice)),
        ("ringing", tones(RATE, &[440.0, 480.0], 3.0, -15.0)),
        ("clicks", clicks),
    ] {
        let call = call(Some(EarlyBargeIn::default()), &line(sound));
        assert_eq!(call.ducked_at(), [], "{what}");
    }
}

#[test]
fn our_own_echo_does_not_duck_the_agent() {
    let said: Vec<f64> = reply(8.0).into_iter().map(f64::from).collect();
    for (loss_db, delay) in [(12.0, 60), (20.0, 150), (20.0, 380), (35.0, 250)] {
        let gain = 10.0_f64.powf(-loss_db / 20.0);
        let mut sound = silence(RATE, f64::from(delay) / 1000.0);
        sound.extend(said.iter().map(|sample| gain * sample));
        sound.truncate(said.len());
        let call = call(Some(EarlyBargeIn::default()), &line(sound));
        assert_eq!(call.ducked_at(), [], "{loss_db} dB after {delay} ms");
        let counters = call.leg.counters();
        assert!(counters.gated_echo > 50 || loss_db > 30.0, "{counters:?}");
    }
}

#[test]
fn concealed_speech_does_not_duck_the_agent() {
    let mut call = Call::new(Some(EarlyBargeIn::default()));
    call.leg.say("r", "i", &coded(&reply(4.0)));
    // A voice stops in the middle and nothing more comes: what is made up of it is no speech.
    let mut sound = silence(RATE, 2.0);
    sound.extend(vowel(RATE, 0.4, -20.0, &mut Dice(6)));
    let heard = line(sound);
    call.hear(0, &heard[..16_160]);
    call.run(2020, 3000);
    assert_eq!(call.ducked_at(), []);
    assert!(call.leg.counters().gated_made_up > 50);
}

#[test]
fn a_key_that_is_heard_and_told_does_not_duck_the_agent() {
    let mut call = Call::new(Some(EarlyBargeIn::default()));
    call.leg.say("r", "i", &coded(&reply(6.0)));
    call.hear(0, &line(silence(RATE, 2.0)));
    // A gateway that sends the key as an event and leaves its harmonics in the audio.
    let leak =
        line(with(vowel(RATE, 0.4, -20.0, &mut Dice(2)), &tones(RATE, &[697.0], 0.4, -20.0)));
    for (n, pcm) in leak.chunks(160).enumerate() {
        let begin = 2000 + 20 * n as u64;
        let mut datagram = Vec::new();
        let payload = [1, 10, 0, 160 * (n as u8 % 2)];
        RtpPacket::new(EVENTS, 500 + n as u16, 16_000, Ssrc(8), &payload).write(&mut datagram);
        call.leg.receive(at(begin), &datagram);
        call.hear(begin, pcm);
    }
    assert_eq!(call.ducked_at(), []);
    assert!(call.leg.counters().gated_key > 20);
}

#[test]
fn a_paused_reply_waits_where_it_is_and_goes_on_there() {
    let how = EarlyBargeIn { quieten: Quieten::Pause, ..EarlyBargeIn::default() };
    let mut sound = silence(RATE, 2.0);
    sound.extend(speech(RATE, 1.0, -22.0, &mut Dice(3)));
    let heard = line(sound);
    let mut call = Call::new(Some(how));
    let words = reply(2.5);
    call.leg.say("r", "i", &coded(&words));
    call.hear(0, &heard);
    call.run(3000, 4000);
    let (ducked, restored) = (call.ducked_at()[0], call.restored_at()[0]);
    let quiet = |(now, pcm): &&(u64, Vec<i16>)| {
        *now > ducked + 20 && *now <= restored && pcm.iter().all(|&it| it == 0)
    };
    assert!((18..=21).contains(&call.sent.iter().filter(quiet).count()));
    let counters = call.leg.counters();
    assert_eq!((counters.reply_sent, counters.reply_received), (20_000, 20_000));
    let sounding = call.said().iter().filter(|&&sample| sample != 0).count();
    let all = words.iter().filter(|&&sample| sample != 0).count();
    assert!(all.abs_diff(sounding) < 700, "{sounding} of {all}");
}

#[test]
fn it_clears_by_itself_only_where_it_is_told_to() {
    let unconfirmed = Unconfirmed::ClearAfter(Duration::from_millis(300));
    let mut sound = silence(RATE, 2.0);
    sound.extend(speech(RATE, 1.0, -22.0, &mut Dice(3)));
    let call = call(Some(EarlyBargeIn { unconfirmed, ..Default::default() }), &line(sound));
    let told: Vec<_> = call.events.iter().map(|(_, event)| event).collect();
    let cleared = told.iter().position(|event| **event == Event::ClearedEarly).expect("cleared");
    assert!(told[cleared..].iter().any(|event| matches!(event, Event::Interrupted(_))));
    assert_eq!(call.restored_at(), []);
    let counters = call.leg.counters();
    assert_eq!((counters.early_cleared, counters.early_confirmed), (1, 0));
}

#[test]
fn the_back_channel_stays_as_loud_as_it_is() {
    let mut sound = silence(RATE, 2.0);
    sound.extend(speech(RATE, 0.4, -22.0, &mut Dice(3)));
    let mut call =
        Call::new(Some(EarlyBargeIn { quieten: Quieten::Pause, ..EarlyBargeIn::default() }));
    call.leg.say("r", "i", &coded(&[20_000; 24_000]));
    call.leg.say_back_channel(&coded(&[-5_000; 24_000]));
    call.hear(0, &line(sound));
    let ducked = call.ducked_at()[0];
    let quiet: Vec<_> = call.sent.iter().filter(|it| it.0 > ducked + 20 && it.0 < 2400).collect();
    assert!(quiet.len() > 5);
    assert!(
        quiet.iter().all(|(_, pcm)| pcm.iter().all(|&sample| (-5_200..-4_800).contains(&sample)))
    );
}

#[test]
fn after_a_false_start_the_next_one_is_doubted() {
    let mut sound = silence(RATE, 2.0);
    for _ in 0..4 {
        sound.extend(speech(RATE, 0.2, -10.0, &mut Dice(3)));
        sound.extend(silence(RATE, 0.4));
    }
    let call = call(Some(EarlyBargeIn::default()), &line(sound));
    let counters = call.leg.counters();
    assert!(counters.early_ducks < 4 && counters.early_doubted > 0, "{counters:?}");
    assert_eq!(counters.early_onsets, counters.early_ducks + counters.early_doubted);
}

#[test]
fn a_caller_who_is_silent_changes_no_byte() {
    let heard = line(silence(RATE, 3.0));
    let (early, plain) = (call(Some(EarlyBargeIn::default()), &heard), call(None, &heard));
    assert_eq!(early.sent, plain.sent);
    assert_eq!(early.events, plain.events);
}

#[test]
fn switched_off_a_caller_who_speaks_changes_no_byte_either() {
    let quiet = call(None, &line(silence(RATE, 3.0)));
    let loud = call(None, &line(speech(RATE, 3.0, -20.0, &mut Dice(1))));
    assert_eq!(loud.sent, quiet.sent);
    let counters = loud.leg.counters();
    assert_eq!((counters.early_onsets, counters.gated_background), (0, 0));
}

#[test]
fn the_same_call_gives_the_same_bytes() {
    let mut sound = silence(RATE, 1.0);
    sound.extend(speech(RATE, 3.0, -22.0, &mut Dice(3)));
    let heard = line(sound);
    let (one, other) =
        (call(Some(EarlyBargeIn::default()), &heard), call(Some(EarlyBargeIn::default()), &heard));
    assert_eq!((one.sent, one.events), (other.sent, other.events));
}

#[test]
fn a_reply_that_gave_way_is_told_of_to_its_end_when_the_agent_is_parted() {
    let mut sound = silence(RATE, 2.0);
    sound.extend(speech(RATE, 0.3, -22.0, &mut Dice(3)));
    for part in [|leg: &mut Leg| leg.unbridge(), |leg: &mut Leg| leg.bridge(Bridge::new(PCMU))] {
        let mut call = call(Some(EarlyBargeIn::default()), &line(sound.clone()));
        part(&mut call.leg);
        call.run(2300, 2400);
        assert_eq!((call.ducked_at().len(), call.restored_at()), (1, vec![2300]));
        assert_eq!(call.leg.counters().early_false_starts, 0);
    }
}

#[test]
fn a_reply_that_ends_just_before_the_barge_in_is_restored_and_not_interrupted() {
    let mut sound = silence(RATE, 2.0);
    sound.extend(speech(RATE, 0.18, -22.0, &mut Dice(3)));
    let mut call = call_over(&reply(2.2), Some(EarlyBargeIn::default()), &line(sound));
    // The packet with the last of it goes out, and nothing else is taken out before the barge-in.
    assert!(matches!(call.leg.poll(at(2180)), Some(Output::Rtp(_))));
    assert_eq!(call.leg.barge_in().item, None);
    call.run(2180, 2300);
    assert_eq!((call.ducked_at().len(), call.restored_at()), (1, vec![2180]));
    assert_eq!(call.leg.counters().early_confirmed, 0);
}

#[test]
fn a_codec_of_another_rate_in_mid_call_is_followed() {
    let mut call = Call::new(Some(EarlyBargeIn::default()));
    call.leg.say("r", "i", &coded(&reply(6.0)));
    call.hear(0, &line(silence(RATE, 1.0)));
    let g722 = Media { telephone_event: None, ..Media::new(Codec::G722) };
    call.leg.renegotiate(at(1000), g722);

    let mut sound = silence(2.0 * RATE, 1.5);
    sound.extend(vowel(2.0 * RATE, 0.4, -22.0, &mut Dice(3)));
    let hiss = noise(2.0 * RATE, 1.9, -65.0, &mut Dice(77));
    let mut encoder = g722::Encoder::new();
    for (n, pcm) in samples(&with(sound, &hiss)).chunks(320).enumerate() {
        let (begin, mut payload) = (1000 + 20 * n as u64, Vec::new());
        encoder.encode_into(pcm, &mut payload);
        call.run(begin, begin + 7);
        call.packet_of(Codec::G722.payload_type(), begin, &payload);
        call.run(begin + 7, begin + 20);
    }
    assert!(matches!(call.ducked_at()[..], [2500..=2580]), "{:?}", call.events);
}
