#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eseal::fuzzing::session_record(data));
