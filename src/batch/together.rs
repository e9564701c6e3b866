//! A worker's share of inputs: one stage for all of them together, the others for each alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use super::event::Observer;
use super::pace::Pace;
use crate::error::{Error, Result};

/// Work of which one stage is done for several inputs at once, such as hashing them side by side.
///
/// Results must not depend on which inputs come together.
pub trait Together<T>: Sync {
    /// An input that is ready for the shared stage.
    type Begun: Send;
    /// What the shared stage makes of it.
    type Shared;
    /// The result.
    type Done: Send;

    /// What comes before, for each input alone.
    ///
    /// # Errors
    /// Whatever the input's result shall be.
    fn begin(&self, input: T) -> Result<Self::Begun>;

    /// The shared stage: a result for each of `begun`, in their order.
    ///
    /// After a panic it is called again for each of them alone, so that only the one to blame fails.
    fn together(&self, begun: &[Self::Begun]) -> Vec<Result<Self::Shared>>;

    /// What comes after, for each input alone.
    ///
    /// # Errors
    /// Whatever the input's result shall be.
    fn finish(&self, begun: Self::Begun, shared: Self::Shared) -> Result<Self::Done>;
}

/// Work that has no shared stage.
pub(super) struct Each<F>(pub(super) F);

impl<T, R: Send, F: Fn(T) -> Result<R> + Sync> Together<T> for Each<F> {
    type Begun = R;
    type Shared = ();
    type Done = R;

    fn begin(&self, input: T) -> Result<R> {
        self.0(input)
    }

    fn together(&self, begun: &[R]) -> Vec<Result<()>> {
        begun.iter().map(|_| Ok(())).collect()
    }

    fn finish(&self, begun: R, (): ()) -> Result<R> {
        Ok(begun)
    }
}

/// Does the work on a share; results come with the indices of their inputs, in any order.
pub(super) fn share<T, W: Together<T>>(
    inputs: Vec<(usize, (u64, T))>,
    work: &W,
    observer: &Observer,
    cancel: &AtomicBool,
) -> Vec<(usize, Result<W::Done>)> {
    let mut results = Vec::with_capacity(inputs.len());
    let mut inputs = inputs.into_iter().peekable();
    while inputs.peek().is_some() {
        let (mut places, mut all) = (Vec::with_capacity(inputs.len()), Vec::with_capacity(inputs.len()));
        // What takes long to begin may hold much: not all of a share is held until all of it has begun.
        let clock = Pace::begin();
        for (index, (bytes, input)) in inputs.by_ref() {
            if cancel.load(Ordering::Relaxed) {
                results.push((index, Err(Error::Cancelled)));
                continue;
            }
            observer.taken(index, bytes);
            match guarded(|| work.begin(input)) {
                Ok(begun) => {
                    places.push((index, bytes));
                    all.push(begun);
                }
                Err(error) => {
                    let result = Err(error);
                    observer.ended(index, bytes, &result);
                    results.push((index, result));
                }
            }
            if clock.is_over() {
                break;
            }
        }
        let shared = together(&all, work);
        for (((index, bytes), begun), shared) in places.into_iter().zip(all).zip(shared) {
            let result = shared.and_then(|shared| guarded(|| work.finish(begun, shared)));
            observer.ended(index, bytes, &result);
            results.push((index, result));
        }
    }
    results
}

fn together<T, W: Together<T>>(all: &[W::Begun], work: &W) -> Vec<Result<W::Shared>> {
    let shared = catch_unwind(AssertUnwindSafe(|| work.together(all))).unwrap_or_default();
    if shared.len() == all.len() {
        return shared;
    }
    let alone = |begun| {
        let mut shared = catch_unwind(AssertUnwindSafe(|| work.together(std::slice::from_ref(begun)))).ok()?;
        shared.pop().filter(|_| shared.is_empty())
    };
    all.iter().map(|begun| alone(begun).unwrap_or(Err(CAUGHT))).collect()
}

/// Does the work, of which a panic is an error.
pub(super) fn guarded<R>(work: impl FnOnce() -> Result<R>) -> Result<R> {
    // A panic leaves nothing behind that another input sees: inputs share only what is `Sync`.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(CAUGHT))
}

const CAUGHT: Error = Error::Bug("a panic was caught");

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::batch::Batch;

    /// Doubles numbers together; each stage fails or panics at numbers of its own.
    #[derive(Default)]
    struct Doubling {
        shares: Mutex<Vec<usize>>,
    }

    impl Together<usize> for Doubling {
        type Begun = usize;
        type Shared = usize;
        type Done = usize;

        fn begin(&self, n: usize) -> Result<usize> {
            if n % 10 == 1 { Err(Error::SignatureMismatch(Box::default())) } else { Ok(n) }
        }

        fn together(&self, all: &[usize]) -> Vec<Result<usize>> {
            self.shares.lock().unwrap().push(all.len());
            assert!(all.iter().all(|n| n % 10 != 2), "two");
            all.iter()
                .map(|n| if n % 10 == 3 { Err(Error::SignatureMismatch(Box::default())) } else { Ok(n * 2) })
                .collect()
        }

        fn finish(&self, n: usize, doubled: usize) -> Result<usize> {
            assert_ne!(n % 10, 4, "four");
            Ok(doubled - n)
        }
    }

    #[test]
    fn each_failure_and_panic_is_one_inputs_whatever_the_share() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let work = Doubling::default();
        for workers in [1, 3] {
            let mut seen = Vec::new();
            let inputs = (0..400).map(|n| (1, n));
            Batch::new(workers, 64).run_together(inputs, &work, |first, results| {
                assert_eq!(first, seen.len(), "results come in input order");
                seen.extend(results.into_iter().map(|result| result.map_err(|error| error.code())));
            });
            let expected = |n: usize| match n % 10 {
                1 | 3 => Err(crate::ErrorCode::SignatureMismatch),
                2 | 4 => Err(crate::ErrorCode::Bug),
                _ => Ok(n),
            };
            assert_eq!(seen, (0..400).map(expected).collect::<Vec<_>>());
        }
        assert!(work.shares.into_inner().unwrap().iter().any(|share| *share > 1), "quick inputs come together");
        std::panic::set_hook(hook);
    }

    #[test]
    fn a_share_of_the_wrong_length_is_no_result() {
        struct Wrong;
        impl Together<u8> for Wrong {
            type Begun = u8;
            type Shared = u8;
            type Done = u8;
            fn begin(&self, n: u8) -> Result<u8> {
                Ok(n)
            }
            fn together(&self, _: &[u8]) -> Vec<Result<u8>> {
                vec![Ok(1), Ok(2)]
            }
            fn finish(&self, n: u8, _: u8) -> Result<u8> {
                Ok(n)
            }
        }
        let results =
            share(vec![(0, (0, 0)), (1, (0, 1)), (2, (0, 2))], &Wrong, &Observer::default(), &AtomicBool::new(false));
        assert!(results.into_iter().all(|(_, result)| result.is_err()));
    }
}
