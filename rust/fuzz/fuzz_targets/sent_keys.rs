#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::sent_keys::Input| {
    fourwire_fuzz::sent_keys::check(input)
});
