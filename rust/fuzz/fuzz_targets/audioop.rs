#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::audioop::Input| fourwire_fuzz::audioop::check(
    input
));
