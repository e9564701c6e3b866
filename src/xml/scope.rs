//! What prefixes mean at a place of the document.

use std::collections::BTreeMap;

/// Bindings of prefixes, the inner hiding the outer. The default namespace has the prefix "".
#[derive(Debug, Default)]
pub(super) struct Scope<'a, T> {
    bound: BTreeMap<&'a str, Vec<T>>,
    order: Vec<&'a str>,
}

impl<'a, T: Copy> Scope<'a, T> {
    pub(super) fn new() -> Self {
        Scope { bound: BTreeMap::new(), order: Vec::new() }
    }

    /// How many bindings there are, hidden ones too; also what [`close`](Self::close) goes back to.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Binds `prefix` from here on.
    pub(super) fn bind(&mut self, prefix: &'a str, meaning: T) {
        self.bound.entry(prefix).or_default().push(meaning);
        self.order.push(prefix);
    }

    /// Takes back all bindings but the first `len`.
    pub(super) fn close(&mut self, len: usize) {
        while self.order.len() > len {
            let Some(prefix) = self.order.pop() else { return };
            if let Some(meanings) = self.bound.get_mut(prefix) {
                meanings.pop();
                // A prefix that nothing binds any more costs nobody a look.
                if meanings.is_empty() {
                    self.bound.remove(prefix);
                }
            }
        }
    }

    /// What `prefix` means here.
    pub(super) fn get(&self, prefix: &str) -> Option<T> {
        self.bound.get(prefix)?.last().copied()
    }

    /// All bindings that are not hidden, in the order of prefixes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, T)> {
        self.bound.iter().filter_map(|(prefix, meanings)| Some((*prefix, *meanings.last()?)))
    }
}
