#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eseal::fuzzing::sig_value(data));
