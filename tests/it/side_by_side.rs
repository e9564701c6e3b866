//! Documents prepared side by side, compared with the same documents one at a time.

use std::io;
use std::sync::Arc;

use eseal::{
    Compress, DataFile, DigestAlgorithm, Document, Error, ErrorCode, Kernel, Limits, Moment, Plan, Prepared, ReadAt,
    Source, prepare_all, system,
};
use proptest::prelude::*;

use crate::key::{file, moment, plan, sign};
use crate::sign::SOUND;

/// A file that answers in pieces, and not at all from `broken_at` on.
struct Slow {
    bytes: Vec<u8>,
    broken_at: usize,
}

impl ReadAt for Slow {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[usize::try_from(offset).unwrap().min(self.bytes.len())..];
        let n = rest.len().min(buffer.len()).min(10_007);
        if usize::try_from(offset).unwrap() + n > self.broken_at {
            return Err(io::Error::other("broken"));
        }
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

fn source(bytes: Vec<u8>, is_read: bool, broken_at: usize) -> Source {
    if !is_read {
        return Source::from_bytes(bytes);
    }
    let len = bytes.len().try_into().unwrap();
    Source::from_reader(Arc::new(Slow { bytes, broken_at }), len)
}

fn content(seed: usize, len: usize) -> Vec<u8> {
    (0..len).map(|n| u8::try_from((n * 31 + n / 200 + seed) % 256).unwrap()).collect()
}

/// One of the samples.
fn pdf(sample: usize) -> Vec<u8> {
    file(&format!("pdf/{}.pdf", SOUND[sample % SOUND.len()]))
}

fn files(seed: usize, count: usize, size: usize, is_read: bool, broken_at: usize) -> Vec<DataFile> {
    let file = |n: usize| {
        let content = content(seed + n, size * (n + 1) / count);
        DataFile::new(format!("{n}.dat"), source(content, is_read, broken_at))
    };
    (0..count).map(file).collect()
}

/// A signed container, its data files stored or deflated.
fn container(seed: usize, count: usize, size: usize, compress: Compress) -> Vec<u8> {
    let new = Document::new_container(files(seed, count, size, false, 0), &Limits::default()).unwrap();
    let prepared = new.prepare(&plan("p256").compress(compress), moment(1)).unwrap();
    let value = sign(prepared.to_be_signed());
    let mut out = Vec::new();
    prepared.finalize(value).unwrap().output().write_to(&mut out).unwrap();
    out
}

/// All that is kept of a preparation, or why there is none.
fn kept(result: Result<Prepared, Error>) -> Result<(Vec<u8>, String), ErrorCode> {
    result.map(|prepared| (prepared.to_state().unwrap(), prepared.id().to_owned())).map_err(|error| error.code())
}

fn check(documents: &[(Document, Plan, Moment)]) -> Vec<Result<(Vec<u8>, String), ErrorCode>> {
    let alone: Vec<_> =
        documents.iter().map(|(document, plan, moment)| kept(document.prepare(plan, *moment))).collect();
    let borrowed: Vec<_> = documents.iter().map(|(document, plan, moment)| (document, plan, *moment)).collect();
    for kernel in system::kernels() {
        let together: Vec<_> = prepare_all(&borrowed, kernel).into_iter().map(kept).collect();
        assert!(together == alone, "{kernel:?}");
    }
    alone
}

#[test]
fn every_sample_is_prepared_as_alone() {
    let documents: Vec<_> = (0..SOUND.len())
        .flat_map(|n| [false, true].map(|is_read| (n, is_read)))
        .map(|(n, is_read)| {
            let document = Document::open(source(pdf(n), is_read, usize::MAX), &Limits::default()).unwrap();
            (document, plan(if n % 3 == 0 { "p384" } else { "p256" }), moment(u8::try_from(n).unwrap()))
        })
        .collect();
    assert!(check(&documents).iter().all(Result::is_ok));
    assert!(prepare_all(&[], Kernel::portable()).is_empty());
}

#[test]
fn a_document_that_fails_fails_alone_and_in_its_place() {
    let mut documents = Vec::new();
    for n in 0..20 {
        let document = match n % 5 {
            // It breaks while its data files are hashed.
            0 => Document::new_container(files(n, 3, 90_000, true, 70_000), &Limits::default()),
            // An expired plan, below.
            1 => Document::open(Source::from_bytes(pdf(n)), &Limits::default()),
            2 => Document::new_container(files(n, 4, 9_000, true, usize::MAX), &Limits::default()),
            3 => Document::open(Source::from_bytes(container(n, 3, 2_000, Compress::Store)), &Limits::default()),
            _ => Document::open(Source::from_bytes(pdf(n)), &Limits::default()),
        };
        let (plan, moment) = match n % 5 {
            1 => (plan("p256"), Moment::new(eseal::Time::parse_rfc3339("1999-01-01T00:00:00Z").unwrap(), [1; 32])),
            // A claim that only containers carry.
            4 => (plan("p256").role("clerk").unwrap(), moment(2)),
            _ => (plan("p256"), moment(2)),
        };
        documents.push((document.unwrap(), plan, moment));
    }
    for (n, result) in check(&documents).into_iter().enumerate() {
        let expected = match n % 5 {
            0 => Some(ErrorCode::IoOther),
            1 => Some(ErrorCode::CertificateNotYetValid),
            4 => Some(ErrorCode::PdfClaims),
            _ => None,
        };
        assert_eq!(result.err(), expected, "{n}");
    }
}

#[test]
fn a_stored_file_that_was_altered_is_found_in_lanes_too() {
    for alter in [false, true] {
        let mut bytes = container(1, 5, 50_000, Compress::Store);
        let at = bytes.windows(40).position(|window| window == &content(4, 40)[..]).unwrap();
        if alter {
            bytes[at + 17] ^= 1;
        }
        let document = Document::open(Source::from_bytes(bytes), &Limits::default()).unwrap();
        let result = check(&[(document, plan("p256"), moment(3))]).remove(0);
        assert_eq!(result.err(), alter.then_some(ErrorCode::ZipData));
    }
}

#[test]
fn the_state_of_many_is_the_state_of_each() {
    let sources: Vec<Source> = (0..60).map(|n| source(content(n, n * n * 40), n % 2 == 0, usize::MAX)).collect();
    for kernel in system::kernels() {
        for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384] {
            for (n, state) in kernel.hash_all(algorithm, &sources).into_iter().enumerate() {
                assert_eq!(state.unwrap().finish(), algorithm.digest(&content(n, n * n * 40)), "{kernel:?} {n}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_mixture_of_formats_and_sizes(
        mixture in proptest::collection::vec(
            (0_usize..4, 0_usize..40, 1_usize..9, 0_usize..60_000, any::<bool>(), 1_u8..9, any::<bool>()), 0..24),
    ) {
        let documents: Vec<_> = mixture.into_iter().map(|(kind, sample, count, size, is_read, n, is_wide)| {
            let limits = Limits::default();
            let packed = |compress| source(container(sample, count, size, compress), is_read, usize::MAX);
            let document = match kind {
                0 => Document::open(source(pdf(sample), is_read, usize::MAX), &limits),
                1 => Document::new_container(files(sample, count, size, is_read, usize::MAX), &limits),
                2 => Document::open(packed(Compress::Store), &limits),
                _ => Document::open(packed(Compress::Deflate(1)), &limits),
            };
            (document.unwrap(), plan(if is_wide { "p384" } else { "p256" }), moment(n))
        }).collect();
        prop_assert!(check(&documents).iter().all(Result::is_ok));
    }
}
