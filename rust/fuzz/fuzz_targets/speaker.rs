#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::speaker::Input| fourwire_fuzz::speaker::check(
    input
));
