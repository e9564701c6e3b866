#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eseal::fuzzing::container_round_trip(data));
