//! Many signatures, one hole; many fields, one more.

use super::*;
use crate::pades::{field, inspect};
use crate::pdf::fields;

/// A document with `signatures` signatures in a hole of `digits` digits: of one dictionary, or of a dictionary each.
fn shared_hole(signatures: usize, digits: usize, of_one: bool) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    let mut object = |bytes: &mut Vec<u8>, number: usize, body: &str| {
        places.push((number, bytes.len()));
        bytes.extend(format!("{number} 0 obj\n{body}\nendobj\n").bytes());
    };
    let list: String = (0..signatures).map(|n| format!("{} 0 R ", 10 + n)).collect();
    object(&mut bytes, 1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields 4 0 R>>>>");
    object(&mut bytes, 2, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
    object(&mut bytes, 3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>");
    object(&mut bytes, 4, &format!("[{list}]"));
    object(&mut bytes, 5, &format!("<{}>", "3".repeat(digits)));
    let after = bytes.len() - "\nendobj\n".len();
    let range = format!("[0 {} {after} 8]", after - digits - 2);
    let dictionary = format!("<</Type/Sig/SubFilter/ETSI.CAdES.detached/ByteRange{range}/Contents 5 0 R>>");
    for n in 0..signatures {
        let value = if of_one { 6 } else { 1_000 + n };
        object(&mut bytes, 10 + n, &format!("<</FT/Sig/T(s{n})/V {value} 0 R>>"));
        if !of_one || n == 0 {
            object(&mut bytes, value, &dictionary);
        }
    }
    let section = bytes.len();
    bytes.extend(b"xref\n0 1\n0000000000 65535 f \n");
    for (number, offset) in places {
        bytes.extend(format!("{number} 1\n{offset:010} 00000 n \n").bytes());
    }
    bytes.extend(format!("trailer\n<</Size 2000/Root 1 0 R>>\nstartxref\n{section}\n%%EOF\n").bytes());
    bytes
}

#[test]
fn a_hole_that_signatures_share_is_held_once() {
    let limits = Limits { pdf_memory_bytes: 4 << 20, ..Limits::default() };
    for of_one in [true, false] {
        let source = Source::from_bytes(shared_hole(240, 1 << 20, of_one));
        let document = Document::open(&source, &limits, Recovery::Refuse).unwrap();
        let found = inspect(&document).unwrap();
        assert_eq!(found.signatures.len(), 240);
        assert!(found.signatures.iter().all(|signature| signature.byte_range.len() == 4));
        let small = Limits { pdf_memory_bytes: 1 << 20, ..Limits::default() };
        let document = Document::open(&source, &small, Recovery::Refuse).unwrap();
        assert_eq!(inspect(&document).unwrap_err().code(), crate::ErrorCode::LimitExceeded);
    }
}

#[test]
fn the_next_free_name_is_found_among_many() {
    let name = |names: &[&str]| {
        let mut text = String::from("%PDF-1.7\n");
        let mut places = Vec::new();
        let list: String = (0..names.len()).map(|n| format!("{} 0 R ", 10 + n)).collect();
        let mut objects = vec![
            (1, format!("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[{list}]>>>>")),
            (2, "<</Type/Pages/Kids[]/Count 0>>".to_owned()),
        ];
        objects.extend(names.iter().enumerate().map(|(n, name)| (10 + n, format!("<</FT/Tx/T({name})>>"))));
        for (number, body) in objects {
            places.push((number, text.len()));
            text += &format!("{number} 0 obj\n{body}\nendobj\n");
        }
        let section = text.len();
        text += "xref\n0 1\n0000000000 65535 f \n";
        places.iter().for_each(|(number, at)| text += &format!("{number} 1\n{at:010} 00000 n \n"));
        text += &format!("trailer\n<</Size 99000/Root 1 0 R>>\nstartxref\n{section}\n%%EOF\n");
        field::next_free(&fields(&open(text)).unwrap(), &[], "Signature")
    };
    assert_eq!(name(&[]), "Signature1");
    assert_eq!(name(&["Signature2", "Signature1.date", "Signature4"]), "Signature3");
    assert_eq!(name(&["Signature01", "Signature", "Signature1x", "Signature0", "signature1"]), "Signature1");
    assert_eq!(name(&["Signature1", "Signature1", "Signature99999999999", "Signature2."]), "Signature3");
    let many: Vec<String> = (1..=20_000).map(|n| format!("Signature{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(name(&many), "Signature20001");
}
