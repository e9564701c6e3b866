#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eseal::fuzzing::digest_lanes(data));
