//! What happens in a batch, told to whoever wants to know: a progress bar, a log, a gauge.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::{Error, ErrorCode};

/// What happens to an input, told at once: results come in input order, these do not.
///
/// `index` counts the inputs from 0, `bytes` is what the input was said to need. Each input that is taken up is told of
/// twice; what is cancelled before, never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A worker takes it up.
    Taken {
        /// Which input.
        index: usize,
        /// Its bytes.
        bytes: u64,
    },
    /// Its work is done; the result waits for those before it.
    Done {
        /// Which input.
        index: usize,
        /// Its bytes.
        bytes: u64,
    },
    /// Its work has failed, or panicked.
    Failed {
        /// Which input.
        index: usize,
        /// Its bytes.
        bytes: u64,
        /// What the result will say.
        code: ErrorCode,
    },
}

/// Who wants to know, if anybody.
#[derive(Clone, Default)]
pub(super) struct Observer(Option<Arc<dyn Fn(Event) + Send + Sync>>);

impl Observer {
    pub(super) fn new(observer: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Observer(Some(Arc::new(observer)))
    }

    /// An input is taken up.
    pub(super) fn taken(&self, index: usize, bytes: u64) {
        self.tell(Event::Taken { index, bytes });
    }

    /// Its result is there.
    pub(super) fn ended<R>(&self, index: usize, bytes: u64, result: &Result<R, Error>) {
        self.tell(match result {
            Ok(_) => Event::Done { index, bytes },
            Err(error) => Event::Failed { index, bytes, code: error.code() },
        });
    }

    fn tell(&self, event: Event) {
        if let Some(observer) = &self.0 {
            // Whoever only looks on must not break the work.
            let _ = catch_unwind(AssertUnwindSafe(|| observer(event)));
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer" } else { "nobody" })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, mpsc};

    use super::*;
    use crate::batch::Batch;
    use crate::source::to_u64;

    #[test]
    fn each_input_is_told_of_when_it_is_taken_and_when_it_ends() {
        for workers in [1, 4] {
            let seen = Arc::new(Mutex::new(BTreeMap::<usize, Vec<Event>>::new()));
            let sink = Arc::clone(&seen);
            let batch = Batch::new(workers, 8).observe(move |event| {
                let (Event::Taken { index, .. } | Event::Done { index, .. } | Event::Failed { index, .. }) = event;
                sink.lock().unwrap().entry(index).or_default().push(event);
            });
            let inputs = (0..100_usize).map(|n| (to_u64(n) * 3, n));
            batch.run(
                inputs,
                |n| if n % 10 == 0 { Err(Error::SignatureMismatch(Box::default())) } else { Ok(n) },
                |_, _| {},
            );
            let seen = seen.lock().unwrap();
            assert_eq!(seen.len(), 100);
            for (&index, events) in seen.iter() {
                let bytes = to_u64(index) * 3;
                let last = match index % 10 {
                    0 => Event::Failed { index, bytes, code: ErrorCode::SignatureMismatch },
                    _ => Event::Done { index, bytes },
                };
                assert_eq!(events, &[Event::Taken { index, bytes }, last]);
            }
        }
    }

    #[test]
    fn an_event_comes_before_the_results_of_earlier_inputs() {
        // The first input ends when the second one has: an event that waited for its turn would never come.
        let (tell, told) = mpsc::channel();
        let (tell, told) = (Mutex::new(tell), Mutex::new(told));
        let batch = Batch::new(2, 4).observe(move |event| {
            if let Event::Done { index: 1, .. } = event {
                tell.lock().unwrap().send(()).unwrap();
            }
        });
        let work = |n: usize| {
            if n == 0 {
                told.lock().unwrap().recv().unwrap();
            }
            Ok(())
        };
        let mut results = 0;
        batch.run([(0, 0), (0, 1)], work, |_, result| results += usize::from(result.is_ok()));
        assert_eq!(results, 2);
    }

    #[test]
    fn an_observer_that_panics_breaks_nothing() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let mut good = 0;
        for workers in [1, 3] {
            let batch = Batch::new(workers, 4).observe(|_| panic!("looks on"));
            batch.run((0..20).map(|n| (0, n)), Ok, |_, result| good += usize::from(result.is_ok()));
        }
        std::panic::set_hook(hook);
        assert_eq!(good, 40);
    }
}
