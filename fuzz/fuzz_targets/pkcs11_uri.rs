#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| eseal::fuzzing::pkcs11_uri(data));
