//! Many documents at once: workers, a bounded window, a memory budget, results in input order.
//!
//! In: any iterator of inputs, also one that waits for another program's next line. Out: a result for each,
//! in the order of the inputs, as soon as all before it are out. One failure is one input's failure, also a panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Result;

mod event;
mod journal;
mod pace;
mod queue;
mod session;
mod summary;
mod together;

pub use event::Event;
use event::Observer;
pub use journal::{Done, Journal, Made, Trace};
use pace::Pace;
use queue::Queue;
pub use session::{FileKind, Form, IncludedFile, Phase, Preparation, Rearchive, SessionClimb, SessionDigest};
pub use session::{SessionFailure, SessionFile, SessionResult, SessionStatus, Sessions};
pub use summary::{digests_summary, verification_code};
pub use together::Together;
use together::{Each, guarded, share};

/// How a batch is run.
#[derive(Debug, Clone)]
pub struct Batch {
    workers: usize,
    window: usize,
    memory_budget: u64,
    cancel: Arc<AtomicBool>,
    observer: Observer,
}

impl Batch {
    /// `workers` threads, and at most `window` inputs between their coming in and their result going out;
    /// both at least one.
    #[must_use]
    pub fn new(workers: usize, window: usize) -> Self {
        let workers = workers.max(1);
        Batch {
            workers,
            window: window.max(workers),
            memory_budget: u64::MAX,
            cancel: Arc::default(),
            observer: Observer::default(),
        }
    }

    /// Starts an input only while all that are in flight need at most `bytes` together, or when it is the only one.
    #[must_use]
    pub fn memory_budget(self, bytes: u64) -> Self {
        Batch { memory_budget: bytes, ..self }
    }

    /// Stops when `stop` is set: what has begun is finished, no further input is taken.
    #[must_use]
    pub fn cancel_on(self, stop: &Arc<AtomicBool>) -> Self {
        Batch { cancel: Arc::clone(stop), ..self }
    }

    /// Tells `observer` what happens to each input, while it happens and in the thread that does the work: be quick.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use eseal::batch::{Batch, Event};
    ///
    /// let (bytes, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    /// let (seen, wrong) = (Arc::clone(&bytes), Arc::clone(&failed));
    /// let batch = Batch::new(2, 16).observe(move |event| match event {
    ///     Event::Done { bytes, .. } => _ = seen.fetch_add(bytes, Ordering::Relaxed),
    ///     Event::Failed { .. } => _ = wrong.fetch_add(1, Ordering::Relaxed),
    ///     _ => {}
    /// });
    /// batch.run([(10, "a"), (20, "b")], |name| Ok(name.len()), |_, result| assert!(result.is_ok()));
    /// assert_eq!((bytes.load(Ordering::Relaxed), failed.load(Ordering::Relaxed)), (30, 0));
    /// ```
    #[must_use]
    pub fn observe(self, observer: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Batch { observer: Observer::new(observer), ..self }
    }

    /// Runs `work` on each input, of which each comes with the bytes of memory it will need, and hands the results to
    /// `sink` in input order.
    ///
    /// After a cancellation inputs that were taken but not begun end with
    /// [`Error::Cancelled`](crate::Error::Cancelled); inputs that were not taken have no result. A panic in `work` is
    /// that input's [`Error::Bug`](crate::Error::Bug).
    pub fn run<I, T, R>(&self, inputs: I, work: impl Fn(T) -> Result<R> + Sync, mut sink: impl FnMut(usize, Result<R>))
    where
        I: IntoIterator<Item = (u64, T), IntoIter: Send>,
        T: Send,
        R: Send,
    {
        if self.workers > 1 {
            return self.run_grouped(inputs, work, |first, results| {
                results.into_iter().enumerate().for_each(|(n, result)| sink(first + n, result));
            });
        }
        // One worker needs no second thread: take, work, hand on.
        for (index, (bytes, input)) in inputs.into_iter().enumerate() {
            self.observer.taken(index, bytes);
            let result = guarded(|| work(input));
            self.observer.ended(index, bytes, &result);
            sink(index, result);
            if self.is_cancelled() {
                break;
            }
        }
    }

    /// As [`Batch::run`], but hands over all results that are ready together: the index of the first, and the results.
    ///
    /// What costs once a group, such as a sync, is so shared by the more results the longer it takes, while a single
    /// input is never made to wait for others.
    pub fn run_grouped<I, T, R>(
        &self,
        inputs: I,
        work: impl Fn(T) -> Result<R> + Sync,
        sink: impl FnMut(usize, Vec<Result<R>>),
    ) where
        I: IntoIterator<Item = (u64, T), IntoIter: Send>,
        T: Send,
        R: Send,
    {
        self.run_together(inputs, &Each(work), sink);
    }

    /// As [`Batch::run_grouped`], for work of which one stage is done for several inputs together.
    ///
    /// Inputs share that stage while they are quick and as far as they are there: never does one wait for another
    /// that has not come yet. A failure is still one input's, also a panic.
    ///
    /// ```
    /// use eseal::batch::{Batch, Together};
    /// use eseal::{Document, Error, Kernel, Limits, Moment, Plan, Prepared, Result, Source, Time, prepare_all, system};
    ///
    /// /// Opens PDFs, prepares several of them side by side, and keeps the states.
    /// struct Prepare<'a> {
    ///     plan: &'a Plan,
    ///     moment: Moment,
    ///     kernel: Kernel,
    /// }
    ///
    /// impl Together<(Vec<u8>, &str)> for Prepare<'_> {
    ///     type Begun = (Document, Moment);
    ///     type Shared = Prepared;
    ///     type Done = Vec<u8>;
    ///
    ///     fn begin(&self, (bytes, name): (Vec<u8>, &str)) -> Result<(Document, Moment)> {
    ///         let document = Document::open(Source::from_bytes(bytes), &Limits::default())?;
    ///         Ok((document, self.moment.for_document(name.as_bytes())))
    ///     }
    ///
    ///     fn together(&self, begun: &[(Document, Moment)]) -> Vec<Result<Prepared>> {
    ///         let documents: Vec<_> = begun.iter().map(|(document, moment)| (document, self.plan, *moment)).collect();
    ///         prepare_all(&documents, self.kernel)
    ///     }
    ///
    ///     fn finish(&self, _: (Document, Moment), prepared: Prepared) -> Result<Vec<u8>> {
    ///         prepared.to_state()
    ///     }
    /// }
    /// # fn main() -> Result<()> {
    /// # let at = Time::parse_rfc3339("2026-01-02T03:04:05Z")?;
    /// # let key = eseal::key::throw_away(&eseal::system::OsEntropy, "Nobody", at)?;
    /// # let plan = Plan::new(eseal::Signer::chain(&key)[0].clone(), &[])?;
    /// # let pdf = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pdf/table-lf.pdf")).unwrap();
    /// # let inputs = [(0, (pdf.clone(), "a")), (0, (b"no PDF".to_vec(), "b")), (0, (pdf, "c"))];
    /// # let mut states = Vec::new();
    ///
    /// let work = Prepare { plan: &plan, moment: Moment::new(at, [7; 32]), kernel: system::fastest_kernel() };
    /// Batch::new(2, 64).run_together(inputs, &work, |_, results| states.extend(results));
    /// # assert_eq!(states.iter().map(|state| state.is_ok()).collect::<Vec<_>>(), [true, false, true]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_together<I, T, W>(&self, inputs: I, work: &W, mut sink: impl FnMut(usize, Vec<Result<W::Done>>))
    where
        I: IntoIterator<Item = (u64, T), IntoIter: Send>,
        T: Send,
        W: Together<T>,
    {
        let queue = Queue::new(self.window, self.memory_budget, &self.cancel);
        let inputs = inputs.into_iter();
        std::thread::scope(|scope| {
            let _end = queue.end_on_drop();
            scope.spawn(|| {
                let _closed = queue.close_on_drop();
                for (need, input) in inputs {
                    if !queue.push(need, (need, input)) {
                        break;
                    }
                }
            });
            for _ in 0..self.workers {
                scope.spawn(|| {
                    let mut pace = Pace::new(self.window / (2 * self.workers));
                    while let Some(inputs) = queue.take(pace.inputs()) {
                        queue.finish(pace.over(|| share(inputs, work, &self.observer, &self.cancel)));
                    }
                });
            }
            while let Some((first, results)) = queue.ready() {
                let count = results.len();
                sink(first, results);
                queue.release(count);
            }
        });
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    use super::*;
    use crate::error::Error;

    fn inputs(n: usize) -> impl Iterator<Item = (u64, usize)> + Send {
        (0..n).map(|n| (10, n))
    }

    #[test]
    fn results_come_in_input_order_with_any_number_of_workers() {
        for workers in [1, 2, 8] {
            let mut seen = Vec::new();
            Batch::new(workers, 16).run(
                inputs(500),
                |n| {
                    // Uneven work, so that later inputs overtake earlier ones.
                    (0..(n * 7919) % 1000).for_each(|n| assert!(std::hint::black_box(n) < 1000));
                    if n % 7 == 0 { Err(Error::SignatureMismatch(Box::default())) } else { Ok(n) }
                },
                |index, result| seen.push((index, result.ok())),
            );
            let expected: Vec<_> = (0..500).map(|n| (n, (n % 7 != 0).then_some(n))).collect();
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn a_panic_is_one_inputs_bug() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        for workers in [1, 3] {
            let mut bugs = Vec::new();
            Batch::new(workers, 4).run(
                inputs(20),
                |n| if n == 5 { panic!("five") } else { Ok(n) },
                |index, result| {
                    if let Err(error) = result {
                        bugs.push((index, error.code()));
                    }
                },
            );
            assert_eq!(bugs, [(5, crate::ErrorCode::Bug)]);
        }
        std::panic::set_hook(hook);
    }

    #[test]
    fn window_and_memory_budget_are_kept() {
        for (window, budget, most) in [(4, u64::MAX, 4), (64, 35, 3), (64, 1, 1)] {
            let (in_flight, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
            Batch::new(2, window).memory_budget(budget).run(
                inputs(100),
                |n| {
                    let now = in_flight.fetch_add(1, Ordering::SeqCst) + 1;
                    peak.fetch_max(now, Ordering::SeqCst);
                    Ok(n)
                },
                |_, _| {
                    in_flight.fetch_sub(1, Ordering::SeqCst);
                },
            );
            assert!(peak.load(Ordering::SeqCst) <= most, "{window} {budget}");
        }
    }

    #[test]
    fn a_result_goes_out_while_the_next_input_is_awaited() {
        let (more, lines) = mpsc::channel::<usize>();
        let more = Mutex::new(Some(more));
        more.lock().unwrap().as_ref().unwrap().send(0).unwrap();
        let mut seen = Vec::new();
        // Each result asks for the next input: with any result held back this would never end.
        Batch::new(2, 8).run(lines.into_iter().map(|n| (0, n)), Ok, |_, result| {
            let n: usize = result.unwrap();
            seen.push(n);
            let mut more = more.lock().unwrap();
            if n < 5 {
                more.as_ref().unwrap().send(n + 1).unwrap();
            } else {
                *more = None;
            }
        });
        assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn cancelling_takes_no_further_input() {
        for workers in [1, 2] {
            let stop = Arc::new(AtomicBool::new(false));
            let (mut done, mut cancelled) = (0, 0);
            Batch::new(workers, 4).cancel_on(&stop).run(inputs(1000), Ok, |index, result| {
                if index == 2 {
                    stop.store(true, Ordering::Relaxed);
                }
                match result {
                    Ok(_) => done += 1,
                    Err(Error::Cancelled) => cancelled += 1,
                    Err(error) => panic!("{error}"),
                }
            });
            assert!(done >= 3 && done + cancelled <= 16, "{done} {cancelled}");
        }
    }
}
