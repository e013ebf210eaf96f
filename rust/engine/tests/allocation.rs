//! A worker allocates nothing for the calls that run on it. In a process of its own, for it counts
//! what other threads allocate.

mod support;

use fourwire::{AudioFormat, Bridge, ClockRate, Law, Media};
use fourwire_engine::{Engine, LegHandle};
use support::*;

#[path = "../../core/tests/support/counting.rs"]
mod counting;

const FORMATS: [AudioFormat; 3] =
    [PCMU, AudioFormat::G711(Law::A), AudioFormat::Pcm16(ClockRate::Hz24000)];

struct Talk {
    phone: Phone,
    leg: LegHandle,
    reply: Vec<u8>,
}

impl Talk {
    fn new(engine: &Engine, phone: &str, format: AudioFormat) -> Self {
        let phone = Phone::at(phone);
        let media = Media::g711(Law::Mu);
        let leg = engine.reserve().unwrap().start(media, phone.remote()).unwrap();
        leg.bridge(Bridge::new(format));
        let reply = vec![0x31; format.rate().hertz() as usize / 50 * format.width()];
        let talk = Self { phone, leg, reply };
        // Replies come ahead of their time, so that none is told to have ended.
        (0..10).for_each(|_| talk.say());
        talk
    }

    fn say(&self) {
        assert!(self.leg.say("r", "i", &self.reply));
    }

    /// Answers the engine's next packet by `packets` of its own, and has the agent say as much.
    fn packet_time(&mut self, packets: usize) {
        let heard = self.phone.hear();
        (0..packets).for_each(|_| self.phone.say(&[0x2A; 160], heard.source));
        self.say();
    }
}

#[test]
fn a_worker_whose_calls_run_allocates_nothing() {
    let engine = engine_with(|config| config.workers = 1);
    let mut talks: Vec<_> = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
        .into_iter()
        .zip(FORMATS)
        .map(|(phone, format)| Talk::new(&engine, phone, format))
        .collect();
    let mut messages = 0;
    let mut run = |packet_times: usize, packets: usize| {
        for _ in 0..packet_times {
            talks.iter_mut().for_each(|talk| talk.packet_time(packets));
            engine.take(|_, _| messages += 1);
        }
    };
    run(50, 1);
    // What stands in for callers who are late, and then what had been under way, is the most that
    // comes at a time.
    run(10, 0);
    run(1, 10);
    run(50, 1);
    let before = counting::made_elsewhere();
    run(100, 1);
    assert_eq!(counting::made_elsewhere() - before, 0);
    assert!(messages > 3 * 60, "only {messages} messages came");
}
