#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fourwire_fuzz::comfort_noise::check(input));
