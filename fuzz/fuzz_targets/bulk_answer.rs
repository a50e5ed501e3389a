#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| flightstream_fuzz::bulk_answer::check(input));
