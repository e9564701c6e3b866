//! An authority for tests and benches: a root, a person, a time-stamping unit and an OCSP responder, all with P-256
//! keys that everybody knows, and answers to requests in memory.

#[cfg(feature = "http")]
pub mod server;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use sha2::{Digest as _, Sha256};

/// Certificates in DER, and the keys that go with them.
pub struct Authority {
    pub root: Vec<u8>,
    pub person: Vec<u8>,
    pub tsa: Vec<u8>,
    pub responder: Vec<u8>,
    root_key: SigningKey,
    person_key: SigningKey,
    tsa_key: SigningKey,
    responder_key: SigningKey,
}

/// What an answer says, for those that shall be bad.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// Everybody is revoked.
    pub is_revoked: bool,
    /// So many bytes more in a time-stamp.
    pub padding: usize,
    /// Time-stamps do not return the nonce.
    pub forgets_nonces: bool,
}

impl Authority {
    /// Everything is valid from 2025 to 2035. `url` is where certificates say that services are; without one they say
    /// nothing.
    pub fn new(url: Option<&str>) -> Authority {
        let key = |n: u8| SigningKey::from_slice(&[n; 32]).unwrap();
        let (root_key, person_key, tsa_key, responder_key) = (key(1), key(2), key(3), key(4));
        let services = url.map(|url| {
            let place = |method: &[u8], path: &str| {
                sequence(&[&tlv(0x06, &[method]), &tlv(0x86, &[url.as_bytes(), path.as_bytes()])])
            };
            sequence(&[&place(&[0x2b, 6, 1, 5, 5, 7, 48, 1], "/ocsp"), &place(&[0x2b, 6, 1, 5, 5, 7, 48, 2], "/root")])
        });
        let services = services.map(|value| extension(&[0x2b, 6, 1, 5, 5, 7, 1, 1], false, &value)).unwrap_or_default();
        let usage = |bits: &[u8]| extension(&[0x55, 0x1d, 0x0f], true, &tlv(0x03, &[bits]));
        let purpose = |id: u8, critical: bool| {
            let value = sequence(&[&tlv(0x06, &[&[0x2b, 6, 1, 5, 5, 7, 3, id]])]);
            extension(&[0x55, 0x1d, 0x25], critical, &value)
        };
        let is_ca = extension(&[0x55, 0x1d, 0x13], true, &sequence(&[&[0x01, 1, 0xff]]));
        let no_check = extension(&[0x2b, 6, 1, 5, 5, 7, 48, 1, 5], false, &[5, 0]);
        let make = |serial: u8, subject: &str, key: &SigningKey, extensions: &[&[u8]]| {
            certificate(serial, subject, key, &root_key, &extensions.concat())
        };
        Authority {
            root: make(1, "Root", &root_key, &[&is_ca, &usage(&[1, 0x06])]),
            person: make(2, "Person", &person_key, &[&usage(&[6, 0x40]), &services]),
            tsa: make(3, "TSA", &tsa_key, &[&usage(&[7, 0x80]), &purpose(8, true), &services]),
            responder: make(4, "Responder", &responder_key, &[&usage(&[7, 0x80]), &purpose(9, false), &no_check]),
            root_key,
            person_key,
            tsa_key,
            responder_key,
        }
    }

    /// ECDSA by the person over a digest, in DER.
    pub fn sign(&self, digest: &[u8]) -> Vec<u8> {
        use p256::ecdsa::signature::hazmat::PrehashSigner as _;
        let value: Signature = self.person_key.sign_prehash(digest).unwrap();
        value.to_der().as_bytes().to_vec()
    }

    /// A TimeStampResp for a TimeStampReq, of the second `time` since 1970.
    pub fn time_stamp(&self, request: &[u8], time: i64, manner: Manner) -> Vec<u8> {
        let fields = elements(content(request));
        let nonce = fields.iter().skip(2).find(|field| field[0] == 0x02 && !manner.forgets_nonces);
        let nonce = nonce.copied().unwrap_or_default();
        let serial = tlv(0x02, &[&Sha256::digest(request)[..8].iter().map(|b| b & 0x7f | 1).collect::<Vec<u8>>()]);
        let info = sequence(&[
            &[2, 1, 1],
            &tlv(0x06, &[&[0x2a, 3, 4]]),
            fields[1],
            &serial,
            &tlv(0x18, &[generalized(time).as_bytes()]),
            nonce,
        ]);
        let extra = match manner.padding {
            0 => Vec::new(),
            more => certificate(9, &"x".repeat(more), &self.tsa_key, &self.root_key, &[]),
        };
        let attribute = |id: &[u8], value: &[u8]| sequence(&[&tlv(0x06, &[id]), &tlv(0x31, &[value])]);
        let named = sequence(&[&sequence(&[&sequence(&[&tlv(0x04, &[&Sha256::digest(&self.tsa)])])])]);
        let attributes = [
            attribute(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 9, 3], &tlv(0x06, &[TST_INFO])),
            attribute(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 9, 4], &tlv(0x04, &[&Sha256::digest(&info)])),
            attribute(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 9, 16, 2, 47], &named),
        ]
        .concat();
        let value: Signature = self.tsa_key.sign(&tlv(0x31, &[&attributes]));
        let sha256 = sequence(&[&tlv(0x06, &[SHA256])]);
        let signer = sequence(&[
            &[2, 1, 1],
            &sequence(&[&name("Root"), &[2, 1, 3]]),
            &sha256,
            &tlv(0xa0, &[&attributes]),
            &sequence(&[&tlv(0x06, &[ECDSA])]),
            &tlv(0x04, &[value.to_der().as_bytes()]),
        ]);
        let signed = sequence(&[
            &[2, 1, 3],
            &tlv(0x31, &[&sha256]),
            &sequence(&[&tlv(0x06, &[TST_INFO]), &tlv(0xa0, &[&tlv(0x04, &[&info])])]),
            &tlv(0xa0, &[&self.tsa, &extra]),
            &tlv(0x31, &[&signer]),
        ]);
        let token = sequence(&[&tlv(0x06, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7, 2]]), &tlv(0xa0, &[&signed])]);
        sequence(&[&sequence(&[&[2, 1, 0]]), &token])
    }

    /// An OCSPResponse for an OCSPRequest, of the second `time` since 1970, good for ten minutes.
    pub fn ocsp(&self, request: &[u8], time: i64, manner: Manner) -> Vec<u8> {
        let tbs = content(request);
        let list = elements(content(tbs));
        let list = list.iter().find(|field| field[0] == 0x30).unwrap();
        let id = elements(content(content(list)))[0];
        let status = match manner.is_revoked {
            true => tlv(0xa1, &[&tlv(0x18, &[generalized(time - 60).as_bytes()])]),
            false => vec![0x80, 0],
        };
        let at = |time: i64| tlv(0x18, &[generalized(time).as_bytes()]);
        let single = sequence(&[id, &status, &at(time), &tlv(0xa0, &[&at(time + 600)])]);
        let data = sequence(&[&tlv(0xa1, &[&name("Responder")]), &at(time), &sequence(&[&single])]);
        let value: Signature = self.responder_key.sign(&data);
        let value = tlv(0x03, &[&[0], value.to_der().as_bytes()]);
        let certificates = tlv(0xa0, &[&sequence(&[&self.responder])]);
        let basic = sequence(&[&data, &sequence(&[&tlv(0x06, &[ECDSA])]), &value, &certificates]);
        let bytes = sequence(&[&tlv(0x06, &[&[0x2b, 6, 1, 5, 5, 7, 48, 1, 1]]), &tlv(0x04, &[&basic])]);
        sequence(&[&[0x0a, 1, 0], &tlv(0xa0, &[&bytes])])
    }
}

fn certificate(serial: u8, subject: &str, key: &SigningKey, issuer: &SigningKey, extensions: &[u8]) -> Vec<u8> {
    let public = key.verifying_key().to_public_key_der().unwrap();
    let algorithm = sequence(&[&tlv(0x06, &[ECDSA])]);
    let time = |text: &str| tlv(0x17, &[text.as_bytes()]);
    let extensions = match extensions {
        [] => Vec::new(),
        some => tlv(0xa3, &[&sequence(&[some])]),
    };
    let signed = sequence(&[
        &tlv(0xa0, &[&[2, 1, 2]]),
        &[2, 1, serial],
        &algorithm,
        &name("Root"),
        &sequence(&[&time("250101000000Z"), &time("350101000000Z")]),
        &name(subject),
        public.as_bytes(),
        &extensions,
    ]);
    let value: Signature = issuer.sign(&signed);
    sequence(&[&signed, &algorithm, &tlv(0x03, &[&[0], value.to_der().as_bytes()])])
}

fn name(text: &str) -> Vec<u8> {
    let attribute = sequence(&[&[6, 3, 0x55, 4, 3], &tlv(0x0c, &[text.as_bytes()])]);
    sequence(&[&tlv(0x31, &[&attribute])])
}

fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&tlv(0x06, &[id]), critical, &tlv(0x04, &[value])])
}

/// `YYYYMMDDHHMMSSZ`.
fn generalized(unix: i64) -> String {
    let text = eseal::Time::from_unix(unix).unwrap().to_string();
    text.chars().filter(|c| c.is_ascii_digit() || *c == 'Z').collect()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(short as u8),
        long => {
            let octets: Vec<u8> = long.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
            out.push(0x80 | octets.len() as u8);
            out.extend(octets);
        }
    }
    [out, content].concat()
}

/// Where the content of the first element begins, and where it ends.
fn header(bytes: &[u8]) -> (usize, usize) {
    match bytes[1] {
        short @ 0..0x80 => (2, 2 + short as usize),
        long => {
            let octets = (long & 0x7f) as usize;
            let len = bytes[2..2 + octets].iter().fold(0, |len, b| len << 8 | *b as usize);
            (2 + octets, 2 + octets + len)
        }
    }
}

fn content(element: &[u8]) -> &[u8] {
    let (start, end) = header(element);
    &element[start..end]
}

fn elements(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (element, rest) = bytes.split_at(header(bytes).1);
        found.push(element);
        bytes = rest;
    }
    found
}

const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 9, 16, 1, 4];
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
