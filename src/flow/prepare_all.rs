//! First halves of many documents, whose bytes are hashed side by side.

use std::collections::VecDeque;
use std::vec::IntoIter;

use crate::digest::lanes::{Hashed, Reading, Work};
use crate::digest::{Kernel, State};
use crate::error::{Error, Result};
use crate::flow::document::Begun;
use crate::flow::{Document, Prepared};
use crate::signing::Plan;
use crate::time::Moment;

/// Prepares many documents as [`Document::prepare`] does each of them, faster: their bytes, and those of data files in
/// containers, are hashed side by side by `kernel`, of which `system::kernels` has those of
/// this processor.
///
/// Results come in the order of the documents and are the same as one by one, whatever the kernel. Small documents
/// are best given a few dozen at a time, so that what was read of them is still near; a large source takes no more
/// memory than a window for each message that the kernel hashes at once.
///
/// ```
/// use eseal::{Document, Limits, Moment, Plan, Source, Time, prepare_all, system};
/// # fn main() -> eseal::Result<()> {
/// # let at = Time::parse_rfc3339("2026-01-02T03:04:05Z")?;
/// # let key = eseal::key::throw_away(&eseal::system::OsEntropy, "Nobody", at)?;
/// # let certificate = eseal::Signer::chain(&key)[0].clone();
/// # let pdf = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pdf/table-lf.pdf")).to_vec();
/// let plan = Plan::new(certificate, &[])?;
/// let document = Document::open(Source::from_bytes(pdf), &Limits::default())?;
/// // Each signature has a moment, and so a nonce, of its own.
/// let [one, other] = [[1; 32], [2; 32]].map(|nonce| Moment::new(at, nonce));
/// let documents = [(&document, &plan, one), (&document, &plan, other)];
/// for prepared in prepare_all(&documents, system::fastest_kernel()) {
///     println!("{:?}", prepared?.to_be_signed().digest());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn prepare_all(documents: &[(&Document, &Plan, Moment)], kernel: Kernel) -> Vec<Result<Prepared>> {
    let mut all = All {
        documents: documents.iter().enumerate(),
        readings: VecDeque::new(),
        halves: Vec::new(),
        results: documents.iter().map(|_| Err(Error::Bug("a document that was not prepared"))).collect(),
    };
    kernel.run(&mut all);
    all.results
}

/// All documents on their way.
struct All<'a> {
    documents: std::iter::Enumerate<std::slice::Iter<'a, Item<'a>>>,
    /// What is still to be read of documents that have begun.
    readings: VecDeque<(Place, Reading)>,
    halves: Vec<Half<'a>>,
    results: Vec<Result<Prepared>>,
}

type Item<'a> = (&'a Document, &'a Plan, Moment);

/// Which part of which document it is.
#[derive(Clone, Copy)]
struct Place {
    half: usize,
    part: usize,
}

/// A document whose bytes are being hashed.
struct Half<'a> {
    index: usize,
    item: &'a Item<'a>,
    begun: Option<Begun>,
    parts: Vec<Option<Result<Hashed>>>,
    left: usize,
}

impl All<'_> {
    /// Begins documents until there is something to read, or none is left.
    fn begin(&mut self) {
        while self.readings.is_empty()
            && let Some((index, item)) = self.documents.next()
        {
            let (document, plan, moment) = item;
            match document.begin(plan, moment) {
                Err(error) => self.settle(index, Err(error)),
                Ok((begun, readings)) => {
                    let half = self.halves.len();
                    let parts: Vec<_> = readings.iter().map(|_| None).collect();
                    let left = parts.len();
                    self.halves.push(Half { index, item, begun: Some(begun), parts, left });
                    let places = (0..).map(|part| Place { half, part });
                    self.readings.extend(places.zip(readings));
                    if left == 0 {
                        self.end(half);
                    }
                }
            }
        }
    }

    /// Ends the document of which all was read.
    fn end(&mut self, half: usize) {
        let Some(half) = self.halves.get_mut(half) else { return };
        let (index, (document, plan, moment)) = (half.index, half.item);
        let parts: Vec<_> = std::mem::take(&mut half.parts).into_iter().flatten().collect();
        let Some(begun) = half.begun.take() else { return };
        let result = document.end(plan, *moment, begun, parts.into_iter());
        self.settle(index, result);
    }

    fn settle(&mut self, index: usize, result: Result<Prepared>) {
        if let Some(to) = self.results.get_mut(index) {
            *to = result;
        }
    }
}

impl Work for All<'_> {
    type Message = (Place, Reading);

    fn next(&mut self) -> Option<(State, Self::Message)> {
        self.begin();
        let (place, reading) = self.readings.pop_front()?;
        Some((reading.begin(), (place, reading)))
    }

    fn done(&mut self, (place, reading): Self::Message, state: Result<State>) {
        let Some(half) = self.halves.get_mut(place.half) else { return };
        if let Some(part) = half.parts.get_mut(place.part) {
            *part = Some(reading.end(state));
            half.left = half.left.saturating_sub(1);
        }
        if half.left == 0 {
            self.end(place.half);
        }
    }
}

/// What was found in the parts of a document, in their order.
pub(super) type Parts = IntoIter<Result<Hashed>>;
