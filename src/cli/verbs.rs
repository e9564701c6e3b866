//! Words that people type for a verb, and the verb that they mean.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use eseal::json::nearest;

/// An error of the command line, with the verb that was meant by one that is none.
pub(crate) fn with_advice(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return error;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    if let Some((verb, advice)) = meant(word) {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![verb.to_owned()]));
        if let Some(advice) = advice {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(advice)]));
        }
    }
    error
}

/// What is said of a word that is none of these verbs.
pub(crate) fn advice<'a>(word: &str, verbs: impl Iterator<Item = &'a str>) -> String {
    let verb = meant(word).map(|(verb, _)| verb).or_else(|| nearest(word, verbs));
    verb.map(|verb| format!("; did you mean {verb}?")).unwrap_or_default()
}

/// The verb that a word means, and what else is to be said.
fn meant(word: &str) -> Option<(&'static str, Option<&'static str>)> {
    let word = word.to_lowercase();
    let (_, verb, advice) = WORDS.iter().find(|(words, ..)| words.split(' ').any(|one| one == word))?;
    Some((verb, *advice))
}

const WORDS: &[(&str, &str, Option<&str>)] = &[
    ("sign signs signing sealing stamp-pdf pades xades cades asice", "seal", None),
    (
        "verify validate validation verification check",
        "inspect",
        Some(
            "`eseal inspect` says what is in a document and whether digests and values fit; it gives no verdict on trust",
        ),
    ),
    ("info show view analyze analyse examine signatures dump read", "inspect", None),
    (
        "timestamp time-stamp stamp tsa lt lta ltv",
        "extend",
        Some("`eseal extend --level b-t` adds a time-stamp, b-lt and b-lta what keeps it provable"),
    ),
    ("upgrade augment raise renew archive extension", "extend", None),
    ("digest hash tbs to-be-signed calculate calculate-digest prepare-signature presign", "prepare", None),
    ("complete finish embed inject assemble attach finalise postsign", "finalize", None),
    (
        "pack wrap container create add zip",
        "seal",
        Some("`eseal seal FILE… --into NAME.asice` puts files into one container and signs it"),
    ),
    ("explain error code codes", "errors", None),
    ("session store list purge expire", "sessions", None),
    ("undo rollback recover repair", "restore", None),
    ("password encrypt", "encrypt-password", None),
    ("completion complete-shell bash zsh fish", "completions", None),
    ("manual manpage manpages docs", "man", None),
    ("ask answer download-answers", "fetch", None),
    ("try test example sample", "demo", None),
    ("signapi eparaksts esign", "lvrtc", None),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::command;

    #[test]
    fn each_word_means_a_verb_and_is_none() {
        let command = command();
        let verbs: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        for (words, verb, _) in WORDS {
            assert!(verbs.contains(verb), "{verb}");
            for word in words.split(' ') {
                assert!(!verbs.contains(&word) && meant(word).is_some_and(|(meant, _)| meant == *verb), "{word}");
            }
        }
        assert_eq!(meant("frobnicate"), None);
    }
}
