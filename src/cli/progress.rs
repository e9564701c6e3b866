//! How far a run is, for whoever watches: what the bar says besides the count.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ledger::Ledger;

/// Counts as they were at moments of the last minute.
pub(crate) struct Progress {
    ledger: Arc<Ledger>,
    inner: Mutex<Inner>,
}

struct Inner {
    /// Moments, and how many documents were done by then; the first one is the oldest that still counts.
    seen: VecDeque<(Instant, u64)>,
    failed: u64,
}

impl Progress {
    pub(crate) fn new(ledger: &Arc<Ledger>, now: Instant) -> Arc<Progress> {
        let inner = Inner { seen: VecDeque::from([(now, 0)]), failed: 0 };
        Arc::new(Progress { ledger: Arc::clone(ledger), inner: Mutex::new(inner) })
    }

    /// By now so many were worked on, of which so many failed. What was left out is not among them.
    pub(crate) fn note(&self, now: Instant, worked: u64, failed: u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.failed = failed;
        inner.seen.push_back((now, worked));
        inner.forget(now);
    }

    /// What is said at this moment, where `left` documents are still to do.
    pub(crate) fn text(&self, now: Instant, left: u64) -> String {
        let mut parts = Vec::new();
        {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.forget(now);
            let rate = inner.rate(now);
            parts.push(per_time(rate));
            if rate > 0.0 && left > 0 {
                parts.push(format!("{} left", span(as_number(left) / rate)));
            }
            if inner.failed > 0 {
                parts.push(format!("{} failed", inner.failed));
            }
        }
        parts.extend(self.ledger.waiting().into_iter().map(|(host, count)| {
            let wait = if count == 1 { "waits" } else { "wait" };
            format!("{count} {wait} for {}", super::report::printable(&host))
        }));
        parts.join("  ")
    }
}

impl Inner {
    fn forget(&mut self, now: Instant) {
        // The last one before the minute is where it begins.
        while self.seen.get(1).is_some_and(|(at, _)| now.saturating_duration_since(*at) >= MINUTE) {
            self.seen.pop_front();
        }
    }

    /// Documents a second over the last minute.
    fn rate(&self, now: Instant) -> f64 {
        let (Some((begin, first)), Some((_, last))) = (self.seen.front(), self.seen.back()) else { return 0.0 };
        let took = now.saturating_duration_since(*begin).as_secs_f64();
        if took <= 0.0 { 0.0 } else { as_number(last.saturating_sub(*first)) / took }
    }
}

fn per_time(rate: f64) -> String {
    match rate {
        10.0.. => format!("{rate:.0}/s"),
        0.1.. => format!("{rate:.1}/s"),
        _ => format!("{:.1}/min", rate * 60.0),
    }
}

/// Seconds as people read them.
fn span(seconds: f64) -> String {
    match seconds {
        ..100.0 => format!("{seconds:.0} s"),
        ..6_000.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3_600.0),
    }
}

/// Counts are far below the 53 bits that a double takes exactly.
fn as_number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "moments are made from a first one; no result depends on it")]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_minute() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let progress = Progress::new(&Arc::default(), begun);
        assert_eq!(progress.text(begun, 10), "0.0/min");
        progress.note(at(10), 100, 0);
        assert_eq!(progress.text(at(10), 900), "10/s  90 s left");
        progress.note(at(60), 130, 2);
        assert_eq!(progress.text(at(60), 870), "2.2/s  7 min left  2 failed");
        // A minute later nothing has come, and the first hundred are long ago.
        assert_eq!(progress.text(at(110), 870), "0.3/s  48 min left  2 failed");
        assert_eq!(progress.text(at(600), 870), "0.0/min  2 failed");
    }
}
