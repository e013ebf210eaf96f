#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::opus::Input| fourwire_fuzz::opus::check(input));
