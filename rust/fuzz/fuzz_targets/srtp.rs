#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::srtp::Input| fourwire_fuzz::srtp::check(input));
