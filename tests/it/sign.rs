//! Prepare, sign elsewhere, finalize, through the library.

use eseal::{Certificate, Document, Limits, Moment, Plan, Prepared, SignatureValue, Source, Time};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::DecodePrivateKey;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

fn plan() -> Plan {
    let certificate = Certificate::parse(&file("keys/p256.pem")).unwrap();
    let chain = Certificate::parse_all(&file("keys/chain.pem")).unwrap();
    Plan::new(certificate, &chain).unwrap()
}

fn sign(digest: &[u8]) -> Vec<u8> {
    let key = p256::SecretKey::from_pkcs8_pem(std::str::from_utf8(&file("keys/p256.key")).unwrap()).unwrap();
    let value: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from(key).sign_prehash(digest).unwrap();
    value.to_bytes().to_vec()
}

fn moment() -> Moment {
    Moment::new(Time::parse_rfc3339("2026-11-23T03:04:05Z").unwrap(), [7; 32])
}

#[test]
fn signs_each_sound_sample() {
    let out = std::env::temp_dir().join("eseal-sign-test");
    std::fs::create_dir_all(&out).unwrap();
    for name in ["table-lf", "table-cr", "table-crlf", "no-id", "no-eol", "xref-stream", "xref-stream-no-id", "linearized", "linearized-stream", "hybrid", "revisions", "table-then-stream", "existing-field", "field-and-widget", "field-names", "docmdp-2", "signed-twice", "tail-nul", "minimal"] {
        let bytes = file(&format!("pdf/{name}.pdf"));
        let source = Source::from_bytes(bytes.clone());
        let document = Document::open(source.clone(), &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let prepared = document.prepare(&plan(), moment()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let value = sign(prepared.to_be_signed().digest().unwrap().as_bytes());
        let state = prepared.to_state().unwrap();
        drop(prepared);
        let prepared = Prepared::resume(&state, source, &Limits::default()).unwrap();
        let signed = prepared.finalize(SignatureValue::ecdsa(value)).unwrap();
        let mut written = Vec::new();
        signed.output().write_to(&mut written).unwrap();
        assert!(written.starts_with(&bytes));
        std::fs::write(out.join(format!("{name}.pdf")), &written).unwrap();
    }
}
