//! Keys of `testdata/signers`, in place of the service that has the key.

use eseal::{Certificate, Digest, Moment, Plan, SignatureAlgorithm, SignatureValue, Time, ToBeSigned};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::DecodePrivateKey;

/// The bytes of `testdata/NAME`.
pub fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The certificate of the key `name`.
pub fn certificate(name: &str) -> Certificate {
    Certificate::parse(&file(&format!("signers/{name}.pem"))).expect("certificate of testdata")
}

/// A plan for the key `name`, with its chain.
pub fn plan(name: &str) -> Plan {
    let chain = Certificate::parse_all(&file("signers/chain.pem")).expect("chain of testdata");
    Plan::new(certificate(name), &chain).expect("key of testdata is strong enough")
}

/// A time at which all certificates of `testdata/signers` but the odd ones are valid.
pub fn moment(n: u8) -> Moment {
    Moment::new(Time::parse_rfc3339("2027-01-02T03:04:05Z").expect("is a time"), [n; 32])
}

/// What the P-256 key makes of `to_be_signed`; the same each time (RFC 6979).
pub fn sign(to_be_signed: &ToBeSigned) -> SignatureValue {
    assert!(matches!(to_be_signed.algorithm(), SignatureAlgorithm::Ecdsa(..)));
    SignatureValue::ecdsa_fixed(p256_value(to_be_signed.digest().expect("EC keys sign a digest")).to_bytes().to_vec())
}

/// What the P-256 key makes of a digest, as DER.
pub fn sign_digest(digest: &Digest) -> Vec<u8> {
    p256_value(digest).to_der().as_bytes().to_vec()
}

fn p256_value(digest: &Digest) -> p256::ecdsa::Signature {
    let pem = String::from_utf8(file("signers/p256.key")).expect("PEM");
    let key = p256::SecretKey::from_pkcs8_pem(&pem).expect("key of testdata");
    p256::ecdsa::SigningKey::from(key).sign_prehash(digest.as_bytes()).expect("signs")
}
