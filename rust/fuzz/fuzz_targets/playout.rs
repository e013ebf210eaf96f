#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::playout::Input| fourwire_fuzz::playout::check(
    input
));
