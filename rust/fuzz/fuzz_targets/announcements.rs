#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::announcements::Input| {
    fourwire_fuzz::announcements::check(input)
});
