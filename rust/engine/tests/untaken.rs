//! Events that nobody takes for long. In a process of its own, for it keeps the machine busy.

mod support;

use fourwire_engine::CloseCause;
use support::*;

#[test]
fn what_nobody_took_in_time_is_told_though_the_last_call_is_over() {
    let (engine, phone) = (engine(), Phone::at("127.0.0.2"));
    let leg = call(&engine, &phone);
    for number in 0..5_000 {
        // Each interruption is an event, and there are more than the ring holds.
        until("room", || leg.say(&format!("r{number}"), "i", &[0; 160]).then_some(()));
        leg.barge_in();
    }
    leg.close();
    until("the end of the call", || (engine.counters().legs == 0).then_some(()));
    assert_eq!(Listener::new(&engine).closed(leg.id()).cause, CloseCause::Asked);
}
