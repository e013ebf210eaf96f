#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::leg::Input| fourwire_fuzz::leg::check(input));
