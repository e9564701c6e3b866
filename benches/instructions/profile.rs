//! Reads a profile of callgrind: the instructions that count.
//!
//! In comes the file, out goes the sum of what each function took itself, without what it called. Decided here: which
//! functions do not count.

use super::Result;

/// Instructions of all functions but those that are left out.
pub(crate) fn counted(profile: &str) -> Result<u64> {
    let (mut sum, mut counts, mut is_call) = (0, true, false);
    for line in profile.lines() {
        if let Some(name) = line.strip_prefix("fn=") {
            counts = !LEFT_OUT.iter().any(|part| name.contains(part));
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            // Position and cost. After `calls=` it is what the called function took with all that it called.
            let cost = line.split(' ').nth(1).ok_or("a line without cost")?;
            if !is_call && counts {
                sum += cost.parse::<u64>()?;
            }
            is_call = false;
        }
    }
    if sum == 0 { Err("the profile is empty".into()) } else { Ok(sum) }
}

/// Parts of the names of functions that hash, that calculate with keys, or that search the heap, which looks different
/// in each run.
const LEFT_OUT: &[&str] = &[
    "sha1::",
    "sha2::",
    "sha256_",
    "digest::lanes",
    "aws_lc",
    "nistz256",
    "beeu_",
    "bignum_",
    "_int_malloc",
    "_int_free",
    "_int_realloc",
    "malloc_consolidate",
    "unlink_chunk",
];
