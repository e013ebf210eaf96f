#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::telephone_event::Input| {
    fourwire_fuzz::telephone_event::check(input)
});
