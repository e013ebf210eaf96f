#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::sound::Input| fourwire_fuzz::sound::check(
    input
));
