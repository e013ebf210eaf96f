#![no_main]

libfuzzer_sys::fuzz_target!(|input: fourwire_fuzz::playout_buffer::Input| {
    fourwire_fuzz::playout_buffer::check(input)
});
