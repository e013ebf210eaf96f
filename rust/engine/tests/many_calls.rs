//! Nothing is left of calls that are over. In a process of its own, for it counts descriptors.

mod support;

use std::fs;

use support::*;

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn nothing_is_left_of_two_hundred_calls() {
    let (engine, phone) = (engine_with(|config| config.workers = 2), Phone::at("127.0.0.2"));
    let before = open_descriptors();
    for _ in 0..2 {
        let legs: Vec<_> = (0..200).map(|_| call(&engine, &phone)).collect();
        assert_eq!(open_descriptors(), before + 400);
        until("all legs to speak", || {
            legs.iter().all(|leg| counter(leg, "packets_sent") > 0).then_some(())
        });
        let ids: Vec<_> = legs.iter().map(fourwire_engine::LegHandle::id).collect();
        drop(legs);
        let mut listener = Listener::new(&engine);
        for id in ids {
            assert!(of(&listener.closed(id).counters, "packets_sent") > 0);
        }
        assert_eq!(open_descriptors(), before);
    }
    let counters = engine.counters();
    assert_eq!((counters.legs, counters.legs_started, counters.legs_closed), (0, 400, 400));
    assert_eq!(counters.ports_in_use, 0);
    drop(engine);
    assert_eq!(open_descriptors(), before - 5, "the bell and two pollers a worker are closed");
}
