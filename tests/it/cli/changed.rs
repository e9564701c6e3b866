//! PDFs that were changed after they were signed: what `eseal inspect` says of them.

use serde_json::{Value, json};

use super::Bench;

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";

/// What is said of the document `bytes`.
fn inspect(bytes: &[u8]) -> Value {
    let bench = Bench::new();
    bench.write("x.pdf", bytes);
    bench.run("inspect x.pdf --json").ends(0).lines("inspect").remove(0)
}

fn sample(name: &str) -> Vec<u8> {
    let bench = Bench::new();
    bench.sample("x.pdf", name);
    bench.read("x.pdf")
}

/// A document with one signature, in object 6 and the field 7 of the form 8; its page is 3, what that shows 4, its font 5.
fn sound() -> Vec<u8> {
    sample("changed/sound.pdf")
}

/// A sample, sealed by this command.
fn sealed(name: &str, options: &str) -> Vec<u8> {
    let bench = Bench::new();
    bench.sample("x.pdf", name);
    bench.run(&format!("seal x.pdf --in-place {KEY} {options}")).ends(0);
    bench.read("x.pdf")
}

/// The document with objects and a table behind it, and `trailer` in the trailer.
fn updated(bytes: &[u8], objects: &[(u32, &str)], trailer: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let previous = text.rsplit("startxref").next().unwrap().split_whitespace().next().unwrap().to_owned();
    let mut out = bytes.to_vec();
    let mut table = String::new();
    for (number, body) in objects {
        table += &format!("{number} 1\n{:010} 00000 n \n", out.len());
        out.extend(format!("{number} 0 obj\n{body}\nendobj\n").bytes());
    }
    let section = out.len();
    out.extend(format!("xref\n{table}trailer\n<< /Size 99 /Root 1 0 R /Prev {previous}{trailer} >>\n").bytes());
    out.extend(format!("startxref\n{section}\n%%EOF\n").bytes());
    out
}

/// What is said of the first signature of the document with these objects behind it.
fn first(bytes: &[u8], objects: &[(u32, &str)], trailer: &str) -> Value {
    inspect(&updated(bytes, objects, trailer))["signatures"][0].clone()
}

fn remarks(signature: &Value) -> Vec<&str> {
    signature["remarks"].as_array().unwrap().iter().map(|remark| remark.as_str().unwrap()).collect()
}

#[test]
fn facts_come_from_the_revision_that_was_signed() {
    for (name, remark, after) in [
        (
            "dictionary-replaced",
            "its dictionary is not the one that was signed: now M \"D:20011130092544Z\"",
            "signature dictionary of \"Signature1\" changed",
        ),
        (
            "field-cloned",
            "the one in \"CEO\" is not the one that was signed: now M \"D:20011130092544Z\"",
            "field \"CEO\" with an earlier signature",
        ),
        ("value-in-two-fields", "the field \"CEO\" shows it, too", "field \"CEO\" with an earlier signature"),
    ] {
        let found = inspect(&sample(&format!("changed/{name}.pdf")));
        assert_eq!(found["signatures"].as_array().unwrap().len(), 1, "{name}: it is one signature");
        let signature = &found["signatures"][0];
        assert_eq!(
            (&signature["field"], &signature["signed_at"]),
            (&json!("Signature1"), &json!("2026-11-30T09:25:44Z"))
        );
        assert_eq!((&signature["covers"], &found["fits"]), (&json!("revision 2 of 3"), &json!(true)));
        assert!(remarks(signature).contains(&remark), "{name}: {signature}");
        assert_eq!(signature["after"]["text"], after, "{name}");
        assert_eq!(signature["after"]["kind"], "content");
    }
    let bench = Bench::new();
    bench.sample("x.pdf", "changed/dictionary-replaced.pdf");
    let text = bench.run("inspect x.pdf").ends(0);
    assert!(text.text().contains("2026-11-30T09:25:44Z; after it: signature dictionary of"), "{}", text.text());
}

#[test]
fn whatever_is_put_in_the_place_of_a_signature() {
    let sound = sound();
    let text = String::from_utf8_lossy(&sound);
    let (range, digits) =
        ("/ByteRange [0 1085 11327 456]", text[text.find("/Contents <").unwrap() + 11..].split('>').next().unwrap());
    let dictionary = |more: &str, range: &str, digits: &str| {
        format!(
            "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached {more} {range} /Contents <{digits}> >>"
        )
    };
    let m = "/M (D:20261130092544Z)";
    for (body, said) in [
        (
            dictionary(&format!("{m} /Reason (Approved) /Name (The Minister)"), range, digits),
            "now Name \"The Minister\", Reason \"Approved\"",
        ),
        (dictionary(&format!("{m} /ContactInfo (x)"), range, digits), "now ContactInfo \"x\""),
        (
            dictionary(m, range, digits).replace("ETSI.CAdES.detached", "adbe.pkcs7.detached"),
            "now SubFilter \"adbe.pkcs7.detached\"",
        ),
        (dictionary(m, range, "3003020101"), "now another Contents"),
        (dictionary(m, range, &digits.replacen("3082", "3083", 1)), "now another Contents"),
        (
            "<< /Type /Sig /M (D:20261130092544Z) /ByteRange [0 1085 11327 456] >>".to_owned(),
            "now no Contents, no Filter, no SubFilter",
        ),
    ] {
        let signature = first(&sound, &[(6, &body)], "");
        assert_eq!(
            (&signature["field"], &signature["signed_at"]),
            (&json!("Signature1"), &json!("2026-11-30T09:25:44Z"))
        );
        assert_eq!((&signature["reason"], &signature["name"]), (&Value::Null, &Value::Null));
        assert_eq!(
            (&signature["digest_matches"], &signature["signature_verifies"]),
            (&json!(true), &json!(true)),
            "{said}"
        );
        assert_eq!(signature["sub_filter"], "ETSI.CAdES.detached");
        let remark = format!("its dictionary is not the one that was signed: {said}");
        assert!(remarks(&signature).contains(&remark.as_str()), "{said}: {signature}");
    }
    // Another range altogether: then the field shows something else, and what was signed is shown by nobody.
    let found = inspect(&updated(&sound, &[(6, &dictionary(m, "/ByteRange [0 9 99 99]", digits))], ""));
    let signatures = found["signatures"].as_array().unwrap();
    assert_eq!((signatures.len(), &found["fits"]), (2, &Value::Null), "{found}");
    assert_eq!((&signatures[0]["covers"], &signatures[0]["digest_matches"]), (&json!("odd"), &Value::Null));
    assert_eq!((&signatures[1]["covers"], &signatures[1]["digest_matches"]), (&json!("revision 2 of 3"), &json!(true)));
    assert!(remarks(&signatures[1]).contains(&"no field shows it any more"));
}

#[test]
fn a_signature_is_found_where_its_field_is_gone_or_called_otherwise() {
    let sound = sound();
    let field = "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Other) /F 132 /Rect [0 0 0 0] /P 3 0 R /V 6 0 R >>";
    for (objects, remark, after) in [
        (vec![(7, field)], "its field is called \"Other\" now", "field \"Signature1\" is called \"Other\""),
        (vec![(8, "<< /Fields [] >>")], "no field shows it any more", "signed field \"Signature1\" removed"),
        (
            vec![(1, "<< /Type /Catalog /Pages 2 0 R >>")],
            "no field shows it any more",
            "signed field \"Signature1\" removed",
        ),
        (
            vec![(7, "<< /FT /Sig /T (Signature1) >>")],
            "no field shows it any more",
            "signature of \"Signature1\" removed",
        ),
        (
            vec![(20, "<< /FT /Sig /T (Moved) /V 6 0 R >>"), (8, "<< /Fields [20 0 R] >>")],
            "its own field does not show it any more",
            "field \"Moved\" with an earlier signature",
        ),
    ] {
        let signature = first(&sound, &objects, "");
        assert_eq!(
            (&signature["field"], &signature["digest_matches"]),
            (&json!("Signature1"), &json!(true)),
            "{remark}"
        );
        assert!(remarks(&signature).contains(&remark), "{remark}: {signature}");
        assert!(signature["after"]["text"].as_str().unwrap().contains(after), "{after}: {signature}");
    }
    // Cross-references that lead back to before the signature.
    let back = [sound.as_slice(), b"startxref\n414\n%%EOF\n"].concat();
    let found = inspect(&back);
    assert_eq!(found["signatures"][0]["digest_matches"], true, "{found}");
    assert!(remarks(&found["signatures"][0]).contains(&"no field shows it any more"));
    assert!(remarks(&found["signatures"][0]).contains(&"20 bytes behind it belong to nobody"), "{found}");
}

#[test]
fn bytes_that_belong_to_nobody() {
    let sound = sound();
    let of = |bytes: &[u8]| {
        let found = inspect(bytes);
        let signature = &found["signatures"][0];
        assert_eq!(signature["covers"], "revision 2 of 2", "{found}");
        let bytes = signature["after"]["unowned_bytes"].as_u64().unwrap();
        let words = if bytes == 1 {
            "1 byte behind it belongs to nobody".to_owned()
        } else {
            format!("{bytes} bytes behind it belong to nobody")
        };
        assert!(remarks(signature).contains(&words.as_str()), "{found}");
        bytes
    };
    assert_eq!(of(&sample("changed/trailer-appended.pdf")), 48);
    assert_eq!(of(&sample("changed/objects-appended.pdf")), 180);
    for (tail, bytes) in [("\n", 1), (" \n\n", 3), ("% a comment\n", 12), ("junk", 4), ("9 0 obj\n<< >>\nendobj\n", 21)]
    {
        assert_eq!(of(&[sound.as_slice(), tail.as_bytes()].concat()), bytes, "{tail:?}");
    }
    let text = Bench::new();
    text.sample("x.pdf", "changed/trailer-appended.pdf");
    assert!(text.run("inspect x.pdf").ends(0).text().contains("48 bytes behind it belong to nobody"));
    // Between the signature and an update that is one.
    let store = [(1, "<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R /DSS << /Certs [] >> >>")];
    let hidden = updated(&[sound.as_slice(), b"\n4 0 obj\n<< >>\nendobj\n"].concat(), &store, "");
    let signature = inspect(&hidden)["signatures"][0].clone();
    assert_eq!(signature["after"]["unowned_bytes"], 20, "{signature}");
    let honest = inspect(&updated(&[sound.as_slice(), b"\r\n\n"].concat(), &store, ""))["signatures"][0].clone();
    assert_eq!((&honest["after"]["unowned_bytes"], &honest["remarks"]), (&json!(0), &json!([])), "{honest}");
    // Signing is as strict as ever.
    let bench = Bench::new();
    bench.write("x.pdf", &[sound.as_slice(), b"junk"].concat());
    assert_eq!(bench.run(&format!("seal x.pdf {KEY} --json")).ends(1).codes("finalize")["x.pdf"], "pdf.tail");
    bench.write("x.pdf", &[sample("broken-xref.pdf").as_slice(), b"junk"].concat());
    assert_eq!(bench.run("inspect x.pdf --json").ends(1).codes("inspect")["x.pdf"], "pdf.tail");
}

#[test]
fn content_that_came_later_is_said() {
    let bench = Bench::new();
    bench.sample("x.pdf", "changed/content-after-lt.pdf");
    let text = bench.run("inspect x.pdf").ends(0);
    assert!(text.text().contains("; after it: page 1 changed; trust not checked"), "{}", text.text());
    let signature = inspect(&sample("changed/content-after-lt.pdf"))["signatures"][0].clone();
    assert_eq!((&signature["level_claimed"], &signature["after"]["kind"]), (&json!("B-LT"), &json!("content")));
    assert!(remarks(&signature).contains(&"after it: page 1 changed (Contents; object 3)"), "{signature}");
}

#[test]
fn each_kind_of_change_is_told_for_what_it_is() {
    let sound = sound();
    let page = |more: &str| {
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> {more} >>"
        )
    };
    let catalog = |more: &str| {
        format!(
            "<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R /Extensions << /ESIC << /Type /DeveloperExtensions /BaseVersion /1.7 /ExtensionLevel 1 >> >> {more} >>"
        )
    };
    let note = "<< /Type /Annot /Subtype /FreeText /Rect [0 0 99 99] /Contents (0) >>";
    let stream = "<< /Length 3 >>\nstream\nBT \nendstream";
    let same = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";
    let certificate = (20, stream);
    for (objects, trailer, text, kind) in [
        (
            vec![(3, page("/Annots [7 0 R 20 0 R]")), (20, note.to_owned())],
            "",
            "annotation added on page 1",
            "annotation",
        ),
        (vec![(3, page(""))], "", "annotation removed from page 1", "annotation"),
        (vec![(4, stream.to_owned())], "", "page 1 changed", "content"),
        (vec![(5, same.replace("Helvetica", "Courier"))], "", "page 1 changed", "content"),
        (vec![(3, page("/Annots [7 0 R]").replace("300", "150"))], "", "page 1 changed", "content"),
        (
            vec![(2, "<< /Type /Pages /Kids [3 0 R 20 0 R] /Count 2 >>".into()), (20, page(""))],
            "",
            "page 2 added",
            "content",
        ),
        (
            vec![(2, "<< /Type /Pages /Kids [20 0 R] /Count 1 >>".into()), (20, page(""))],
            "",
            "page 1 removed, page 1 added",
            "content",
        ),
        (
            vec![(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 /Rotate 90 >>".into())],
            "",
            "what pages inherit changed",
            "content",
        ),
        (
            vec![(1, catalog("/OCProperties << /OCGs [] /D << >> >>"))],
            "",
            "catalog entry OCProperties added",
            "content",
        ),
        (vec![(1, catalog("/OpenAction [3 0 R /Fit]"))], "", "catalog entry OpenAction added", "content"),
        (vec![(20, "<< /Title (x) >>".into())], " /Info 20 0 R", "metadata only", "metadata"),
        (vec![(1, catalog("/Metadata 20 0 R")), (20, stream.into())], "", "metadata only", "metadata"),
        (vec![(1, catalog("/DSS << /Certs [20 0 R] >>")), (20, stream.into())], "", "evidence only", "evidence"),
        (
            vec![(1, catalog("/DSS << /Certs [20 0 R] >>")), (20, stream.into()), (4, stream.into())],
            "",
            "page 1 changed",
            "content",
        ),
        (
            vec![(1, catalog("/DSS << /Certs [20 0 R] >>")), (20, stream.into()), (21, "<< >>".into())],
            " /Info 21 0 R",
            "evidence and metadata only",
            "metadata",
        ),
        (
            vec![(1, catalog("/DSS << /Certs [20 0 R] /Evil 4 0 R >>")), (20, stream.into())],
            "",
            "catalog entry DSS added",
            "content",
        ),
        (
            vec![(8, "<< /Fields [7 0 R] /SigFlags 3 /NeedAppearances true >>".into())],
            "",
            "form entry NeedAppearances changed",
            "form",
        ),
        (
            vec![(8, "<< /Fields [7 0 R] /SigFlags 3 /XFA 20 0 R >>".into()), (20, stream.into())],
            "",
            "XFA form changed",
            "content",
        ),
        (
            vec![(8, "<< /Fields [7 0 R 20 0 R] /SigFlags 3 >>".into()), (20, "<< /FT /Tx /T (Text) /V (x) >>".into())],
            "",
            "form field \"Text\" added",
            "form",
        ),
        (
            vec![(8, "<< /Fields [7 0 R 20 0 R] /SigFlags 3 >>".into()), (20, "<< /FT /Sig /T (Next) >>".into())],
            "",
            "an empty signature field",
            "signature",
        ),
        (vec![(20, stream.into())], "", "nothing that is used", "unused"),
    ] {
        let objects: Vec<(u32, &str)> = objects.iter().map(|(number, body)| (*number, body.as_str())).collect();
        let signature = first(&sound, &objects, trailer);
        assert_eq!(signature["after"]["text"], text, "{signature}");
        let kinds = signature["after"]["changes"].as_array().unwrap();
        assert_eq!(kinds[0]["kind"], signature["after"]["kind"]);
        assert_eq!(signature["after"]["kind"], kind, "{signature}");
        assert_eq!((&signature["digest_matches"], &signature["signature_verifies"]), (&json!(true), &json!(true)));
        assert_eq!(signature["after"]["unowned_bytes"], 0, "{text}: {signature}");
    }
    // What means the same is no change.
    let signature = first(&sound, &[(5, same), certificate], "");
    assert_eq!(signature["after"]["text"], "nothing that is used", "{signature}");
    assert_eq!(first(&sound, &[(5, same)], "")["after"]["text"], Value::Null);
    // Changed and changed back is nothing; changed again behind another signature is.
    let there = updated(&sound, &[(4, stream)], "");
    let back = "<< /Length 47 >>\nstream\nBT /F1 18 Tf 20 100 Td (I owe you 10 EUR) Tj ET\nendstream";
    assert_eq!(first(&there, &[(4, back)], "")["after"]["text"], Value::Null);
}

#[test]
fn other_signatures_and_values_of_the_form() {
    let once = sealed("demo/application.pdf", "");
    let text = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (Name) /V (Nobody) /F 4 /P 6 0 R /Rect [72 690 523 710] /DA (/R 10 Tf 0 g) /AP << /N 14 0 R >> >>";
    let drawn = "<< /Length 3 /Type /XObject /Subtype /Form /BBox [0 0 451 20] >>\nstream\nBT \nendstream";
    for objects in [vec![(9, text)], vec![(14, drawn)], vec![(9, text), (14, drawn)]] {
        let signature = first(&once, &objects, "");
        assert_eq!(
            (&signature["after"]["text"], &signature["after"]["kind"]),
            (&json!("form values"), &json!("form")),
            "{signature}"
        );
    }
    let moved = text.replace("Nobody", "Ilse Karlsen").replace("690", "600");
    assert_eq!(first(&once, &[(9, &moved)], "")["after"]["text"], "form field \"Name\" changed");
    // A page's resources, which others share.
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>";
    assert!(first(&once, &[(4, font)], "")["after"]["text"].as_str().unwrap().contains("page 1 changed"));
    let bench = Bench::new();
    bench.write("x.pdf", &once);
    bench.run(&format!("seal x.pdf --in-place {KEY} --field Applicant")).ends(0);
    let found = inspect(&bench.read("x.pdf"));
    let by_field =
        |name: &str| found["signatures"].as_array().unwrap().iter().find(|one| one["field"] == name).unwrap().clone();
    assert_eq!(
        (&by_field("Signature1")["after"]["text"], &by_field("Applicant")["after"]),
        (&json!("another signature"), &Value::Null)
    );
    // What comes behind the second one came behind the first one, too.
    let found = inspect(&updated(&bench.read("x.pdf"), &[(9, text)], ""));
    let after: Vec<&str> =
        found["signatures"].as_array().unwrap().iter().map(|one| one["after"]["text"].as_str().unwrap()).collect();
    assert!(after.contains(&"form values") && after.contains(&"form values, another signature"), "{after:?}");
}

#[test]
fn a_signature_that_refers_to_the_catalog_is_not_all_of_the_document() {
    // Under a lock, by pyHanko; 12 is what describes the document.
    let stream = "<< /Type /Metadata /Subtype /XML /Length 3 >>\nstream\nxml\nendstream";
    let signature = first(&sample("fieldmdp-all.pdf"), &[(12, stream)], "");
    assert_eq!(
        (&signature["after"]["text"], &signature["after"]["kind"]),
        (&json!("metadata only"), &json!("metadata"))
    );
}

#[test]
fn what_is_used_elsewhere_is_told_for_that() {
    // The appearance of a field is an entry of the catalog, too.
    let catalog = "<< /Type /Catalog /Pages 2 0 R /Lang (en) /AcroForm 8 0 R /Other [14 0 R] /Extensions 20 0 R >>";
    let bench = Bench::new();
    bench.write("x.pdf", &updated(&sample("demo/application.pdf"), &[(1, catalog), (20, "<< >>")], ""));
    bench.run(&format!("seal x.pdf --in-place {KEY}")).ends(0);
    let drawn = "<< /Length 3 /Type /XObject /Subtype /Form /BBox [0 0 451 20] >>\nstream\nBT \nendstream";
    let signature = first(&bench.read("x.pdf"), &[(14, drawn)], "");
    assert_eq!(signature["after"]["text"], "catalog entry Other changed, form values", "{signature}");
    // What the catalog says of extensions is for those who read signatures.
    let signature = first(&bench.read("x.pdf"), &[(20, "<< /A << /BaseVersion /1.7 >> >>")], "");
    assert_eq!(signature["after"]["text"], "evidence only", "{signature}");
}

#[test]
fn a_document_time_stamp_is_evidence_only_where_it_fits() {
    let sound = sound();
    let form = "<< /Fields [7 0 R 20 0 R] /SigFlags 3 >>";
    let field = "<< /FT /Sig /T (Stamp) /V 21 0 R >>";
    let stamp = "<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /ByteRange [0 12000 13000 9999] /Contents <3000> >>";
    let signature = first(&sound, &[(8, form), (20, field), (21, stamp)], "");
    assert_eq!(signature["after"]["text"], "another signature", "{signature}");
}

#[test]
fn evidence_of_other_makers_is_evidence() {
    for name in ["pyhanko-b-lta-eseal-p384", "dss-b-lta-eseal-p384", "dss-b-lt-p256-xrefstream", "dss-b-lt-p256-hybrid"]
    {
        let found = inspect(&sample(&format!("signed/{name}.pdf")));
        for signature in found["signatures"].as_array().unwrap() {
            let after = &signature["after"];
            let is_last = signature["covers"] == "whole file";
            let is_harmless = after["kind"] == "evidence" || after["kind"] == "metadata";
            assert!(if is_last { *after == Value::Null } else { is_harmless }, "{name}: {signature}");
            assert!(is_last || after["unowned_bytes"] == 0, "{name}: {signature}");
        }
    }
}

#[test]
fn a_range_that_ends_inside_of_its_revision() {
    let sound = sound();
    let at = sound.windows(10).position(|window| window == b"11327 456]").unwrap();
    let mut short = sound;
    short[at + 6..at + 9].copy_from_slice(b"400");
    let found = inspect(&short);
    let signature = &found["signatures"][0];
    assert_eq!((&signature["covers"], &signature["digest_matches"]), (&json!("odd"), &json!(false)), "{found}");
    assert!(
        remarks(signature).iter().any(|one| one.contains("56 bytes of its own revision are not under it")),
        "{found}"
    );
}
