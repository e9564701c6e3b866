//! Odd documents as they are found in the field, `testdata/pdf/faults`: which are signed, and what is written behind them.

use eseal::{Coverage, Document, Error, ErrorCode, Limits, PdfInspection, Prepared, Recovery, Source};

use crate::key::{file, moment, plan, sign};

fn odd(name: &str) -> Vec<u8> {
    file(&format!("pdf/faults/{name}.pdf"))
}

fn prepare(bytes: &[u8], recovery: Recovery, field: Option<&str>) -> Result<Prepared, Error> {
    let document = Document::open_with(Source::from_bytes(bytes), &Limits::default(), recovery)?;
    let plan = field.map_or(plan("p256"), |field| plan("p256").field(field));
    document.prepare(&plan, moment(1))
}

fn finish(bytes: &[u8], prepared: Prepared) -> Vec<u8> {
    let value = sign(prepared.to_be_signed());
    let mut out = Vec::new();
    prepared.finalize(value).unwrap().output().write_to(&mut out).unwrap();
    assert!(out.starts_with(bytes), "no original byte is changed");
    out
}

fn signed(bytes: &[u8]) -> Vec<u8> {
    finish(bytes, prepare(bytes, Recovery::Refuse, None).unwrap())
}

fn recovered(bytes: &[u8]) -> Vec<u8> {
    finish(bytes, prepare(bytes, Recovery::Rebuild, None).unwrap())
}

fn code(bytes: &[u8], recovery: Recovery) -> ErrorCode {
    prepare(bytes, recovery, None).unwrap_err().code()
}

fn report(bytes: &[u8]) -> PdfInspection {
    let document = Document::open(Source::from_bytes(bytes), &Limits::default()).unwrap();
    document.inspect().unwrap().into_pdf().unwrap()
}

/// The name of the field whose signature covers all of it, and verifies.
fn covering(bytes: &[u8]) -> String {
    let report = report(bytes);
    let last = report.signatures.iter().find(|one| one.covers == Coverage::WholeFile).unwrap();
    assert_eq!((last.digest_matches, last.signature_verifies), (Some(true), Some(true)));
    last.field.clone()
}

/// What was appended, as text.
fn tail(bytes: &[u8], out: &[u8]) -> String {
    String::from_utf8_lossy(&out[bytes.len()..]).into_owned()
}

/// `from` replaced by `to` of the same length.
fn changed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    longer(bytes, from, to)
}

/// `from` replaced by `to`.
fn longer(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

#[test]
fn null_stands_for_nothing() {
    let fields = odd("fields-null-entry");
    let out = signed(&fields);
    assert_eq!(covering(&out), "Signature1");
    assert!(!tail(&fields, &out).contains("null"), "others want references alone in the array");
    // A value that leads nowhere leaves the field empty: it may be signed, and is no signature.
    let dangling = odd("sig-field-V-dangling");
    assert!(!report(&dangling).fields[0].signed);
    let out = finish(&dangling, prepare(&dangling, Recovery::Refuse, Some("s")).unwrap());
    assert_eq!((covering(&out).as_str(), report(&out).fields.len()), ("s", 1));
    // Number 7 is the first that nothing uses, but the value leads there.
    let next = changed(&dangling, "/V 88 0 R", "/V  7 0 R");
    assert_eq!((report(&next).fields[0].signed, covering(&signed(&next)).as_str()), (false, "Signature1"));
    assert!(!report(&signed(&next)).fields[0].signed, "what is new is not the value of what was there");
}

#[test]
fn a_new_field_is_not_named_as_a_widget_outside_the_form() {
    let stray = odd("sig-widget-only-in-annots-not-in-fields");
    assert_eq!(covering(&signed(&stray)), "Signature2");
    let taken = prepare(&stray, Recovery::Refuse, Some("Signature1")).unwrap_err();
    assert_eq!(taken.code(), ErrorCode::PdfFieldDuplicate);
    let (text, digits) =
        ("/FT /Sig /T (Signature1) /Rect [50 50 150 90]", "/FT/Sig/T<5369676e617475726531>/Rect[1 1 9 9]");
    let hexadecimal = changed(&stray, text, digits);
    assert_eq!(covering(&signed(&hexadecimal)), "Signature2");
    let below = changed(&stray, "/T (Signature1) ", "/T (Signature.1)");
    assert_eq!(covering(&signed(&below)), "Signature1");
}

#[test]
fn bytes_before_the_header_are_refused_with_their_number() {
    let bytes = odd("bytes-before-header");
    for recovery in [Recovery::Refuse, Recovery::Rebuild] {
        let error = prepare(&bytes, recovery, None).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PdfHeader);
        assert!(error.to_string().contains("3 found; cut them off, as `tail -c +4` does"), "{error}");
    }
    assert_eq!(covering(&signed(&bytes[3..])), "Signature1");
}

#[test]
fn the_number_of_a_stream_that_does_not_list_itself_is_not_used_again() {
    let bytes = odd("xref-stream-does-not-list-itself");
    let once = signed(&bytes);
    let twice = signed(&once);
    for tail in [tail(&bytes, &once), tail(&once, &twice)] {
        assert!(!tail.contains("\n7 0 obj"), "7 is the stream's own number");
    }
    assert_eq!((covering(&once).as_str(), covering(&twice).as_str()), ("Signature1", "Signature2"));
}

#[test]
fn harmless_tables_get_a_complete_section_where_nothing_is_signed() {
    for (name, last) in [("xref-19-byte-entries", 5), ("xref-fragmented-first-revision", 9)] {
        let bytes = odd(name);
        let out = signed(&bytes);
        let update = tail(&bytes, &out);
        let (numbers, trailer) = (format!("xref\n0 {}\n", last + 4), update.rsplit_once("trailer").unwrap().1);
        assert!(update.contains(&numbers) && !trailer.contains("/Prev"), "{name}: {update}");
        assert_eq!(covering(&out), "Signature1");
        // Signed, it gets ordinary updates.
        let again = signed(&out);
        let update = tail(&out, &again);
        assert!(update.contains("/Prev") && covering(&again) == "Signature2", "{name}");
        // The same with `--recover`: nothing has to be found by scanning.
        assert_eq!(recovered(&bytes), out, "{name}");
    }
    // Where something is signed, though no form leads to it, or escaped, the update is an ordinary one.
    for key in ["/ByteRange", "/By#74eRange", "/#42yteRang#65", "/#42#79#74#65#52#61#6e#67#65"] {
        let bytes = odd("xref-fragmented-first-revision");
        let moved = [&bytes[..bytes.len() - 1], format!("\n%{key}\n").as_bytes()].concat();
        assert_eq!(code(&moved, Recovery::Refuse), ErrorCode::PdfTail);
        assert_eq!(code(&moved, Recovery::Rebuild), ErrorCode::PdfRecoverSigned, "{key}");
        let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>";
        let with_key = format!("{:54}", format!("<</A({key})/Subtype/Type1>>"));
        let inside = changed(&bytes, font, &with_key);
        assert!(tail(&inside, &signed(&inside)).contains("/Prev"), "{key}");
    }
}

#[test]
fn broken_tables_are_refused_and_rebuilt_when_asked() {
    let first = odd("xref-subsection-starts-at-1");
    let sound = changed(&first, "1 6\n", "0 6\n");
    assert_eq!(covering(&signed(&sound)), "Signature1");
    // All lines of a table end otherwise.
    let ends = |bytes: &[u8], from: &str, to: &str| {
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let text =
            text.replace(&format!(" n{from}"), &format!(" n{to}")).replace(&format!(" f{from}"), &format!(" f{to}"));
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>()
    };
    let cases = [
        ("a first subsection from 1", first),
        ("Prev 0", longer(&sound, "/Size 6 ", "/Size 6/Prev 0 ")),
        ("Size too small", changed(&sound, "/Size 6", "/Size 5")),
        ("tabs", ends(&sound, " \n", "\t\n")),
        ("NUL", ends(&sound, " \n", "\0\n")),
        ("tabs alone", ends(&odd("xref-19-byte-entries"), "\n0", "\t0")),
    ];
    for (what, bytes) in cases {
        assert_eq!(code(&bytes, Recovery::Refuse), ErrorCode::PdfXref, "{what}");
        assert!(report(&bytes).remarks.iter().any(|remark| remark.contains("malformed cross-reference")), "{what}");
        let out = recovered(&bytes);
        let update = tail(&bytes, &out);
        assert!(!update.contains("/Prev") && covering(&out) == "Signature1", "{what}");
        // What was rebuilt needs no leave any more.
        assert_eq!(covering(&signed(&out)), "Signature2", "{what}");
    }
}

#[test]
fn escaped_keys_count_as_what_they_mean() {
    let bytes = file("pdf/minimal-signed.pdf");
    let contents = changed(&bytes, "  /Contents <", "/#43ontents <");
    let range = changed(&bytes, "/ByteRange [0 881 2931 285]  ", "/By#74eRange [0 881 2931 285]");
    let kind = changed(&bytes, "/Type /Sig /Filter /Adobe.PPKLite", "/#54ype/Sig/Filter/Adobe.PPKLite ");
    for bytes in [contents, range, kind] {
        let report = report(&bytes);
        let found = &report.signatures[0];
        // The bytes are others now, so the digest is; all else is found.
        assert_eq!((found.covers, found.digest_matches), (Coverage::WholeFile, Some(false)));
        assert_eq!((found.signature_verifies, report.fields[0].signed), (Some(true), true));
        assert_eq!(covering(&signed(&bytes)), "Signature2");
    }
}

#[test]
fn what_a_hybrid_hides_is_signed_and_shown_to_both_readers() {
    // Readers that know no streams find neither form nor annotations; these hang their signature there.
    for (name, shown) in [
        ("word-hybrid", vec![]),
        ("hybrid-hidden-form", vec!["6 0 obj"]),
        ("hybrid-hidden-annotations", vec!["6 0 obj"]),
        ("hybrid-hidden-field", vec!["6 0 obj", "8 0 obj", "9 0 obj"]),
        ("hybrid-stream-named-again", vec!["6 0 obj"]),
    ] {
        let bytes = odd(name);
        let out = signed(&bytes);
        let update = tail(&bytes, &out);
        assert!(shown.iter().all(|object| update.contains(&format!("\n{object}\n"))), "{name}: {update}");
        let (_, section) = update.rsplit_once("\nxref\n").expect("a table speaks to both");
        assert!(!section.contains("XRefStm") && section.contains("/Prev"), "{name}");
        assert_eq!((covering(&out).as_str(), covering(&signed(&out)).as_str()), ("Signature1", "Signature2"), "{name}");
        assert_eq!(recovered(&bytes), out, "{name}");
    }
    // The field that is signed was hidden, with its widget and all that leads to it.
    let bytes = odd("hybrid-hidden-field");
    let out = finish(&bytes, prepare(&bytes, Recovery::Refuse, Some("s")).unwrap());
    let update = tail(&bytes, &out);
    for object in ["6 0 obj", "7 0 obj", "8 0 obj", "9 0 obj"] {
        assert!(update.contains(&format!("\n{object}\n")), "{object}: {update}");
    }
    assert_eq!(covering(&out), "s");
}

#[test]
fn a_hybrid_of_two_documents_is_refused_with_the_object_that_differs() {
    for (name, object) in [("hybrid-two-contents", 4), ("hybrid-stream-named-too-late", 7)] {
        for recovery in [Recovery::Refuse, Recovery::Rebuild] {
            let error = prepare(&odd(name), recovery, None).unwrap_err();
            let Error::Malformed(fault) = error else { panic!("{name}: {error}") };
            assert_eq!((fault.code, fault.object), (ErrorCode::PdfHybrid, Some(object)), "{name}");
        }
    }
}
