//! What the agent says, and what becomes of it when it is interrupted.

use std::time::Duration;

use fourwire::speak::{Change, Playout, Said};
use fourwire::{AudioFormat, ClockRate, Law};
use proptest::prelude::*;

const PCMU: AudioFormat = AudioFormat::G711(Law::Mu);
const PCM24: AudioFormat = AudioFormat::Pcm16(ClockRate::Hz24000);

fn playout() -> Playout {
    Playout::new(ClockRate::Hz8000, PCMU, PCMU)
}

/// `millis` of a loud tone in µ-law.
fn speech(millis: usize) -> Vec<u8> {
    [0x80, 0x80, 0x00, 0x00].into_iter().cycle().take(millis * 8).collect()
}

fn frame(playout: &mut Playout) -> Vec<i16> {
    let mut out = Vec::new();
    playout.take(160, &mut out);
    out
}

fn changes(playout: &mut Playout) -> Vec<Change> {
    std::iter::from_fn(|| playout.change()).collect()
}

#[test]
fn an_empty_playout_is_silent() {
    let mut playout = playout();
    let mut out = Vec::new();
    assert!(!playout.take(160, &mut out));
    assert_eq!(out, [0; 160]);
}

#[test]
fn speech_comes_out_as_it_went_in() {
    let mut playout = playout();
    playout.say("r", "i", &speech(20));
    let mut codes = [0; 160];
    fourwire::sound::g711::encode(Law::Mu, &frame(&mut playout), &mut codes);
    assert_eq!(codes.as_slice(), speech(20));
}

#[test]
fn a_barge_in_leaves_five_milliseconds_that_fade() {
    let mut playout = playout();
    playout.say("r", "i", &speech(100));
    frame(&mut playout);
    let cut = playout.barge_in();

    let after = frame(&mut playout);
    let (fade, rest) = after.split_at(40);
    assert!(fade.iter().any(|&sample| sample != 0));
    assert_eq!(rest, [0; 120]);
    let loudness = |samples: &[i16]| samples.iter().map(|s| s.unsigned_abs()).max().unwrap();
    assert!(fade.chunks(8).map(loudness).is_sorted_by(|louder, quieter| louder > quieter));
    assert_eq!((cut.heard, cut.discarded), (Duration::from_millis(25), Duration::from_millis(75)));
    assert_eq!(frame(&mut playout), [0; 160]);
}

#[test]
fn nothing_sounds_of_a_reply_that_is_cut_before_it_began() {
    let mut playout = playout();
    playout.say("r", "i", &speech(100));
    let cut = playout.barge_in();
    assert_eq!((cut.item.as_deref(), cut.heard), (Some("i"), Duration::ZERO));
    assert_eq!(frame(&mut playout), [0; 160]);
}

#[test]
fn audio_of_an_interrupted_response_is_refused_however_late_it_comes() {
    let mut playout = playout();
    playout.say("r1", "i", &speech(20));
    playout.barge_in();
    assert_eq!(playout.say("r1", "i", &speech(20)), Said::Refused);
    assert_eq!(playout.say("r1", "another item", &speech(20)), Said::Refused);
    assert_eq!(playout.say("r2", "j", &speech(20)), Said::Queued);
    assert_eq!(playout.counters().refused, 320);
}

#[test]
fn a_response_cut_before_its_first_audio_never_sounds() {
    let mut playout = playout();
    playout.begin_response("r1");
    playout.barge_in();
    assert_eq!(playout.say("r1", "i", &speech(20)), Said::Refused);
}

#[test]
fn every_response_that_waits_is_cut() {
    let mut playout = playout();
    playout.say("r1", "i", &speech(20));
    playout.say("r2", "j", &speech(20));
    playout.barge_in();
    assert_eq!(playout.say("r2", "j", &speech(20)), Said::Refused);
}

#[test]
fn a_barge_in_leaves_the_back_channel_alone_and_clear_does_not() {
    let mut playout = playout();
    playout.say_back_channel(&speech(60));
    playout.barge_in();
    assert_ne!(frame(&mut playout), [0; 160]);
    playout.clear();
    assert_eq!(frame(&mut playout), [0; 160]);
}

#[test]
fn only_a_barge_in_is_an_interruption() {
    let mut playout = playout();
    playout.say("r", "i", &speech(40));
    frame(&mut playout);
    playout.barge_in();
    playout.say("s", "j", &speech(40));
    frame(&mut playout);
    let cut = playout.clear();
    assert_eq!(cut.discarded.as_millis(), 20);
    assert_eq!(playout.counters().interruptions, 1);
}

#[test]
fn the_back_channel_is_mixed_under_the_reply() {
    let mut playout = playout();
    playout.say("r", "i", &speech(20));
    let alone = {
        let mut other = self::playout();
        other.say("r", "i", &speech(20));
        frame(&mut other)
    };
    playout.say_back_channel(&[0xEF; 160]);
    let mixed = frame(&mut playout);
    let quiet = i32::from(fourwire_decode(0xEF));
    for (mixed, alone) in mixed.iter().zip(&alone) {
        let sum = i32::from(*alone) + quiet;
        assert_eq!(i32::from(*mixed), sum.clamp(i16::MIN.into(), i16::MAX.into()));
    }
}

fn fourwire_decode(code: u8) -> i16 {
    let mut pcm = [0];
    fourwire::sound::g711::decode(Law::Mu, &[code], &mut pcm);
    pcm[0]
}

#[test]
fn the_ledger_tells_items_apart_to_the_sample() {
    let mut playout = playout();
    playout.say("r", "i", &speech(30));
    playout.say("r", "j", &speech(30));
    frame(&mut playout);
    frame(&mut playout);
    assert_eq!(playout.ledger().heard("i"), Some(Duration::from_millis(30)));
    assert_eq!(playout.ledger().heard("j"), Some(Duration::from_millis(10)));
    assert_eq!(playout.ledger().heard("k"), None);
}

#[test]
fn a_run_of_an_item_is_told_from_its_first_to_its_last_sample() {
    let mut playout = playout();
    playout.say("r", "i", &speech(20));
    playout.say("r", "j", &speech(20));
    frame(&mut playout);
    frame(&mut playout);
    let heard = Duration::from_millis(20);
    assert_eq!(
        changes(&mut playout),
        [
            Change::Started { item: "i".into() },
            Change::Ended { item: "i".into(), heard },
            Change::Started { item: "j".into() },
            Change::Ended { item: "j".into(), heard },
            Change::Drained,
        ]
    );
}

#[test]
fn what_the_resampler_holds_back_is_not_counted_as_heard() {
    let mut playout = Playout::new(ClockRate::Hz8000, PCM24, PCM24);
    let second: Vec<u8> =
        (0..24_000).flat_map(|n: i32| ((n % 48 - 24) as i16 * 500).to_le_bytes()).collect();
    playout.say("r", "i", &second);
    frame(&mut playout);
    let cut = playout.barge_in();
    let delay = Duration::from_millis(25) - cut.heard;
    assert!(delay > Duration::ZERO && delay < Duration::from_millis(5), "delay {delay:?}");
    let all = (cut.heard + cut.discarded).as_secs_f64();
    assert!((all - 1.0).abs() < 1e-6, "{all} s of 1 s");
}

#[test]
fn what_the_resampler_holds_back_is_not_counted_as_softened() {
    let mut playout = Playout::new(ClockRate::Hz8000, PCM24, PCM24);
    playout.turn_down(0.5);
    playout.say("r", "i", &[0x10; 4800]);
    frame(&mut playout);
    let cut = playout.barge_in();
    assert_eq!(cut.softened, cut.heard);
    let counters = playout.counters();
    assert_eq!(counters.softened, counters.sent);
}

#[test]
fn nothing_of_an_interrupted_reply_is_left_in_the_resampler() {
    let mut playout = Playout::new(ClockRate::Hz8000, PCM24, PCM24);
    playout.say("r", "i", &[0x00, 0x40].repeat(24_000));
    frame(&mut playout);
    playout.barge_in();
    frame(&mut playout);
    playout.say("s", "j", &[0; 960]);
    assert_eq!(frame(&mut playout), [0; 160]);
}

#[test]
fn half_a_sample_at_the_end_of_an_item_does_not_turn_the_next_into_noise() {
    let mut playout = Playout::new(ClockRate::Hz8000, AudioFormat::Pcm16(ClockRate::Hz8000), PCMU);
    playout.say("r", "i", &[1, 0, 2]);
    playout.say("r", "j", &[3, 0, 4, 0]);
    assert_eq!(frame(&mut playout)[..3], [1, 3, 4]);
}

#[test]
fn a_sample_split_between_two_deltas_is_put_together() {
    let mut playout = Playout::new(ClockRate::Hz8000, AudioFormat::Pcm16(ClockRate::Hz8000), PCMU);
    playout.say("r", "i", &[0x34]);
    playout.say("r", "i", &[0x12, 5, 0]);
    assert_eq!(frame(&mut playout)[..2], [0x1234, 5]);
}

#[test]
fn a_lane_has_a_brim() {
    let mut playout = playout();
    let minute = vec![0xFF; 60 * 8000];
    let said: Vec<_> = (0..11).map(|_| playout.say("r", "i", &minute)).collect();
    assert_eq!(said[9], Said::Queued);
    assert_eq!(said[10], Said::Overflow);
    assert_eq!(playout.counters().overflowed, 60 * 8000);
}

#[derive(Clone, Debug)]
enum Act {
    Say(u8, usize),
    Begin(u8),
    BackChannel(usize),
    Take(usize),
    BargeIn,
    Clear,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0u8..5, 0usize..2000).prop_map(|(id, bytes)| Act::Say(id, bytes)),
        1 => (0u8..5).prop_map(Act::Begin),
        1 => (0usize..500).prop_map(Act::BackChannel),
        4 => (1usize..7).prop_map(|tens| Act::Take(tens * 80)),
        1 => Just(Act::BargeIn),
        1 => Just(Act::Clear),
    ]
}

proptest! {
    #[test]
    fn what_went_in_is_what_came_out_waits_or_was_counted(
        acts in proptest::collection::vec(act(), 1..100),
        wide in any::<bool>(),
    ) {
        let format = if wide { PCM24 } else { PCMU };
        let mut playout = Playout::new(ClockRate::Hz8000, format, PCMU);
        let mut offered = 0;
        for act in acts {
            match act {
                Act::Say(id, bytes) => {
                    let bytes = bytes / 2 * 2;
                    offered += (bytes / format.width()) as u64;
                    playout.say(&format!("r{id}"), &format!("i{id}"), &vec![0x31; bytes]);
                }
                Act::Begin(id) => playout.begin_response(&format!("r{id}")),
                Act::BackChannel(bytes) => { playout.say_back_channel(&vec![0x42; bytes]); }
                Act::Take(samples) => {
                    let mut out = Vec::new();
                    playout.take(samples, &mut out);
                    prop_assert_eq!(out.len(), samples);
                }
                Act::BargeIn => { playout.barge_in(); }
                Act::Clear => { playout.clear(); }
            }
            let counted = playout.counters();
            let waiting = playout.waiting().as_micros() as u64 * u64::from(format.rate().hertz());
            let waiting = (waiting + 500_000) / 1_000_000;
            prop_assert_eq!(offered, counted.received + counted.refused + counted.overflowed);
            prop_assert_eq!(counted.received, counted.sent + counted.discarded + waiting);
            let booked: u64 = playout.ledger().entries().map(|entry| entry.sent).sum();
            prop_assert!(booked <= counted.sent);
        }
    }

    #[test]
    fn no_sample_of_a_cut_response_sounds_after_the_fade(
        before in 1usize..50, frames in 0usize..20, late in 1usize..50,
    ) {
        let mut playout = playout();
        playout.say("r", "i", &speech(before * 20));
        for _ in 0..frames {
            frame(&mut playout);
        }
        playout.begin_response("r");
        playout.barge_in();
        frame(&mut playout);
        playout.say("r", "i", &speech(late * 20));
        prop_assert_eq!(frame(&mut playout), [0; 160]);
    }
}

#[test]
fn ten_minutes_of_back_channel_fit_at_any_rate_and_more_is_counted() {
    for format in [PCMU, PCM24] {
        let mut playout = Playout::new(ClockRate::Hz8000, PCMU, format);
        let ten_seconds = vec![0; 10 * format.rate().hertz() as usize * format.width()];
        for _ in 0..60 {
            assert_eq!(playout.say_back_channel(&ten_seconds), Said::Queued);
        }
        assert_eq!(playout.say_back_channel(&ten_seconds), Said::Overflow);
        assert_eq!(playout.counters().overflowed, u64::from(10 * format.rate().hertz()));
    }
}

#[test]
fn an_item_without_audio_is_neither_begun_nor_interrupted() {
    for nothing in [&[][..], &[1]] {
        let mut playout = Playout::new(ClockRate::Hz8000, PCM24, PCM24);
        playout.say("r", "empty", nothing);
        playout.say("r", "full", &[0; 4800]);
        frame(&mut playout);
        assert_eq!(changes(&mut playout), [Change::Started { item: "full".into() }]);
        playout.say("r2", "empty", nothing);
        assert_eq!(playout.barge_in().item.as_deref(), Some("full"));
    }
}

#[test]
fn a_fade_that_reaches_the_next_item_takes_nothing_from_the_one_before() {
    let mut playout = Playout::new(ClockRate::Hz8000, PCM24, PCM24);
    let millis = |count: usize| vec![1; count * 48];
    playout.say("r", "a", &millis(21));
    playout.say("r", "b", &millis(100));
    frame(&mut playout); // all of a but its last millisecond
    let cut = playout.barge_in();
    // Of 25 ms taken, 3 ms are inside the resampler: the last four of b, but one.
    assert_eq!((cut.item.as_deref(), cut.heard.as_millis()), (Some("a"), 21));
    assert_eq!(playout.ledger().heard("b"), Some(Duration::from_millis(1)));
}

#[test]
fn however_short_frames_are_another_rate_goes_on_to_the_sample() {
    use ClockRate::{Hz8000, Hz24000, Hz48000};
    let pcm = AudioFormat::Pcm16(Hz8000);
    let ramp: Vec<u8> = (0..800i16).flat_map(|n| (40 * n).to_le_bytes()).collect();
    for frames in 0..60 {
        let mut playout = Playout::new(Hz48000, pcm, pcm);
        playout.say("r", "i", &ramp);
        for _ in 0..frames {
            playout.take(48, &mut Vec::new());
        }
        playout.renegotiate(Hz24000);
        playout.renegotiate(Hz8000); // which goes through as it is
        let mut heard = Vec::new();
        for _ in 0..100 {
            playout.take(8, &mut heard);
        }
        let delay = if frames > 0 { 24 } else { 0 };
        let next = |n: i32| 40 * i16::try_from((n + 8 * frames - delay).max(0)).unwrap();
        let whole = 800 - 8 * frames;
        assert_eq!(heard[..whole as usize], (0..whole).map(next).collect::<Vec<_>>(), "{frames}");
    }
}
