//! Signatures that are not worth proving, and documents that nothing is appended to.

use super::*;
use crate::cms::SignedData;
use crate::error::{Error, ErrorCode};
use crate::pdf::find;

fn fault(bytes: Vec<u8>) -> Option<&'static str> {
    let extension = Extension::open(&open(bytes), &[]).unwrap();
    let [subject] = extension.subjects() else { panic!("one signature") };
    match &subject.fault {
        Some(Error::Refused(refusal)) => {
            assert_eq!(refusal.code, ErrorCode::SignatureBroken);
            assert_eq!(refusal.file.as_deref(), Some(subject.name.as_str()));
            refusal.detail
        }
        None => None,
        other => panic!("{other:?}"),
    }
}

/// The file with the first `what` replaced, in plain or in digits.
fn changed(bytes: &[u8], what: &[u8], to: &[u8]) -> Vec<u8> {
    let hex = |bytes: &[u8]| crate::digest::to_hex(bytes).to_uppercase().into_bytes();
    let (at, to) = match find(bytes, what) {
        Some(at) => (at, to.to_vec()),
        None => (find(bytes, &hex(what)).unwrap(), hex(to)),
    };
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(&to);
    bytes
}

#[test]
fn what_is_broken_is_said_with_the_field() {
    let sound = file("signed/pyhanko-b-t-eseal-p384");
    assert_eq!(fault(sound.clone()), None);
    let start = find(&sound, b"/Contents <").unwrap() + 11;
    let contents: Vec<u8> = sound[start..].iter().copied().take_while(|byte| *byte != b'>').collect();
    let (cms, _) = SignedData::parse(&crate::digest::from_hex(&contents).unwrap(), &Limits::default()).unwrap();
    let signer = &cms.signers()[0];
    let value = signer.value();
    let other_value = [&value[..value.len() - 1], &[value[value.len() - 1] ^ 1]].concat();
    let certificate = signer.certificate().unwrap().as_der();
    let last = certificate.len() - 1;
    let other_certificate = [&certificate[..last], &[certificate[last] ^ 1]].concat();
    let token = signer.time_stamps()[0].as_slice();
    let time = find(token, b"\x18\x17").or(find(token, b"\x18\x16")).or(find(token, b"\x18\x0f")).unwrap() + 2;
    let mut other_token = token.to_vec();
    other_token[time + 3] ^= 1;

    let cases: [(&[u8], &[u8], &str); 7] = [
        (b"Sample text", b"Sample test", "the signed digest is not the document's"),
        (b"/ByteRange [0 ", b"/ByteRange [1 ", "its ByteRange is not one around its Contents"),
        (b" 1029]", b" 1000]", "it covers neither the whole document nor one of its revisions"),
        (b"/Contents <3082", b"/Contents <3182", "its Contents can't be read"),
        (value, &other_value, "its value does not verify"),
        (certificate, &other_certificate, "it names another certificate"),
        (token, &other_token, "a time-stamp in it does not fit"),
    ];
    for (what, to, detail) in cases {
        assert_eq!(fault(changed(&sound, what, to)), Some(detail));
    }
    // One of another kind may be sound.
    let other = changed(&sound, b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached");
    let extension = Extension::open(&open(other), &[]).unwrap();
    assert_eq!(extension.subjects()[0].fault.as_ref().map(Error::code), Some(ErrorCode::SignatureKind));
}

#[test]
fn a_document_time_stamp_that_does_not_fit_is_none() {
    let sound = file("signed/dss-b-lta-eseal-p384");
    let document = open(sound.clone());
    assert_eq!(kinds(&Extension::open(&document, &[]).unwrap()), [[StampKind::Signature, StampKind::Archive]]);
    // A byte of the revision that the DSS is in, behind the signature.
    let at = sound.windows(6).rposition(|window| window == b"/Certs").unwrap();
    let from = find(&sound[at..], b"[").unwrap() + at;
    let mut bytes = sound;
    assert_eq!(bytes[from + 1..].iter().position(|byte| *byte == b']').map(|_| ()), Some(()));
    let gap = bytes[from..].iter().position(|byte| *byte == b' ').unwrap() + from;
    bytes[gap] = b'\n';
    let extension = Extension::open(&open(bytes), &[]).unwrap();
    assert_eq!(kinds(&extension), [[StampKind::Signature]]);
    assert!(extension.subjects()[0].fault.is_none(), "the signature itself is untouched");
}

#[test]
fn what_nothing_is_appended_to_is_refused() {
    let code = |bytes: Vec<u8>, recovery| {
        let document = Document::open(&Source::from_bytes(bytes), &Limits::default(), recovery).unwrap();
        Extension::open(&document, &[]).map(|_| ()).unwrap_err().code()
    };
    assert_eq!(code(file("xfa"), Recovery::Refuse), ErrorCode::PdfXfa);
    assert_eq!(code(file("byte-range-beyond"), Recovery::Refuse), ErrorCode::PdfByteRange);
    let sound = file("signed/dss-b-b-eseal-p384");
    let junk = [&sound[..], b"\nmore\n"].concat();
    assert_eq!(code(junk, Recovery::Rebuild), ErrorCode::PdfRecoverSigned);
    let broken = changed(&sound, b"startxref\n20323", b"startxref\n20303");
    assert_eq!(code(broken, Recovery::Rebuild), ErrorCode::PdfRecoverSigned);
}
