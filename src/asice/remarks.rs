//! What is odd about a container beside its signatures, in words.

use std::collections::BTreeSet;

use crate::asice::container::Container;
use crate::asice::earlier::Earlier;
use crate::asice::layout::{is_odd_signature_file, is_other_signature};
use crate::error::Result;

impl Container {
    /// What is odd about it as it stands; `names` are those of its data files.
    pub(super) fn all_remarks(&self, earlier: &Earlier, names: &BTreeSet<&str>) -> Vec<String> {
        let mut remarks = [self.archive().remarks(), self.oddities()].concat();
        let mut say = |text: &str, name: &str| remarks.push(said(text, name));
        let listed: Option<BTreeSet<&str>> = self.listed().map(Iterator::collect);
        match &listed {
            None => say("there is no manifest", "META-INF/manifest.xml"),
            Some(listed) => {
                names.difference(listed).for_each(|name| say("not in the manifest", name));
                listed.difference(names).for_each(|name| say("in the manifest, but not in the container", name));
            }
        }
        for name in names.iter().filter(|name| !earlier.covers(name)) {
            say("signed by nobody", name);
        }
        for entry in self.archive().entries().iter().filter(|entry| is_other_signature(&entry.name)) {
            say("a kind of signature that is not looked at", &entry.name);
        }
        remarks.extend(self.uncovered_strangers(earlier));
        remarks
    }

    /// What one more signature leaves as it is, and whoever asks for it should know: a container that validators take
    /// badly, entries that no signature covers, and a manifest that says something else than what is signed. The first
    /// `most` of them.
    ///
    /// # Errors
    /// When a signature file can't be read.
    pub(crate) fn left_open(&self, most: usize) -> Result<Vec<String>> {
        let earlier = self.earlier()?;
        let contradictions = earlier.signatures().flat_map(|(file, _, covered)| {
            let words = covered.iter().filter_map(|one| one.contradiction(self));
            words.map(move |words| format!("{}: {words}", file.escape_debug()))
        });
        let odd = self.oddities().iter().cloned();
        Ok(odd.chain(self.uncovered_strangers(earlier)).chain(contradictions).take(most).collect())
    }

    fn uncovered_strangers(&self, earlier: &Earlier) -> impl Iterator<Item = String> {
        let uncovered = self.strangers().filter(|entry| !earlier.covers(&entry.name));
        uncovered.map(|entry| match &*entry.name {
            name if is_odd_signature_file(name) => said("no validator takes this for a signature file", name),
            name if name.to_ascii_lowercase().contains("signature") => {
                said("not looked at and signed by nobody: no name of a signature file", name)
            }
            name => said("beside the signatures, and signed by nobody", name),
        })
    }
}

fn said(text: &str, name: &str) -> String {
    format!("{text}: {}", name.escape_debug())
}
