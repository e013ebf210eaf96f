#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::concealer::Input| {
    fourwire_fuzz::concealer::check(input)
});
