//! ZIPs that readers may understand in different ways, made by changing sound ones in one or two places; none that is
//! taken is read otherwise by any of a dozen plain readers.
//!
//! The changes are the kinds of ambiguity that fifty parsers were found to differ in: which of two methods, sizes,
//! names or offsets counts; data descriptors; ZIP64; which end record; bytes before, between and after; names and
//! paths in several forms; extra fields that say a name again. A reader that gives up is no other understanding.

use std::collections::BTreeMap;

use super::build::*;
use super::*;

/// Content by name, as a reader understands a ZIP.
type Understood = BTreeMap<Vec<u8>, Vec<u8>>;

#[test]
fn nothing_is_taken_that_two_readers_understand_differently() {
    let changes = changes();
    let mut count = Count::default();
    count.see(&base(), "nothing");
    for (name, change) in &changes {
        for part in 0..PARTS {
            let mut made = base();
            change(&mut made, part);
            count.see(&made, &format!("{name} at {part}"));
        }
    }
    // Two at once: all pairs at places that a fixed seed draws.
    let mut draw = 0x9e37_79b9_7f4a_7c15_u64;
    for (first, one) in &changes {
        for (second, other) in &changes {
            draw ^= draw << 13;
            draw ^= draw >> 7;
            draw ^= draw << 17;
            let places = [draw % 3, draw / 3 % 3].map(|place| usize::try_from(place).unwrap());
            let mut made = base();
            one(&mut made, places[0]);
            other(&mut made, places[1]);
            count.see(&made, &format!("{first} at {}, {second} at {}", places[0], places[1]));
        }
    }
    println!("{count:?}");
    // The readers are worth asking only if they differ, and the rule only if it takes something.
    assert!(count.made > 4_000 && count.ambiguous > 1_000 && count.taken > 100, "{count:?}");
}

#[derive(Debug, Default)]
struct Count {
    made: usize,
    taken: usize,
    /// Two of the plain readers differ.
    ambiguous: usize,
}

impl Count {
    fn see(&mut self, made: &Made, what: &str) {
        let bytes = made.bytes();
        let theirs: Vec<(Reader, Understood)> =
            Reader::all().into_iter().filter_map(|reader| Some((reader, reader.read(&bytes)?))).collect();
        self.made += 1;
        self.ambiguous += usize::from(theirs.windows(2).any(|pair| pair[0].1 != pair[1].1));
        let Some(ours) = ours(&bytes) else { return };
        self.taken += 1;
        for (reader, theirs) in &theirs {
            assert_eq!(*theirs, ours, "{what}, by {reader:?}");
        }
    }
}

/// What is understood here; `None` where it is refused, also while it is read.
fn ours(bytes: &[u8]) -> Option<Understood> {
    let archive = open(bytes).ok()?;
    let read = |entry: &Entry| {
        let content = archive.read(entry, "zip_entry_bytes", 1 << 20).ok()?;
        // A name in a code page is covered by its bytes, whatever letters it is shown with.
        let name = entry.old_name.clone().unwrap_or_else(|| entry.name.clone().into_bytes());
        Some((name, content))
    };
    archive.entries().iter().map(read).collect()
}

/// A ZIP on its way to be changed.
struct Made {
    zip: Zip,
    ending: Vec<fn(&mut Ending)>,
    after: Vec<u8>,
}

impl Made {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.zip.ending(|ending| self.ending.iter().for_each(|change| change(ending)));
        bytes.extend(&self.after);
        bytes
    }
}

fn base() -> Made {
    let described = Part::deflated("three", &b"third ".repeat(9)).described(descriptor);
    let parts = [Part::stored("one", b"first"), Part::deflated("two", &b"second ".repeat(20)), described];
    Made { zip: Zip::of(&parts), ending: Vec::new(), after: Vec::new() }
}

const PARTS: usize = 3;

fn descriptor(head: &Head) -> Vec<u8> {
    let numbers = [head.crc32, head.packed, head.size];
    [DESCRIPTOR.to_vec(), numbers.iter().flat_map(|number| number.to_le_bytes()).collect()].concat()
}

fn descriptor_without_signature(head: &Head) -> Vec<u8> {
    descriptor(head)[4..].to_vec()
}

fn wide_descriptor(head: &Head) -> Vec<u8> {
    let sizes = wide(&[u64::from(head.packed), u64::from(head.size)]);
    [&DESCRIPTOR[..], &head.crc32.to_le_bytes(), &sizes].concat()
}

/// A whole entry, header and all.
fn hidden(name: &str, content: &[u8]) -> Vec<u8> {
    let bytes = Zip::of(&[Part::stored(name, content)]).bytes();
    bytes[..30 + name.len() + content.len()].to_vec()
}

/// A whole ZIP.
fn other() -> Vec<u8> {
    Zip::of(&[Part::stored("one", b"other")]).bytes()
}

fn unicode_path(name: &str, of: &[u8]) -> Vec<u8> {
    extra(EXTRA_UNICODE_PATH, &[&[1][..], &crc32fast::hash(of).to_le_bytes(), name.as_bytes()].concat())
}

type Change = (&'static str, Box<dyn Fn(&mut Made, usize)>);

/// A change of one part.
fn of_part(name: &'static str, change: impl Fn(&mut Part) + 'static) -> Change {
    let change = move |made: &mut Made, at: usize| change(&mut made.zip.parts[at]);
    (name, Box::new(change))
}

fn of_all(name: &'static str, change: impl Fn(&mut Made) + 'static) -> Change {
    (name, Box::new(move |made, _| change(made)))
}

fn changes() -> Vec<Change> {
    let mut all = Vec::new();
    all.extend(of_methods_and_sizes());
    all.extend(of_descriptors());
    all.extend(of_wide_numbers());
    all.extend(of_names());
    all.extend(of_places());
    all.extend(of_ends());
    all
}

fn of_methods_and_sizes() -> Vec<Change> {
    vec![
        of_part("the header says stored", |part| part.local.method = METHOD_STORED),
        of_part("the directory says stored", |part| part.central.method = METHOD_STORED),
        of_part("both say stored", |part| (part.local.method, part.central.method) = (METHOD_STORED, METHOD_STORED)),
        of_part("the header says deflated", |part| part.local.method = METHOD_DEFLATED),
        of_part("the directory says deflated", |part| part.central.method = METHOD_DEFLATED),
        of_part("an unknown method", |part| (part.local.method, part.central.method) = (99, 99)),
        of_part("the header's packed size is less", |part| part.local.packed = part.local.packed.saturating_sub(1)),
        of_part("the directory's packed size is less", |part| {
            part.central.packed = part.central.packed.wrapping_sub(1)
        }),
        of_part("the directory's packed size is more", |part| {
            part.central.packed = part.central.packed.wrapping_add(1)
        }),
        of_part("the header's size is more", |part| part.local.size = part.local.size.wrapping_add(1)),
        of_part("the directory's size is less", |part| part.central.size = part.central.size.wrapping_sub(1)),
        of_part("the directory's size is more", |part| part.central.size = part.central.size.wrapping_add(1)),
        of_part("both sizes are less", |part| {
            part.local.size = part.local.size.saturating_sub(1);
            part.central.size = part.central.size.wrapping_sub(1);
        }),
        of_part("the header has no sizes", |part| (part.local.packed, part.local.size) = (0, 0)),
        of_part("the header has no CRC-32", |part| part.local.crc32 = 0),
        of_part("another CRC-32 in the header", |part| part.local.crc32 ^= 1),
        of_part("another CRC-32 in the directory", |part| part.central.crc32 ^= 1),
        of_part("more packed bytes than are used", |part| {
            part.data.extend(b"rest");
            part.central.packed = part.central.packed.wrapping_add(4);
            part.local.packed = if part.local.packed == 0 { 0 } else { part.local.packed.wrapping_add(4) };
        }),
        of_part("encrypted", |part| (part.local.flags, part.central.flags) = (1, 1)),
        of_part("encrypted in the header", |part| part.local.flags |= 1),
        of_part("patched", |part| (part.local.flags, part.central.flags) = (0x20, 0x20)),
        of_part("masked", |part| part.central.flags |= 0x2000),
        of_part("a symbolic link", |part| part.attributes = 0o120_777 << 16),
        of_part("a folder by its attributes", |part| part.attributes = 0x10),
        of_part("another disk", |part| part.disk = 1),
    ]
}

fn of_descriptors() -> Vec<Change> {
    vec![
        of_part("announced in the header alone", |part| part.local.flags |= FLAG_DESCRIPTOR),
        of_part("announced in the directory alone", |part| part.central.flags |= FLAG_DESCRIPTOR),
        of_part("not announced in the header", |part| part.local.flags &= !FLAG_DESCRIPTOR),
        of_part("a descriptor", |part| *part = part.clone().described(descriptor)),
        of_part("a descriptor without signature", |part| *part = part.clone().described(descriptor_without_signature)),
        of_part("a wide descriptor", |part| *part = part.clone().described(wide_descriptor)),
        of_part("a descriptor beside the header's sizes", |part| {
            let local = part.local.clone();
            *part = part.clone().described(descriptor);
            (part.local.crc32, part.local.packed, part.local.size) = (local.crc32, local.packed, local.size);
        }),
        of_part("a descriptor of other numbers", |part| {
            *part =
                part.clone().described(|head| descriptor(&Head { size: head.size.wrapping_add(1), ..head.clone() }));
        }),
        of_part("a descriptor that ends it earlier", |part| {
            *part = part.clone().described(|head| {
                descriptor(&Head { packed: 2, size: 2, crc32: crc32fast::hash(b"fi"), ..head.clone() })
            });
        }),
        of_part("two descriptors", |part| {
            *part = part.clone().described(|head| [descriptor(head), descriptor(head)].concat());
        }),
        of_part("a descriptor that nobody announced", |part| part.after = descriptor(&part.central)),
        of_part("none where one is announced", |part| {
            *part = part.clone().described(|_| Vec::new());
        }),
        of_part("what looks like a descriptor in the data", |part| {
            let content = [&b"fi"[..], &descriptor(&Part::stored("", b"fi").local), b"rest"].concat();
            *part = Part::stored("one", &content).described(descriptor);
        }),
    ]
}

fn of_wide_numbers() -> Vec<Change> {
    let field =
        |part: &Part| extra(EXTRA_ZIP64, &wide(&[u64::from(part.central.size), u64::from(part.central.packed)]));
    vec![
        of_part("a wide header", move |part| {
            part.local.extra = field(part);
            (part.local.size, part.local.packed) = (NARROW, NARROW);
        }),
        of_part("wide numbers beside narrow ones", move |part| part.local.extra = field(part)),
        of_part("other wide numbers in the header", |part| {
            part.local.extra = extra(EXTRA_ZIP64, &wide(&[1, 1]));
            (part.local.size, part.local.packed) = (NARROW, NARROW);
        }),
        of_part("wide in the directory, needlessly", move |part| {
            part.central.extra = field(part);
            (part.central.size, part.central.packed) = (NARROW, NARROW);
        }),
        of_part("unused wide numbers in the directory", move |part| part.central.extra = field(part)),
        of_part("other unused wide numbers in the directory", |part| {
            part.central.extra = extra(EXTRA_ZIP64, &wide(&[1, 1]));
        }),
        of_part("wide without a field", |part| part.central.size = NARROW),
        of_part("wide numbers twice", |part| {
            part.central.extra = [extra(EXTRA_ZIP64, &wide(&[5])), extra(EXTRA_ZIP64, &wide(&[6]))].concat();
            part.central.size = NARROW;
        }),
        of_part("a wide offset", |part| {
            part.central.extra = extra(EXTRA_ZIP64, &wide(&[0]));
            part.header = Some(NARROW);
        }),
        of_all("a wide end", |made| made.zip.wide = Some(wide_end)),
        of_all("a wide end of another count", |made| made.zip.wide = Some(|n, size, at| wide_end(n - 1, size, at))),
        of_all("a wide end of another place", |made| made.zip.wide = Some(|n, size, at| wide_end(n, size, at + 1))),
        of_all("a wide end that leaves one out", |made| {
            made.zip.wide = Some(|n, size, at| wide_end(n - 1, size - 49, at + 49));
            made.ending.push(|end| (end.count, end.count_here) = (NARROW_COUNT, NARROW_COUNT));
        }),
        of_all("the end asks for a wide one", |made| made.ending.push(|end| end.offset = NARROW)),
        of_all("a locator alone", |made| {
            made.zip.wide = Some(|n, size, at| wide_end(n, size, at)[56..].to_vec());
        }),
    ]
}

fn of_names() -> Vec<Change> {
    let mut all = vec![
        of_part("another name in the header", |part| part.local.name = b"other".to_vec()),
        of_part("another name in the directory", |part| part.central.name = b"other".to_vec()),
        of_part("the header's name in another case", |part| part.local.name.make_ascii_uppercase()),
        of_part("the Unicode flag in the header alone", |part| part.central.flags &= !FLAG_UTF8),
        of_part("no Unicode flag", |part| *part = part.clone().both(|head| head.flags &= !FLAG_UTF8)),
        of_part("its name again", |part| {
            part.central.extra = unicode_path(&String::from_utf8_lossy(&part.central.name), &part.central.name);
        }),
        of_part("another name beside its name", |part| {
            part.central.extra = unicode_path("other", &part.central.name);
        }),
        of_part("another name beside the header's name", |part| {
            part.local.extra = unicode_path("other", &part.local.name);
        }),
        of_part("another name that is out of date", |part| part.central.extra = unicode_path("other", b"before")),
        of_part("another name twice", |part| {
            let name = String::from_utf8_lossy(&part.central.name).into_owned();
            let again = unicode_path(&name, &part.central.name);
            part.central.extra = [again, unicode_path("other", &part.central.name)].concat();
        }),
        of_part("extra fields that are cut", |part| part.central.extra = vec![0x75, 0x70, 0xff, 0]),
        of_part("a folder with content", |part| *part = part.clone().both(|head| head.name.push(b'/'))),
        of_part("names that are not UTF-8", |part| *part = part.clone().both(|head| head.name = b"\xff\xfe".to_vec())),
    ];
    for name in NAMES {
        all.push(of_part(name, move |part| *part = part.clone().both(|head| head.name = name.as_bytes().to_vec())));
    }
    all
}

/// Names that lead elsewhere, are the same as others to some, or are read in two ways; some are in other parts.
const NAMES: [&str; 26] = [
    "one",
    "ONE",
    "two",
    "one/two",
    "two/",
    "../one",
    "/one",
    "C:one",
    "a\\b",
    "./one",
    "a//b",
    "a/../one",
    "one\0x",
    "one ",
    "one.",
    "a/./b",
    "e\u{301}",
    "\u{e9}",
    "\u{202e}eno",
    "\u{feff}one",
    "",
    "/",
    "..",
    "a:b",
    "\n",
    "\u{130}",
];

fn of_places() -> Vec<Change> {
    vec![
        of_part("an offset is one more", |part| part.shift = 1),
        of_part("an offset of another entry", |part| part.header = Some(0)),
        of_part("an offset into data", |part| {
            let inner = hidden("one", b"other");
            part.data = inner.clone();
            part.header = Some(33);
        }),
        of_part("an entry in the data", |part| *part = Part::stored("one", &hidden("three", b"other"))),
        of_part("an entry behind the data", |part| part.after.extend(hidden("one", b"other"))),
        of_part("an entry that only streams see", |part| part.after.extend(hidden("four", b"unlisted"))),
        of_part("a gap", |part| part.after.extend(b"gap")),
        of_all("bytes before", |made| made.zip.prefix = b"#!/bin/sh\n".to_vec()),
        of_all("another ZIP before", |made| made.zip.prefix = other()),
        of_all("bytes before that the offsets do not count", |made| {
            made.zip.prefix = other();
            let len = i64::try_from(made.zip.prefix.len()).unwrap();
            made.zip.parts.iter_mut().for_each(|part| part.shift = -len);
            made.ending.push(|end| end.offset = end.offset.wrapping_sub(u32::try_from(other().len()).unwrap()));
        }),
        of_all("a gap before the directory", |made| made.zip.gap = b"gap".to_vec()),
        of_all("an entry before the directory", |made| made.zip.gap = hidden("one", b"other")),
        of_all("entries in another order", |made| made.zip.parts.reverse()),
    ]
}

fn of_ends() -> Vec<Change> {
    vec![
        of_all("a count too small", |made| made.ending.push(|end| (end.count, end.count_here) = (2, 2))),
        of_all("a count too large", |made| made.ending.push(|end| (end.count, end.count_here) = (4, 4))),
        of_all("two counts", |made| made.ending.push(|end| end.count_here = 2)),
        of_all("a count on another disk", |made| made.ending.push(|end| end.disks = (0, 1))),
        of_all("a directory too short", |made| made.ending.push(|end| end.size = end.size.wrapping_sub(1))),
        of_all("a directory too long", |made| made.ending.push(|end| end.size = end.size.wrapping_add(1))),
        of_all("a directory that begins later", |made| {
            made.ending.push(|end| end.offset = end.offset.wrapping_add(49))
        }),
        of_all("a directory that leaves the first one out", |made| {
            made.ending.push(|end| {
                (end.count, end.count_here) = (2, 2);
                (end.offset, end.size) = (end.offset.wrapping_add(49), end.size.wrapping_sub(49));
            });
        }),
        of_all("a comment", |made| made.ending.push(|end| end.comment = b"said beside".to_vec())),
        of_all("another end in the comment", |made| {
            made.ending.push(|end| end.comment = [&END[..], &[0; 18]].concat());
        }),
        of_all("half an end in the comment", |made| made.ending.push(|end| end.comment = END.to_vec())),
        of_all("another ZIP in the comment", |made| made.ending.push(|end| end.comment = other())),
        of_all("bytes after the end", |made| made.after.extend(b"\n")),
        of_all("another ZIP after the end", |made| made.after.extend(other())),
        of_all("an empty ZIP after the end", |made| made.after.extend(Zip::default().bytes())),
    ]
}

/// A plain reader, as many are: it takes what it finds and compares nothing.
#[derive(Debug, Clone, Copy)]
struct Reader {
    from: From,
    /// Sizes and method of the local header in place of the directory's, where it has them.
    trusts_headers: bool,
    /// The name of the local header, or that of an extra field, in place of the directory's.
    name: Name,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum From {
    /// Local headers from the first byte on.
    Stream,
    /// The last end record.
    LastEnd,
    /// The first one.
    FirstEnd,
    /// The last one, and the directory just before it, whatever its offset says.
    BeforeEnd,
    /// A ZIP64 record where there is a locator.
    WideEnd,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Name {
    Directory,
    Header,
    UnicodePath,
}

impl Reader {
    fn all() -> Vec<Reader> {
        let mut all = vec![Reader { from: From::Stream, trusts_headers: true, name: Name::Header }];
        for from in [From::LastEnd, From::FirstEnd, From::BeforeEnd, From::WideEnd] {
            for trusts_headers in [false, true] {
                for name in [Name::Directory, Name::Header, Name::UnicodePath] {
                    all.push(Reader { from, trusts_headers, name });
                }
            }
        }
        all
    }

    fn read(self, bytes: &[u8]) -> Option<Understood> {
        if self.from == From::Stream { stream(bytes) } else { self.directory(bytes) }
    }

    fn directory(self, bytes: &[u8]) -> Option<Understood> {
        let places = |mark: &[u8]| bytes.windows(4).enumerate().filter(|(_, w)| *w == mark).map(|(at, _)| at).collect();
        let ends: Vec<usize> = places(&END);
        let end = *if self.from == From::FirstEnd { ends.first() } else { ends.last() }?;
        let (mut count, size) = (u64::from(u16_at(bytes, end + 10)?), u64::from(u32_at(bytes, end + 12)?));
        let mut at = u64::from(u32_at(bytes, end + 16)?);
        let mut base = 0;
        match self.from {
            From::BeforeEnd => {
                let told = at;
                at = u64::try_from(end).unwrap().checked_sub(size)?;
                base = at.checked_sub(told)?;
            }
            From::WideEnd if end >= 20 && bytes[end - 20..].starts_with(&LOCATOR_64) => {
                let record = usize::try_from(u64_at(bytes, end - 12)?).ok()?;
                (count, at) = (u64_at(bytes, record + 32)?, u64_at(bytes, record + 48)?);
            }
            _ => {}
        }
        let mut at = usize::try_from(at).ok()?;
        let mut found = Understood::new();
        for _ in 0..count {
            if !bytes.get(at..)?.starts_with(&CENTRAL) {
                return None;
            }
            let lens = [28, 30, 32].map(|skip| u16_at(bytes, at + skip).map(usize::from));
            let [name_len, extra_len, comment_len] = [lens[0]?, lens[1]?, lens[2]?];
            let name = bytes.get(at + 46..at + 46 + name_len)?;
            let extra = bytes.get(at + 46 + name_len..at + 46 + name_len + extra_len)?;
            let told = Told {
                method: u16_at(bytes, at + 10)?,
                packed: u64::from(u32_at(bytes, at + 20)?),
                size: u64::from(u32_at(bytes, at + 24)?),
            };
            let (told, header) = told.widened(extra, u64::from(u32_at(bytes, at + 42)?))?;
            let (name, content) =
                self.entry(bytes, usize::try_from(header.checked_add(base)?).ok()?, (name, extra), told)?;
            found.insert(name, content);
            at += 46 + name_len + extra_len + comment_len;
        }
        Some(found)
    }

    fn entry(
        self,
        bytes: &[u8],
        header: usize,
        (name, extra): (&[u8], &[u8]),
        told: Told,
    ) -> Option<(Vec<u8>, Vec<u8>)> {
        let local = Header::read(bytes, header)?;
        let has_sizes = local.flags & FLAG_DESCRIPTOR == 0;
        let told = if self.trusts_headers && has_sizes { local.told } else { told };
        let name = match self.name {
            Name::Directory => name.to_vec(),
            Name::Header => local.name.to_vec(),
            Name::UnicodePath => unicode_name(extra, name).unwrap_or_else(|| name.to_vec()),
        };
        let end = local.data.checked_add(usize::try_from(told.packed).ok()?)?;
        Some((name, told.content(bytes.get(local.data..end)?)?))
    }
}

/// From header to header: what has no length ends where deflate does, or at the next descriptor.
fn stream(bytes: &[u8]) -> Option<Understood> {
    let mut found = Understood::new();
    let mut at = 0;
    while bytes.get(at..)?.starts_with(&LOCAL) {
        let local = Header::read(bytes, at)?;
        let rest = bytes.get(local.data..)?;
        let (content, mut end) = if local.flags & FLAG_DESCRIPTOR == 0 {
            let packed = usize::try_from(local.told.packed).ok()?;
            (local.told.content(rest.get(..packed)?)?, local.data + packed)
        } else if local.told.method == METHOD_DEFLATED {
            let (content, used) = inflated(rest)?;
            (content, local.data + used)
        } else {
            // As libarchive does: the first descriptor whose CRC-32 is that of all before it.
            let is_end = |at: &usize| {
                rest[*at..].starts_with(&DESCRIPTOR) && u32_at(rest, at + 4) == Some(crc32fast::hash(&rest[..*at]))
            };
            let packed = (0..rest.len()).find(is_end)?;
            (rest[..packed].to_vec(), local.data + packed)
        };
        if local.flags & FLAG_DESCRIPTOR != 0 {
            let next = |skip: usize| {
                let after = bytes.get(end + skip..).unwrap_or_default();
                after.starts_with(&LOCAL) || after.starts_with(&CENTRAL)
            };
            end += [16, 12, 24, 20].into_iter().find(|skip| next(*skip))?;
        }
        found.insert(local.name.to_vec(), content);
        at = end;
    }
    // A stream that ends in anything but a directory was no ZIP.
    (bytes.get(at..)?.starts_with(&CENTRAL) || bytes.get(at..)?.starts_with(&END)).then_some(found)
}

/// What is said of content.
#[derive(Clone, Copy)]
struct Told {
    method: u16,
    packed: u64,
    size: u64,
}

impl Told {
    /// With the numbers of a ZIP64 field where they are asked for, and the offset.
    fn widened(self, extra: &[u8], header: u64) -> Option<(Told, u64)> {
        let mut numbers = field(extra, EXTRA_ZIP64).unwrap_or_default().chunks_exact(8);
        let mut next = |narrow: u64| {
            if narrow != u64::from(NARROW) {
                return Some(narrow);
            }
            numbers.next().map(|number| u64::from_le_bytes(number.try_into().unwrap()))
        };
        let (size, packed, header) = (next(self.size)?, next(self.packed)?, next(header)?);
        Some((Told { size, packed, ..self }, header))
    }

    fn content(self, packed: &[u8]) -> Option<Vec<u8>> {
        match self.method {
            METHOD_STORED => Some(packed.to_vec()),
            METHOD_DEFLATED => inflated(packed).map(|(content, _)| content),
            _ => None,
        }
    }
}

struct Header<'a> {
    flags: u16,
    told: Told,
    name: &'a [u8],
    data: usize,
}

impl<'a> Header<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        if !bytes.get(at..)?.starts_with(&LOCAL) {
            return None;
        }
        let (name_len, extra_len) = (usize::from(u16_at(bytes, at + 26)?), usize::from(u16_at(bytes, at + 28)?));
        let told = Told {
            method: u16_at(bytes, at + 8)?,
            packed: u64::from(u32_at(bytes, at + 18)?),
            size: u64::from(u32_at(bytes, at + 22)?),
        };
        let name = bytes.get(at + 30..at + 30 + name_len)?;
        let extra = bytes.get(at + 30 + name_len..at + 30 + name_len + extra_len)?;
        let (told, _) = told.widened(extra, 0)?;
        Some(Header { flags: u16_at(bytes, at + 6)?, told, name, data: at + 30 + name_len + extra_len })
    }
}

/// The first extra field of this kind.
fn field(mut extra: &[u8], wanted: u16) -> Option<&[u8]> {
    while extra.len() >= 4 {
        let (id, len) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let data = extra.get(4..4 + len)?;
        if id == wanted {
            return Some(data);
        }
        extra = &extra[4 + len..];
    }
    None
}

fn unicode_name(extra: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let data = field(extra, EXTRA_UNICODE_PATH)?;
    let is_of_this = u32_at(data, 1)? == crc32fast::hash(name);
    is_of_this.then(|| data[5..].to_vec())
}

/// What deflate gives, and how many bytes it took.
fn inflated(packed: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut inflate = flate2::Decompress::new(false);
    let mut content = Vec::with_capacity(1 << 12);
    let status = inflate.decompress_vec(packed, &mut content, flate2::FlushDecompress::Finish).ok()?;
    let used = usize::try_from(inflate.total_in()).ok()?;
    (status == flate2::Status::StreamEnd).then_some((content, used))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
