#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::time_stretch::Input| {
    fourwire_fuzz::time_stretch::check(input)
});
