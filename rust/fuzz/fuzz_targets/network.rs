#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::network::Input| fourwire_fuzz::network::check(
    input
));
