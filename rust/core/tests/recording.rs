//! Recordings are true to the sample, whatever the network, the codec and the other side's clock.

use std::time::Duration;

use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{
    AudioFormat, Bridge, ClockRate, Codec, Direction, Event, Law, Leg, LegConfig, Media, Moment,
    Output, Recorded, Reel, Side,
};

const HOUR: Duration = Duration::from_secs(3600);
const MU: Codec = Codec::G711(Law::Mu);

fn leg() -> Leg {
    let mut leg = Leg::new(
        LegConfig {
            media: Media::new(MU),
            ssrc: Ssrc(1),
            first_sequence: 0,
            first_timestamp: 0,
            cname: "fourwire@example".into(),
            unix_time_at_origin: Duration::ZERO,
        },
        Moment::from_millis(0),
    );
    leg.bridge(Bridge::new(AudioFormat::G711(Law::Mu)));
    leg
}

/// What a leg recorded, as where each side was loud: the beginning of every click.
#[derive(Default)]
struct Clicks {
    caller: Vec<u64>,
    agent: Vec<u64>,
    end: u64,
}

impl Clicks {
    fn hear(&mut self, stretch: Recorded<'_>) {
        let side = if stretch.side == Side::Caller { &mut self.caller } else { &mut self.agent };
        for (n, &sample) in stretch.pcm.iter().enumerate() {
            let at = stretch.position + n as u64;
            if sample.unsigned_abs() > 8000 && side.last().is_none_or(|last| at > last + 4000) {
                side.push(at);
            }
        }
        if stretch.side == Side::Agent {
            self.end = stretch.position + stretch.pcm.len() as u64;
        }
    }
}

/// A call of `length` in which the caller, whose clock runs by `ppm` too fast, clicks each second of
/// it, and so does the agent; each packet comes `held_back(number)` late, or never.
fn call(length: Duration, ppm: i64, held_back: impl Fn(u64) -> Option<u64>) -> Clicks {
    let (mut leg, mut clicks) = (leg(), Clicks::default());
    leg.record(Some(ClockRate::Hz8000));
    let packets = length.as_millis() as u64 / 20;
    let mut coming: Vec<(Moment, Vec<u8>)> = Vec::new();
    let sent_at = |number: u64| {
        (20_000_000 * i128::from(number) * 1_000_000 / i128::from(1_000_000 + ppm)) as u64
    };
    let mut next = 0;
    for turn in 0..packets {
        while sent_at(next) < (turn + 1) * 20_000_000 {
            let (number, sent) = (next, sent_at(next));
            next += 1;
            if let Some(late) = held_back(number) {
                let payload = [if number % 50 == 25 { 0x80 } else { 0xFF }; 160];
                let mut datagram = Vec::new();
                let stamp = (number * 160) as u32;
                RtpPacket::new(PayloadType::PCMU, number as u16, stamp, Ssrc(7), &payload)
                    .write(&mut datagram);
                coming.push((Moment::from_nanos(sent + late * 1_000_000 + 3_000_000), datagram));
            }
        }
        if turn % 50 == 26 {
            leg.say(&format!("r{turn}"), "i", &[0x00; 160]);
        }
        let now = Moment::from_millis(turn * 20);
        coming.retain(|(arrival, datagram)| {
            let here = *arrival <= now + Duration::from_millis(19);
            if here {
                leg.receive(*arrival, datagram);
            }
            !here
        });
        while let Some(output) = leg.poll(now) {
            if let Output::Recorded(stretch) = output {
                clicks.hear(stretch);
            }
        }
    }
    clicks
}

/// By how much the second that lies `at` in the recording is off, in samples: the `n`th click of a
/// caller whose clock runs by `ppm` too fast was sent then.
fn off(clicks: &[u64], ppm: i64) -> Vec<i64> {
    let sent = |n: usize| (n as i64 * 50 + 25) * 160 * 1_000_000 / (1_000_000 + ppm);
    clicks.iter().enumerate().map(|(n, &at)| at as i64 - sent(n)).collect()
}

#[test]
fn an_hour_of_recording_drifts_by_nothing_while_clocks_agree() {
    let clicks = call(HOUR, 0, |_| Some(0));
    assert_eq!(clicks.end, 3600 * 8000);
    assert_eq!((clicks.caller.len(), clicks.agent.len()), (3600, 3600));
    let (caller, agent) = (off(&clicks.caller, 0), off(&clicks.agent, 0));
    assert!(caller.iter().all(|it| *it == caller[0] && (0..=160).contains(it)), "{caller:?}");
    assert!(agent.iter().all(|it| *it == agent[0]), "{agent:?}");
}

#[test]
fn a_callers_clock_that_is_off_shifts_nothing_in_an_hour() {
    for ppm in [-200, -30, 30, 200] {
        let clicks = call(HOUR, ppm, |number| Some(number * 7919 % 23));
        let caller = off(&clicks.caller, ppm);
        assert!(caller.len() >= 3599, "{} clicks at {ppm} ppm", caller.len());
        let (least, most) =
            (caller[60..].iter().min().unwrap(), caller[60..].iter().max().unwrap());
        // A millisecond to either side, and the packet time in which packets are heard.
        assert!(most - least <= 24, "{ppm} ppm: from {least} to {most} samples");
    }
}

#[test]
fn loss_jitter_and_silences_shift_nothing() {
    let held_back = |number: u64| {
        let on_hold = number % 5000 > 4000;
        let lost = number * 31 % 17 == 5 && !(24..=26).contains(&(number % 50));
        (!on_hold && !lost).then_some(number * 7919 % 37)
    };
    let clicks = call(HOUR / 6, 50, held_back);
    let sent = |at: u64| {
        let packet = (at as i64 * 1_000_050 / 1_000_000 + 80) / 160;
        let second = (packet - 25 + 25) / 50;
        at as i64 - (second * 50 + 25) * 160 * 1_000_000 / 1_000_050
    };
    let off: Vec<i64> = clicks.caller.iter().skip(10).map(|&at| sent(at)).collect();
    assert!(off.len() > 400, "{} clicks", off.len());
    assert!(off.iter().all(|it| (-24..=344).contains(it)), "{off:?}");
}

#[test]
fn a_hold_of_the_agent_and_other_codecs_keep_place_and_rate() {
    let (mut leg, mut clicks) = (leg(), Clicks::default());
    leg.record(Some(ClockRate::Hz8000));
    for turn in 0..3000u64 {
        let now = Moment::from_millis(turn * 20);
        match turn {
            500 => leg.renegotiate(now, Media { direction: Direction::Inactive, ..Media::new(MU) }),
            1000 => leg.renegotiate(now, Media::new(Codec::G722)),
            2000 => leg.renegotiate(now, Media::new(Codec::G711(Law::A))),
            _ => {}
        }
        if turn % 50 == 25 && !(500..1000).contains(&turn) {
            leg.say(&format!("r{turn}"), "i", &[0x00; 160]);
        }
        while let Some(output) = leg.poll(now) {
            if let Output::Recorded(stretch) = output {
                clicks.hear(stretch);
            }
        }
    }
    assert_eq!(clicks.end, 3000 * 160);
    let sent: Vec<u64> =
        (0..60).filter(|n| !(10..20).contains(n)).map(|n| (n * 50 + 25) * 160).collect();
    assert_eq!(clicks.agent.len(), sent.len());
    // G.722 and the change of rate take less than 8 ms, and give it back.
    assert!(clicks.agent.iter().zip(&sent).all(|(at, sent)| at - sent <= 64), "{:?}", clicks.agent);
    assert!(clicks.agent[40..].iter().zip(&sent[40..]).all(|(at, sent)| at - sent <= 24));
}

#[test]
fn what_the_ledger_says_was_heard_is_what_was_on_the_wire_to_the_sample_and_to_its_time() {
    for cut_after in [1u64, 7, 33, 190] {
        let (mut leg, mut wire) = (leg(), Vec::new());
        leg.say("r", "i", &[0x00; 24_000]);
        let (mut started, mut ended) = (None, None);
        for turn in 0..250u64 {
            let now = Moment::from_millis(turn * 20);
            if turn == cut_after {
                leg.barge_in();
            }
            while let Some(output) = leg.poll(now) {
                match output {
                    Output::Rtp(datagram) => {
                        wire.extend_from_slice(RtpPacket::parse(datagram).unwrap().payload);
                    }
                    Output::Event(Event::ReplyStarted { at, .. }) => started = Some(at),
                    Output::Event(Event::ReplyEnded { at, heard, .. }) => {
                        ended = Some((at, heard));
                    }
                    _ => {}
                }
            }
        }
        let (start, (end, heard)) = (started.unwrap(), ended.unwrap());
        let of_reply = |span: Duration| ClockRate::Hz8000.samples_in(span);
        let first = wire.iter().position(|it| *it != 0xFF).unwrap();
        // The very last sample of a fade is silence.
        let after = wire.iter().rposition(|it| *it != 0xFF).unwrap() + 1;
        assert_eq!(of_reply(start.since(Moment::from_millis(0))), first);
        let end = of_reply(end.since(Moment::from_millis(0)));
        assert!(end.abs_diff(after) <= 1, "ended at {end}, on the wire at {after}");
        assert_eq!(of_reply(heard), end - first);
    }
}

#[test]
fn a_reel_lays_whatever_comes_where_it_belongs() {
    let mut reel = Reel::new();
    assert_eq!(reel.lay(Recorded { side: Side::Agent, position: 2, pcm: &[5, 6] }), 0);
    let mut stereo = Vec::new();
    reel.take(3, &mut stereo);
    assert_eq!(reel.lay(Recorded { side: Side::Caller, position: 1, pcm: &[1, 2, 3] }), 2);
    reel.take(2, &mut stereo);
    assert_eq!(stereo, [0, 0, 0, 0, 0, 5, 3, 6, 0, 0]);
}

#[test]
fn what_came_before_a_recording_began_is_not_in_it_and_shifts_nothing() {
    for waited in [1u64, 5, 15, 20, 30, 55] {
        let (mut leg, mut clicks) = (leg(), Clicks::default());
        for turn in 5..400u64 {
            let now = Moment::from_millis(turn * 20);
            let payload = [if turn % 50 == 25 { 0x80 } else { 0xFF }; 160];
            let mut datagram = Vec::new();
            RtpPacket::new(PayloadType::PCMU, turn as u16, turn as u32 * 160, Ssrc(7), &payload)
                .write(&mut datagram);
            leg.receive(Moment::from_millis(turn * 20 - waited), &datagram);
            if turn == 10 {
                leg.record(Some(ClockRate::Hz8000));
            }
            while let Some(output) = leg.poll(now) {
                if let Output::Recorded(stretch) = output {
                    clicks.hear(stretch);
                }
            }
        }
        let place = |turn: u64| ((turn - 10) * 20 - waited) * 8;
        let sent: Vec<u64> = (0..7).map(|n| place(n * 50 + 25)).collect();
        assert_eq!(clicks.caller[..7], sent, "waited {waited} ms");
        assert_eq!(leg.counters().recording_slipped, 0, "waited {waited} ms");
    }
}
