//! What reading the signature files of one container may cost, counted as it grows.
//!
//! Each file has bounds of its own. A container may hold hundreds of files, a file hundreds of signatures, and each of
//! their time-stamps is over all that is signed: what is bounded here is the sum.

use std::cell::Cell;

use crate::error::{Limit, Result};
use crate::limits::Limits;
use crate::source::to_u64;
use crate::xml::Element;

/// The sums of one reading of a container.
#[derive(Debug)]
pub(crate) struct Budget {
    xml_bytes: Sum,
    xml_elements: Sum,
    signatures: Sum,
    references: Sum,
    time_stamps: Sum,
    canonical: Sum,
    stamped: Sum,
}

impl Budget {
    /// For a container, or a signature file alone.
    pub(crate) fn new(limits: &Limits) -> Self {
        Budget {
            xml_bytes: Sum::new("asice_xml_bytes", limits.asice_xml_bytes),
            xml_elements: Sum::new("asice_xml_elements", limits.asice_xml_elements),
            signatures: Sum::new("asice_signatures", limits.asice_signatures),
            references: Sum::new("asice_references", limits.asice_references),
            time_stamps: Sum::new("asice_time_stamps", limits.asice_time_stamps),
            canonical: Sum::new("asice_canonical_bytes", limits.asice_canonical_bytes),
            stamped: Sum::new("asice_stamped_bytes", limits.asice_stamped_bytes),
        }
    }

    /// Lets archive time-stamps be over `data_bytes` once, and over `times` as many bytes as the container has where
    /// that is more than the limit.
    #[must_use]
    pub(crate) fn for_data(self, data_bytes: u64, container_bytes: u64, times: u64) -> Self {
        let most = self.stamped.most.max(container_bytes.saturating_mul(times));
        let stamped = Sum::new(self.stamped.name, most.saturating_add(data_bytes));
        Budget { stamped, ..self }
    }

    /// Counts a file before it is read.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded), as all that count.
    pub(crate) fn file(&self, bytes: u64) -> Result<()> {
        self.xml_bytes.add(bytes)
    }

    /// Counts what a file consists of.
    pub(crate) fn elements(&self, count: usize) -> Result<()> {
        self.xml_elements.add(to_u64(count))
    }

    /// Counts the signatures of a file.
    pub(crate) fn signatures(&self, count: usize) -> Result<()> {
        self.signatures.add(to_u64(count))
    }

    /// Counts the references of a signature.
    pub(crate) fn references(&self, count: usize) -> Result<()> {
        self.references.add(to_u64(count))
    }

    /// Counts a time-stamp.
    pub(crate) fn time_stamp(&self) -> Result<()> {
        self.time_stamps.add(1)
    }

    /// Counts `bytes` of a canonical form, or of what one is made from.
    pub(crate) fn canonical(&self, bytes: u64) -> Result<()> {
        self.canonical.add(bytes)
    }

    /// Counts the canonical form of `element` before it is written: all that is around it is looked at, and a short
    /// element takes longer than its bytes tell.
    pub(crate) fn canonical_of(&self, element: Element<'_>) -> Result<()> {
        let nodes = to_u64(element.node_count()).saturating_mul(NODE_BYTES);
        let scope = to_u64(element.scope_count()).saturating_mul(DECLARATION_BYTES);
        self.canonical(nodes.saturating_add(scope).saturating_add(APEX_BYTES))
    }

    /// Counts elements that are stepped over to find a place.
    pub(crate) fn steps(&self, count: usize) -> Result<()> {
        self.canonical(to_u64(count).saturating_mul(STEP_BYTES))
    }

    /// Counts bytes of data that are hashed for archive time-stamps alone.
    pub(crate) fn stamped(&self, bytes: u64) -> Result<()> {
        self.stamped.add(bytes)
    }
}

/// A number that grows up to a limit.
#[derive(Debug)]
struct Sum {
    name: &'static str,
    most: u64,
    found: Cell<u64>,
}

impl Sum {
    fn new(name: &'static str, most: u64) -> Self {
        Sum { name, most, found: Cell::new(0) }
    }

    fn add(&self, more: u64) -> Result<()> {
        let found = self.found.get().saturating_add(more);
        self.found.set(found);
        if found > self.most { Err(Limit::new(self.name, self.most, found).into()) } else { Ok(()) }
    }
}

/// What a node costs beside its text, in bytes of text.
const NODE_BYTES: u64 = 32;
/// What a step over an element costs.
const STEP_BYTES: u64 = 16;
/// What it costs to begin at an element, and to see each namespace in scope there, in bytes of text.
const APEX_BYTES: u64 = 2 << 10;
const DECLARATION_BYTES: u64 = 128;
