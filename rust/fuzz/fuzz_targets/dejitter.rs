#![no_main]

libfuzzer_sys::fuzz_target!(
    |input: fourwire_fuzz::dejitter::Input| fourwire_fuzz::dejitter::check(input)
);
