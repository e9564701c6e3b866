//! What services are doing, told to whoever looks on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::address::Address;
use super::pool::Pool;

/// A look at [`Services`](super::Services) while they work, and afterwards; a copy looks at the same ones.
#[derive(Clone)]
pub struct Gauge {
    pool: Arc<Pool>,
    meter: Arc<Meter>,
}

/// What is counted on the way.
#[derive(Default)]
pub(super) struct Meter {
    /// Addresses of time-stamping services, and how many time-stamps each has given.
    stamps: Vec<(String, AtomicU64)>,
    /// Requests for time-stamps whose turn has not come.
    queued: AtomicUsize,
}

impl Gauge {
    pub(super) fn new(pool: &Arc<Pool>, meter: &Arc<Meter>) -> Self {
        Gauge { pool: Arc::clone(pool), meter: Arc::clone(meter) }
    }

    /// How many requests wait for each host, by its name. Time-stamps that wait for their turn, because of a rate, a
    /// fault, or because enough are out already, are counted with the preferred service.
    #[must_use]
    pub fn waiting(&self) -> Vec<(String, usize)> {
        let mut all: BTreeMap<String, usize> = self.pool.waiting();
        let queued = self.meter.queued.load(Ordering::Relaxed);
        let first = self.meter.stamps.first().and_then(|(url, _)| Address::parse(url));
        if let (Some(first), true) = (first, queued > 0) {
            let count = all.entry(first.host().to_owned()).or_default();
            *count = count.saturating_add(queued);
        }
        all.into_iter().collect()
    }

    /// How many time-stamps each service gave, by its address, in order of preference: also those that were of no use.
    #[must_use]
    pub fn time_stamps(&self) -> Vec<(String, u64)> {
        self.meter.stamps.iter().map(|(url, count)| (url.clone(), count.load(Ordering::Relaxed))).collect()
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauge").field("time_stamps", &self.time_stamps()).finish_non_exhaustive()
    }
}

impl Meter {
    /// Counts anew, for these services.
    pub(super) fn of(urls: impl Iterator<Item = String>) -> Arc<Meter> {
        let stamps = urls.map(|url| (url, AtomicU64::new(0))).collect();
        Arc::new(Meter { stamps, queued: AtomicUsize::new(0) })
    }

    /// The service with this number gave a time-stamp.
    pub(super) fn bought(&self, tsa: usize) {
        self.stamps.get(tsa).inspect(|(_, count)| _ = count.fetch_add(1, Ordering::Relaxed));
    }

    /// What it gave was none.
    pub(super) fn was_none(&self, tsa: usize) {
        self.stamps.get(tsa).inspect(|(_, count)| _ = count.fetch_sub(1, Ordering::Relaxed));
    }

    pub(super) fn queued(&self, requests: usize) {
        self.queued.store(requests, Ordering::Relaxed);
    }
}
