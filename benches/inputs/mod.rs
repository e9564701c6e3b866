//! Documents for the benches, made anew in each run and the same each time: no large file is in the repository.

#![allow(dead_code, reason = "each bench uses a part of it")]
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a bench that can't run must say so")]
#![allow(clippy::as_conversions, reason = "lengths and random numbers of its own making")]

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use eseal::key::LocalKey;
use eseal::{Certificate, DataFile, Limits, Moment, Plan, Source, Time};
use flate2::Compression;
use flate2::write::ZlibEncoder;

/// How the cross-references of a made document are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A table, all objects in plain sight.
    Table,
    /// A cross-reference stream with predictor, the objects in object streams of 100.
    Streams,
}

/// The example's key and certificate (P-256), as in `testdata/vector.py`.
pub(crate) fn example_key() -> LocalKey {
    let key = include_bytes!("../../testdata/pki/example.key.pem");
    LocalKey::open(key, None, None, &[example_certificate()], &Limits::default()).expect("the example's key opens")
}

/// The example's certificate, which is its own root.
pub(crate) fn example_certificate() -> Certificate {
    Certificate::parse(include_bytes!("../../testdata/pki/example.pem")).expect("the example's certificate")
}

/// A plan with the example's certificate.
pub(crate) fn plan() -> Plan {
    Plan::new(example_certificate(), &[]).expect("a plan")
}

/// A fixed moment.
pub(crate) fn moment() -> Moment {
    Moment::new(Time::parse_rfc3339("2026-01-02T03:04:05Z").expect("a time"), [7; 32])
}

/// A thousand documents of 1 to 50 KB, tables and object streams in turn.
pub(crate) fn small(count: usize) -> Vec<Vec<u8>> {
    let mut random = Random(1);
    (0..count)
        .map(|i| {
            let bytes = 1024 + (random.next() % (49 * 1024)) as usize;
            document(if i % 2 == 0 { Kind::Table } else { Kind::Streams }, 6, bytes)
        })
        .collect()
}

/// So many messages of 10 KB to 1 MB.
pub(crate) fn mixed(count: usize) -> Vec<Source> {
    let mut random = Random(7);
    let mut message = || Source::from_bytes(vec![random.next() as u8; 10_000 + (random.next() % 990_000) as usize]);
    (0..count).map(|_| message()).collect()
}

/// A text of `bytes` bytes, which shrinks as texts do.
pub(crate) fn words(seed: u64, bytes: usize) -> Vec<u8> {
    let (mut random, mut out) = (Random(seed), Vec::with_capacity(bytes + 16));
    let vocabulary: Vec<String> = (0..2_000)
        .map(|_| {
            let letters = 2 + random.next() % 9;
            (0..letters).map(|_| char::from(b'a' + (random.next() % 26) as u8)).collect()
        })
        .collect();
    while out.len() < bytes {
        // Some words come up far more often than others.
        let rank = (random.next() % 2_000) * (random.next() % 2_000) / 2_000;
        out.extend_from_slice(vocabulary[rank as usize].as_bytes());
        out.push(if random.next() % 12 == 0 { b'\n' } else { b' ' });
    }
    out.truncate(bytes);
    out
}

/// So many texts of 30 KB as data files.
pub(crate) fn data_files(count: usize) -> Vec<DataFile> {
    let file = |n: usize| DataFile::new(format!("{n}.txt"), Source::from_bytes(words(n as u64 + 1, 30_000)));
    (0..count).map(file).collect()
}

/// A document of about `bytes` bytes with that many small objects and one content stream, which makes up its size.
pub(crate) fn document(kind: Kind, objects: usize, bytes: usize) -> Vec<u8> {
    let overhead = if kind == Kind::Table { 500 + 60 * objects } else { 900 + 10 * objects };
    let mut out = Vec::with_capacity(bytes + 4096);
    write_document(&mut out, kind, objects, bytes.saturating_sub(overhead) as u64).expect("memory takes all");
    out
}

/// The same, into a file.
pub(crate) fn document_file(path: &Path, kind: Kind, objects: usize, content: u64) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    write_document(&mut out, kind, objects, content)?;
    out.flush()
}

fn write_document(out: &mut impl io::Write, kind: Kind, objects: usize, content: u64) -> io::Result<()> {
    let mut out = Counted { inner: out, at: 0 };
    let mut offsets = vec![(0, 0, 65535)];
    out.write_all(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")?;
    // Object 1 is the content stream, whatever the kind.
    offsets.push((1, out.at, 0));
    write!(out, "1 0 obj\n<< /Length {content} >>\nstream\n")?;
    let mut random = Random(content + objects as u64);
    let mut left = content;
    while left > 0 {
        let mut block = [0; 4096];
        block.chunks_exact_mut(8).for_each(|word| word.copy_from_slice(&random.next().to_le_bytes()));
        let take = left.min(4096);
        out.write_all(&block[..take as usize])?;
        left -= take;
    }
    out.write_all(b"\nendstream\nendobj\n")?;

    let text = |number: usize| match number {
        2 => "<< /Type /Catalog /Pages 3 0 R >>".to_owned(),
        3 => "<< /Type /Pages /Kids [4 0 R] /Count 1 >>".to_owned(),
        4 => "<< /Type /Page /Parent 3 0 R /MediaBox [0 0 595 842] /Contents 1 0 R /Resources << >> >>".to_owned(),
        n => format!("<< /Kind /Entry /Number {n} /Next {} 0 R >>", n - 1),
    };
    let last = objects.max(4);
    let size = match kind {
        Kind::Table => {
            for number in 2..=last {
                offsets.push((1, out.at, 0));
                write!(out, "{number} 0 obj\n{}\nendobj\n", text(number))?;
            }
            last + 1
        }
        Kind::Streams => {
            let numbers: Vec<_> = (2..=last).collect();
            let mut streams = Vec::new();
            for (i, chunk) in numbers.chunks(100).enumerate() {
                let (mut head, mut body) = (String::new(), String::new());
                for (index, &number) in chunk.iter().enumerate() {
                    head += &format!("{number} {} ", body.len());
                    body += &text(number);
                    body += "\n";
                    offsets.push((2, (last + 1 + i) as u64, index as u16));
                }
                streams.push((chunk.len(), head.len(), deflated(&[head.as_bytes(), body.as_bytes()].concat())));
            }
            for (i, (count, first, data)) in streams.iter().enumerate() {
                offsets.push((1, out.at, 0));
                write!(
                    out,
                    "{} 0 obj\n<< /Type /ObjStm /N {count} /First {first} /Filter /FlateDecode /Length {} >>\nstream\n",
                    last + 1 + i,
                    data.len()
                )?;
                out.write_all(data)?;
                out.write_all(b"\nendstream\nendobj\n")?;
            }
            last + 1 + streams.len()
        }
    };
    let start = out.at;
    let ids = "/ID [<00112233445566778899AABBCCDDEEFF> <00112233445566778899AABBCCDDEEFF>]";
    match kind {
        Kind::Table => {
            write!(out, "xref\n0 {size}\n")?;
            for (kind, offset, generation) in &offsets {
                writeln!(out, "{offset:010} {generation:05} {} ", if *kind == 0 { 'f' } else { 'n' })?;
            }
            write!(out, "trailer\n<< /Size {size} /Root 2 0 R {ids} >>\n")?;
        }
        Kind::Streams => {
            offsets.push((1, start, 0));
            let mut rows = Vec::with_capacity(offsets.len() * 9);
            let mut above = [0; 8];
            for (kind, offset, generation) in &offsets {
                let [_, _, _, a, b, c, d, e] = offset.to_be_bytes();
                let row = [*kind, a, b, c, d, e, generation.to_be_bytes()[0], generation.to_be_bytes()[1]];
                rows.push(2);
                rows.extend(row.iter().zip(above).map(|(now, before)| now.wrapping_sub(before)));
                above = row;
            }
            let rows = deflated(&rows);
            write!(
                out,
                "{size} 0 obj\n<< /Type /XRef /Size {} /W [1 5 2] /Root 2 0 R {ids} /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 8 >> /Length {} >>\nstream\n",
                size + 1,
                rows.len()
            )?;
            out.write_all(&rows)?;
            out.write_all(b"\nendstream\nendobj\n")?;
        }
    }
    write!(out, "startxref\n{start}\n%%EOF\n")
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

struct Counted<'a, W> {
    inner: &'a mut W,
    at: u64,
}

impl<W: io::Write> io::Write for Counted<'_, W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(buffer)?;
        self.at += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// splitmix64: the same numbers in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
