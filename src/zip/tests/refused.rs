//! What no sound ZIP has, each under its own code, and what is odd but lawful.

use super::build::*;
use super::*;

/// Two entries, one of each kind.
fn two() -> [Part; 2] {
    [Part::stored("one", b"first"), Part::deflated("two", &b"second ".repeat(20))]
}

fn zip() -> Zip {
    Zip::of(&two())
}

/// The first entry changed.
fn first(change: impl FnOnce(&mut Part)) -> Zip {
    let [one, two] = two();
    Zip::of(&[one.change(change), two])
}

#[track_caller]
fn refused(bytes: &[u8], code: ErrorCode) {
    assert_eq!(open(bytes).map(|archive| archive.remarks().to_vec()).unwrap_err().code(), code);
}

#[track_caller]
fn accepted(zip: &Zip) -> Vec<String> {
    let archive = open(&zip.bytes()).unwrap();
    for entry in archive.entries() {
        archive.for_each(entry, &mut |_| Ok(())).unwrap();
    }
    archive.remarks().to_vec()
}

#[test]
fn reads_a_sound_one() {
    assert!(accepted(&zip()).is_empty());
    let bytes = zip().ending(|end| end.comment = b"made by hand".into());
    let archive = open(&bytes).unwrap();
    assert_eq!(archive.comment(), b"made by hand");
    assert_eq!(content(&archive, "one"), b"first");
    assert!(archive.find("On").is_none() && archive.find("one ").is_none());
    assert!(open(&Zip::default().bytes()).unwrap().entries().is_empty());
}

#[test]
fn refuses_what_is_no_zip() {
    refused(b"", ErrorCode::ZipNotZip);
    refused(b"PK", ErrorCode::ZipNotZip);
    refused(b"%PDF-1.7 and so on, and so on", ErrorCode::ZipNotZip);
    let bytes = zip().bytes();
    refused(&bytes[..bytes.len() - 22], ErrorCode::ZipNotZip);
    refused(&bytes[..bytes.len() - 1], ErrorCode::ZipDirectory);
    let bytes = zip().ending(|end| end.comment = b"comment".into());
    refused(&bytes[..bytes.len() - 1], ErrorCode::ZipDirectory);
}

#[test]
fn refuses_bytes_before_and_after() {
    let bytes = zip().bytes();
    refused(&[b"#!/bin/sh\n", &bytes[..]].concat(), ErrorCode::ZipPrefix);
    refused(&[&bytes[..], b"\n"].concat(), ErrorCode::ZipTrailing);
    refused(&Zip { prefix: b"#!/bin/sh\n".into(), ..zip() }.bytes(), ErrorCode::ZipPrefix);
    refused(&Zip { prefix: b"x".into(), ..Zip::default() }.bytes(), ErrorCode::ZipPrefix);
    refused(&[b"x", &Zip::default().bytes()[..]].concat(), ErrorCode::ZipPrefix);
}

#[test]
fn refuses_a_second_end() {
    let end = &Zip::default().bytes();
    refused(&[&zip().bytes(), &end[..]].concat(), ErrorCode::ZipPrefix);
    // The first end record takes the second for its comment.
    refused(&zip().ending(|ending| ending.comment.clone_from(end)), ErrorCode::ZipTrailing);
    refused(&zip().ending(|ending| ending.comment = b"..PK\x05\x06..".into()), ErrorCode::ZipTrailing);
    refused(&zip().ending(|ending| ending.comment = b"PK\x05\x06".into()), ErrorCode::ZipTrailing);
    // One inside an entry is content.
    let inner = zip().bytes();
    assert!(accepted(&Zip::of(&[Part::stored("inner.zip", &inner)])).is_empty());
}

#[test]
fn a_zip_in_a_zip_does_not_speak_for_the_outer() {
    let inner = Zip::of(&[Part::stored("evil", b"inner")]).bytes();
    let archive = open(&Zip::of(&[Part::stored("a", &inner), Part::stored("b", &inner)]).bytes()).unwrap();
    assert_eq!(archive.entries().len(), 2);
    // The directory of the inner, claimed by the end record of the outer.
    let outer = Zip::of(&[Part::stored("a", &inner)]);
    let at = u32::try_from(30 + 1 + 30 + 4 + 5).unwrap();
    refused(&outer.ending(|end| end.offset = at), ErrorCode::ZipPrefix);
    refused(&outer.ending(|end| (end.offset, end.size) = (at, 46 + 4)), ErrorCode::ZipGap);
}

#[test]
fn refuses_a_directory_that_does_not_fit() {
    let changes: [fn(&mut Ending); 8] = [
        |end| end.count_here = 1,
        |end| end.count = 1,
        |end| (end.count, end.count_here) = (1, 1),
        |end| (end.count, end.count_here) = (3, 3),
        |end| (end.count, end.count_here) = (0, 0),
        |end| end.size += 1,
        |end| end.offset += 1,
        |end| end.offset = u32::MAX - 1,
    ];
    for change in changes {
        refused(&zip().ending(change), ErrorCode::ZipDirectory);
    }
    refused(&zip().ending(|end| end.size -= 1), ErrorCode::ZipGap);
    refused(&zip().ending(|end| end.offset -= 1), ErrorCode::ZipPrefix);
    refused(&zip().ending(|end| end.disks = (1, 0)), ErrorCode::ZipSpecial);
    refused(&zip().ending(|end| end.disks = (0, 1)), ErrorCode::ZipSpecial);
    refused(&first(|part| part.disk = 1).bytes(), ErrorCode::ZipSpecial);
    let mut bytes = zip().bytes();
    let at = bytes.windows(4).position(|window| window == CENTRAL).unwrap();
    bytes[at] = b'Q';
    refused(&bytes, ErrorCode::ZipDirectory);
}

#[test]
fn refuses_gaps_and_overlaps() {
    refused(&first(|part| part.after = b"x".into()).bytes(), ErrorCode::ZipGap);
    refused(&Zip { gap: b"x".into(), ..zip() }.bytes(), ErrorCode::ZipGap);
    // An entry that the directory leaves out.
    let mut hidden = zip();
    hidden.gap = Zip::of(&[Part::stored("hidden", b"x")]).bytes()[..37].to_vec();
    refused(&hidden.bytes(), ErrorCode::ZipGap);
    let same =
        Zip::of(&[Part::stored("a", b"first"), Part::stored("b", b"first").change(|part| part.header = Some(0))]);
    refused(&same.bytes(), ErrorCode::ZipOverlap);
    let longer = |head: &mut Head| (head.packed, head.size) = (40, 40);
    let [one, two] = two();
    refused(&Zip::of(&[one.clone().both(longer), two.clone()]).bytes(), ErrorCode::ZipOverlap);
    refused(&Zip::of(&[two, one.both(longer)]).bytes(), ErrorCode::ZipOverlap);
    refused(&first(|part| part.shift = 1).bytes(), ErrorCode::ZipPrefix);
    refused(
        &Zip::of(&[Part::stored("a", b""), Part::stored("b", b"").change(|part| part.shift = 1)]).bytes(),
        ErrorCode::ZipGap,
    );
    refused(
        &Zip::of(&[Part::stored("a", b""), Part::stored("b", b"").change(|part| part.header = Some(9_999))]).bytes(),
        ErrorCode::ZipHeader,
    );
    // Sixty thousand entries on one body, in small.
    let many: Vec<_> =
        (0..100).map(|n| Part::stored(&n.to_string(), b"x").change(|part| part.header = Some(0))).collect();
    refused(&Zip::of(&many).bytes(), ErrorCode::ZipOverlap);
}

#[test]
fn refuses_a_missing_local_header() {
    let mut bytes = zip().bytes();
    bytes[3] = 9;
    refused(&bytes, ErrorCode::ZipHeader);
    let part = Part::stored("a", b"").change(|part| part.local.name = vec![b'a'; 9]);
    refused(&Zip::of(&[part]).bytes(), ErrorCode::ZipMismatch);
}

#[test]
fn refuses_each_difference_between_local_header_and_directory() {
    let changes: &[fn(&mut Head)] = &[
        |head| head.name = b"onE".into(),
        |head| head.flags = 0,
        |head| head.flags |= 1 << 1,
        |head| head.flags |= 1,
        |head| head.flags |= FLAG_DESCRIPTOR,
        |head| head.method = METHOD_DEFLATED,
        |head| head.crc32 ^= 1,
        |head| head.crc32 = 0,
        |head| head.size += 1,
        |head| head.size = 0,
        |head| head.packed -= 1,
        |head| head.packed = 0,
    ];
    for change in changes {
        refused(&first(|part| change(&mut part.local)).bytes(), ErrorCode::ZipMismatch);
    }
    refused(&first(|part| part.local.name = b"on".into()).bytes(), ErrorCode::ZipMismatch);
    refused(&first(|part| (part.central.size, part.local.size) = (6, 6)).bytes(), ErrorCode::ZipMismatch);
}

#[test]
fn reads_each_form_of_descriptor_and_refuses_wrong_ones() {
    let narrow = |head: &Head| [head.crc32, head.packed, head.size].map(u32::to_le_bytes).concat();
    let broad = |head: &Head| [&head.crc32.to_le_bytes()[..], &wide(&[head.packed.into(), head.size.into()])].concat();
    let signed = |bytes: Vec<u8>| [&DESCRIPTOR[..], &bytes].concat();
    let part = || Part::deflated("two", &b"second ".repeat(20));
    let forms = [
        part().described(narrow),
        part().described(broad),
        part().described(|head| signed(narrow(head))),
        part().described(|head| signed(broad(head))),
        // The header tells them, too.
        part().described(narrow).change(|part| part.local = part.central.clone()),
        part().described(broad).change(|part| {
            (part.local.packed, part.local.size) = (NARROW, NARROW);
            part.local.extra = extra(EXTRA_ZIP64, &wide(&[0, 0]));
        }),
    ];
    for form in &forms {
        let zip = Zip::of(&[form.clone(), Part::stored("b", b"after")]);
        assert!(accepted(&zip).is_empty());
        let archive = open(&zip.bytes()).unwrap();
        let entry = &archive.entries()[0];
        assert!(entry.has_descriptor && entry.end - entry.data.end >= 12);
        for at in 0..form.after.len() {
            let zip = Zip::of(&[form.clone().change(|part| part.after[at] ^= 1), Part::stored("b", b"after")]);
            refused(&zip.bytes(), ErrorCode::ZipMismatch);
        }
        let with = |after: &[u8]| Zip::of(&[form.clone().change(|part| part.after = after.to_vec())]).bytes();
        refused(&with(&[]), ErrorCode::ZipMismatch);
        refused(
            &with(&form.after[1..]),
            if form.after.len() == 12 { ErrorCode::ZipMismatch } else { ErrorCode::ZipGap },
        );
        refused(&with(&[&form.after[..], b"x"].concat()), ErrorCode::ZipGap);
    }
    let changes: [fn(&mut Head); 3] = [|head| head.crc32 = 1, |head| head.packed = 1, |head| head.size = 1];
    for change in changes {
        refused(&Zip::of(&[forms[0].clone().change(|part| change(&mut part.local))]).bytes(), ErrorCode::ZipMismatch);
    }
}

#[test]
fn refuses_bad_extra_fields_and_other_names_in_them() {
    let path = |version: u8, of: &[u8], name: &[u8]| {
        extra(EXTRA_UNICODE_PATH, &[&[version][..], &crc32fast::hash(of).to_le_bytes(), name].concat())
    };
    for good in [extra(0x5455, b"\x01abcd"), extra(0xcafe, b""), path(1, b"one", b"one")] {
        assert!(accepted(&first(|part| part.local.extra.clone_from(&good))).is_empty());
        assert!(accepted(&first(|part| part.central.extra.clone_from(&good))).is_empty());
    }
    let twice = [extra(0x5455, b"\x01abcd"), extra(0xcafe, b""), extra(0x5455, b"")].concat();
    for bad in [
        b"\0".to_vec(),
        b"\0\0\0".to_vec(),
        b"UT\x05\0abc".to_vec(),
        twice,
        path(1, b"one", b"evil"),
        path(1, b"evil", b"one"),
        path(2, b"one", b"one"),
        extra(EXTRA_UNICODE_PATH, b""),
    ] {
        refused(&first(|part| part.local.extra.clone_from(&bad)).bytes(), ErrorCode::ZipExtra);
        refused(&first(|part| part.central.extra.clone_from(&bad)).bytes(), ErrorCode::ZipExtra);
    }
}

#[test]
fn refuses_names_that_lead_elsewhere() {
    for name in [&b"../a"[..], b"/a", b"a\\b", b"c:/a", b"a//b", b"", b"a\0", b"\xff", b"\xe2\x80\xaea", b"a//", b"/"] {
        let [one, two] = two();
        refused(&Zip::of(&[one.both(|head| head.name = name.into()), two]).bytes(), ErrorCode::ZipName);
    }
}

#[test]
fn refuses_names_that_are_the_same() {
    for name in ["two", "TWO", "two/x", "two/"] {
        let data: &[u8] = if name.ends_with('/') { b"" } else { b"x" };
        let [_, two] = two();
        refused(&Zip::of(&[Part::stored(name, data), two.clone()]).bytes(), ErrorCode::ZipDuplicate);
        refused(&Zip::of(&[two, Part::stored(name, data)]).bytes(), ErrorCode::ZipDuplicate);
    }
}

#[test]
fn refuses_encryption_and_other_methods() {
    for flag in [FLAG_ENCRYPTED, FLAG_STRONGLY_ENCRYPTED, FLAG_MASKED] {
        let [one, two] = two();
        refused(&Zip::of(&[one.both(|head| head.flags |= flag), two]).bytes(), ErrorCode::ZipEncrypted);
    }
    for method in [1, 6, 9, 12, 14, 93, 95, 99, u16::MAX] {
        let [one, two] = two();
        refused(&Zip::of(&[one, two.both(|head| head.method = method)]).bytes(), ErrorCode::ZipMethod);
    }
    refused(&Zip::of(&[two()[1].clone().both(|head| head.flags |= FLAG_PATCHED)]).bytes(), ErrorCode::ZipMethod);
}

#[test]
fn refuses_links_devices_and_folders_with_content() {
    for kind in [0o120_000_u32, 0o020_000, 0o060_000, 0o010_000, 0o140_000, 0o040_000] {
        refused(&first(|part| part.attributes = (kind | 0o644) << 16).bytes(), ErrorCode::ZipSpecial);
    }
    refused(&first(|part| part.attributes = 0x10).bytes(), ErrorCode::ZipSpecial);
    refused(&Zip::of(&[Part::stored("folder/", b"x")]).bytes(), ErrorCode::ZipSpecial);
    let hiding = Part::deflated("folder/", b"").change(|part| part.data.extend(b"hidden")).both(|head| head.packed = 8);
    refused(&Zip::of(&[hiding]).bytes(), ErrorCode::ZipSpecial);
    let file = first(|part| part.attributes = (0o100_644 << 16) | 0x20);
    assert!(accepted(&file).is_empty());
    let folder = Part::stored("folder/", b"").change(|part| part.attributes = (0o040_755 << 16) | 0x10);
    let folders = Zip::of(&[folder, Part::deflated("folder/sub/", b""), Part::stored("folder/a", b"")]);
    assert_eq!(accepted(&folders), ["folder entries: 2"]);
}

#[test]
fn remarks_on_what_is_odd() {
    let unmarked = |name: &[u8]| Part::stored("x", b"").both(|head| (head.name, head.flags) = (name.into(), 0));
    assert!(accepted(&Zip::of(&[unmarked(b"plain")])).is_empty());
    assert_eq!(
        accepted(&Zip::of(&[unmarked("ā".as_bytes()), unmarked("ē".as_bytes())])),
        ["names beyond ASCII without the UTF-8 flag: 2"]
    );
    assert_eq!(
        accepted(&Zip::of(&[unmarked(b"\x84.txt"), unmarked(b"\x85.txt")])),
        ["names that are no UTF-8, shown as a code page of DOS reads them: 2"]
    );
    let marked = |name: &[u8]| Part::stored("x", b"").both(|head| (head.name, head.flags) = (name.into(), 1 << 11));
    refused(&Zip::of(&[marked(b"\x84.txt")]).bytes(), ErrorCode::ZipName);
    refused(&Zip::of(&[unmarked(b"..\\\x84.txt")]).bytes(), ErrorCode::ZipName);
    refused(&Zip::of(&[unmarked(b"\x84.txt"), unmarked("ä.txt".as_bytes())]).bytes(), ErrorCode::ZipDuplicate);
    let flagged = two()[0].clone().both(|head| head.flags |= 1 << 15);
    assert_eq!(accepted(&Zip::of(&[flagged])), ["entries with flags of unknown meaning: 1"]);
    let [one, two] = two();
    let len = u32::try_from(30 + 3 + one.data.len()).unwrap();
    let mut turned = Zip::of(&[one.change(|part| part.header = Some(len)), two.change(|part| part.header = Some(0))]);
    let sound = zip().bytes();
    turned.parts.swap(0, 1);
    let mut bytes = sound[..sound.len() - 22 - 2 * 49].to_vec();
    turned.parts[0].header = Some(len);
    turned.parts[1].header = Some(0);
    let directory = turned.bytes();
    bytes.extend(&directory[directory.len() - 22 - 2 * 49..]);
    let archive = open(&bytes).unwrap();
    assert_eq!(archive.remarks(), ["the directory lists entries in another order than they stand in"]);
    assert_eq!(archive.entries()[1].name, "one");
    assert_eq!(content(&archive, "one"), b"first");
}

#[test]
fn keeps_its_limits() {
    type Set = fn(&mut Limits);
    let bytes = first(|part| part.local.extra = extra(0xcafe, &[0; 60])).ending(|end| end.comment = vec![b'c'; 70]);
    let cases: &[(&str, Set, Set)] = &[
        ("zip_entries", |limits| limits.zip_entries = 2, |limits| limits.zip_entries = 1),
        ("zip_name_bytes", |limits| limits.zip_name_bytes = 3, |limits| limits.zip_name_bytes = 2),
        ("zip_comment_bytes", |limits| limits.zip_comment_bytes = 70, |limits| limits.zip_comment_bytes = 69),
        ("zip_extra_bytes", |limits| limits.zip_extra_bytes = 64, |limits| limits.zip_extra_bytes = 63),
        ("zip_entry_bytes", |limits| limits.zip_entry_bytes = 140, |limits| limits.zip_entry_bytes = 139),
        ("zip_total_bytes", |limits| limits.zip_total_bytes = 145, |limits| limits.zip_total_bytes = 144),
    ];
    for (name, enough, too_little) in cases {
        let open = |set: &Set| {
            let mut limits = Limits::default();
            set(&mut limits);
            Archive::open(&Source::from_bytes(&bytes[..]), &limits).map(|_| ())
        };
        open(enough).unwrap();
        match open(too_little).unwrap_err() {
            crate::Error::LimitExceeded(limit) => assert_eq!(limit.name, *name),
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn small_entries_are_bounded_by_the_ratio_together() {
    let one = Part::deflated("f", &vec![0; 1 << 20]);
    let many = |count: usize| {
        let named = |n: usize| one.clone().both(|head| head.name = format!("f{n}").into_bytes());
        Zip::of(&(0..count).map(named).collect::<Vec<_>>())
    };
    // Each is at the bound of what is free, and shrinks a thousandfold.
    assert_eq!(open(&many(310).bytes()).unwrap().entries().len(), 310);
    match open(&many(600).bytes()) {
        Err(crate::Error::LimitExceeded(limit)) => assert_eq!(limit.name, "zip_ratio"),
        other => panic!("{:?}", other.map(|archive| archive.entries().len())),
    }
    // What is stored beside them pays for them.
    let mut mixed = many(400);
    mixed.parts.push(Part::stored("noise", &vec![1; 1 << 20]));
    assert_eq!(open(&mixed.bytes()).unwrap().entries().len(), 401);
    // A folder of texts is nowhere near.
    let text = Part::deflated("t", &b"a line of an honest protocol\n".repeat(1_000));
    let named = |n: usize| text.clone().both(|head| head.name = format!("t{n}").into_bytes());
    assert_eq!(open(&Zip::of(&(0..5_000).map(named).collect::<Vec<_>>()).bytes()).unwrap().entries().len(), 5_000);
}
