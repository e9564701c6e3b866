//! What help and manual pages say of each verb beside its options: examples and files.
//!
//! A test makes sure that each example is a call that is understood.

/// Examples and files of one verb; `verb` is as it is typed, such as `lvrtc start`.
pub(crate) struct Page {
    pub(crate) verb: &'static str,
    /// Calls, without `eseal`, and what each of them does.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    /// Files that it reads or leaves beside those that are named, and what they are for.
    pub(crate) files: &'static [(&'static str, &'static str)],
}

impl Page {
    /// That of a verb.
    pub(crate) fn of(verb: &str) -> Option<&'static Page> {
        PAGES.iter().find(|page| page.verb == verb)
    }

    /// The examples, as help begins with them.
    pub(crate) fn help(&self) -> String {
        let mut text = String::from("Examples:");
        for (call, what) in self.examples {
            text.push_str(&format!("\n  eseal {call}\n      {what}"));
        }
        text
    }
}

const CONFIG: (&str, &str) = ("FILE of --config", "Settings in TOML; docs/eseal.toml has all of them.");
const TEMPORARY: (&str, &str) =
    (".NAME.eseal-tmp", "Beside a result NAME while it is written; a crash may leave it, the next run takes it away.");
const UNDO: (&str, &str) =
    (".NAME.eseal-undo", "Beside a document NAME while --in-place changes it; see `eseal restore`.");
const UNDO_KEY: (&str, &str) = (
    "$XDG_STATE_HOME/eseal/undo.key",
    "This account's key for undo files, else in ~/.local/state/eseal; --state-dir names another folder.",
);
const LOCK: (&str, &str) = (".eseal-lock", "In the folder of the results while a run works there.");
const JOURNAL: (&str, &str) = (".eseal-run", "In the folder of the results: what is done, for --resume.");
const STORE: (&str, &str) = (
    "DIR of --store",
    "<id>.<n>.eseal is the state after a step, <id>.json what the command needs; mode 0700. What people have signed is here until its result is written.",
);
const RUN: &[(&str, &str)] = &[CONFIG, JOURNAL, LOCK, TEMPORARY, UNDO, UNDO_KEY];
const SESSIONS: &[(&str, &str)] =
    &[CONFIG, ("DIR of --store", "A folder for each session: its files, and how far it came; mode 0700.")];

const PAGES: &[Page] = &[
    Page {
        verb: "demo",
        examples: &[
            ("demo", "Sign the bundled samples into eseal-demo."),
            ("demo --out try --overwrite", "The same, into another folder, once more."),
        ],
        files: &[TEMPORARY],
    },
    Page {
        verb: "inspect",
        examples: &[
            ("inspect contract.pdf", "Say what is in a document, for people."),
            ("inspect --json archive/ > lines.jsonl", "One JSON object a line for each PDF and container of a folder."),
            ("inspect --check contract-signed.pdf", "Exit status 1 when a digest or a value does not fit."),
        ],
        files: &[CONFIG],
    },
    Page {
        verb: "prepare",
        examples: &[
            (
                "prepare contract.pdf --cert signer.pem --store work --json > digests.jsonl",
                "Print the digest that a key elsewhere must sign; `finalize` puts its value in.",
            ),
            (
                "prepare in/ --out out --cert signer.pem --chain ca.pem --store work --level b-lt",
                "Prepare a folder, with room for B-LT.",
            ),
            ("prepare a.xml b.xml --into both.asice --cert signer.pem --store work", "Two files in one container."),
        ],
        files: &[CONFIG, STORE, TEMPORARY],
    },
    Page {
        verb: "finalize",
        examples: &[
            (
                "finalize --store work --values values.jsonl --out signed",
                "Write the signed documents; each value is verified first.",
            ),
            (
                "finalize --store work --out signed --tsa https://tsa.example --trust roots.pem",
                "Go on where a service was down.",
            ),
        ],
        files: &[CONFIG, STORE, JOURNAL, LOCK, TEMPORARY, UNDO, UNDO_KEY],
    },
    Page {
        verb: "seal",
        examples: &[
            (
                "seal contract.pdf --key seal.p12 --password-file password",
                "Sign one document with a key file, as contract-signed.pdf.",
            ),
            (
                "seal in/ --out out --key seal.p12 --resume --config eseal.toml",
                "Sign a folder every night; only what is not done yet.",
            ),
            ("seal a.xml b.xml --into both.asice --key seal.p12", "Two files in one container."),
            (
                "seal in/ --out out --key 'pkcs11:token=house;object=seal' --pkcs11-module libsofthsm2.so --pin-file pin",
                "The key is on a token.",
            ),
        ],
        files: RUN,
    },
    Page {
        verb: "extend",
        examples: &[
            (
                "extend contract-signed.pdf --level b-lt --tsa https://tsa.example --trust roots.pem",
                "Add a time-stamp and proof that nothing was revoked.",
            ),
            (
                "extend archive/ --in-place --level b-lta --renew-before 180d --config eseal.toml",
                "Renew what protects an archive, where that ends soon.",
            ),
            (
                "extend archive/ --level b-lt --trust roots.pem --out raised --ask asked",
                "Without a network: write the requests, see `fetch`.",
            ),
        ],
        files: RUN,
    },
    Page {
        verb: "fetch",
        examples: &[(
            "fetch asked --tsa https://tsa.example",
            "Answer, where there is a network, what `extend --ask asked` wrote.",
        )],
        files: &[
            CONFIG,
            (
                "tsa-*.tsq, ocsp-*.orq, crl-*.url, aia-*.url",
                "Requests in the folder; their answers end in .tsr, .ors, .crl and .cer.",
            ),
            LOCK,
        ],
    },
    Page {
        verb: "fill",
        examples: &[
            ("fill signed.asice report.xml --out full", "Put the file into a container that was signed by its digest."),
            ("fill signed.asice data/report.xml=report-2026.xml --in-place", "The same under another name, in place."),
        ],
        files: &[CONFIG, TEMPORARY, UNDO, UNDO_KEY],
    },
    Page {
        verb: "restore",
        examples: &[
            ("restore contract.pdf", "Put back what an interrupted run has changed in place."),
            ("restore --accept contract.pdf", "The same from an undo file that somebody else made."),
        ],
        files: &[UNDO, UNDO_KEY],
    },
    Page {
        verb: "summary",
        examples: &[("summary digests.jsonl", "One digest over those of `prepare --json`, and the codes to compare.")],
        files: &[CONFIG],
    },
    Page {
        verb: "encrypt-password",
        examples: &[
            (
                "encrypt-password --service-key service.pem --password-file password",
                "Encrypt a password to a service's key.",
            ),
            (
                "encrypt-password --lvrtc-production --json",
                "To the key of LVRTC's production; the password is asked for.",
            ),
        ],
        files: &[CONFIG],
    },
    Page {
        verb: "lvrtc",
        examples: &[
            ("lvrtc --store S start", "Begin a session."),
            ("lvrtc --store S calculate-digest < request.json", "Compute what the key must sign."),
            (
                "lvrtc --store S finalize-signing --tsa https://tsa.example --trust roots.pem < request.json",
                "Put the values in.",
            ),
        ],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc start",
        examples: &[("lvrtc --store S start --amount 20", "Begin twenty sessions.")],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc upload",
        examples: &[("lvrtc --store S upload SESSION contract.pdf", "Put a file into a session.")],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc add-document-digest",
        examples: &[(
            "lvrtc --store S add-document-digest SESSION < request.json",
            "Put digests of files that stay elsewhere into a session.",
        )],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc list",
        examples: &[("lvrtc --store S list SESSION", "List the files of a session.")],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc download",
        examples: &[("lvrtc --store S download SESSION --out signed.pdf", "Take the only file out of a session.")],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc delete",
        examples: &[("lvrtc --store S delete SESSION ID", "Remove a file from a session.")],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc close",
        examples: &[("lvrtc --store S close SESSION", "End a session; its files are gone.")],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc calculate-digest",
        examples: &[("lvrtc --store S calculate-digest < request.json", "Compute what the key must sign.")],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc finalize-signing",
        examples: &[(
            "lvrtc --store S finalize-signing --tsa https://tsa.example --trust roots.pem < request.json",
            "Put the values in, and raise to the level.",
        )],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc add-archive",
        examples: &[(
            "lvrtc --store S add-archive --tsa https://tsa.example --trust roots.pem < request.json",
            "Add an archive time-stamp.",
        )],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc eseal-create",
        examples: &[(
            "lvrtc --store S eseal-create --key seal.p12 --password-file password < request.json",
            "Seal with a key that is here.",
        )],
        files: SESSIONS,
    },
    Page {
        verb: "lvrtc public-key",
        examples: &[("lvrtc public-key --password-key service-key.pem", "Print what passwords are encrypted to.")],
        files: SESSIONS,
    },
    Page {
        verb: "sessions",
        examples: &[
            ("sessions --store work list --pending --json", "What still waits for its value."),
            ("sessions --store work expire --older-than 24h", "Remove what is older than a day."),
        ],
        files: &[CONFIG, STORE],
    },
    Page {
        verb: "sessions list",
        examples: &[("sessions --store work list --pending", "What still waits for its value.")],
        files: &[STORE],
    },
    Page {
        verb: "sessions show",
        examples: &[("sessions --store work show 4f2a", "The entries whose ids begin so, in full.")],
        files: &[STORE],
    },
    Page {
        verb: "sessions expire",
        examples: &[(
            "sessions --store work expire --older-than 24h",
            "Remove what was last changed more than a day ago.",
        )],
        files: &[STORE],
    },
    Page {
        verb: "sessions purge",
        examples: &[("sessions --store work purge --all", "Remove all entries, finished or not.")],
        files: &[STORE],
    },
    Page {
        verb: "errors",
        examples: &[
            ("errors pdf.xref.cycle", "What an error means and what to do."),
            ("errors --json", "All of them, one JSON object a line."),
        ],
        files: &[CONFIG],
    },
    Page {
        verb: "completions",
        examples: &[
            ("completions bash > ~/.local/share/bash-completion/completions/eseal", "For bash."),
            ("completions fish > ~/.config/fish/completions/eseal.fish", "For fish."),
        ],
        files: &[(
            "~/.local/share/bash-completion/completions/eseal",
            "Where bash looks for the script; for zsh it is a file _eseal in a folder of $fpath.",
        )],
    },
    Page {
        verb: "man",
        examples: &[
            ("man seal", "The page of one verb, as `man` reads it."),
            ("man --pages /usr/local/share/man/man1", "All pages as files."),
        ],
        files: &[("eseal.1, eseal-VERB.1", "The pages that --pages writes.")],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::command;

    /// Verbs as they are typed, those of verbs included.
    fn verbs(command: &clap::Command, before: &str, found: &mut Vec<String>) {
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            let name = format!("{before}{}", verb.get_name());
            found.push(name.clone());
            verbs(verb, &format!("{name} "), found);
        }
    }

    #[test]
    fn each_verb_has_a_page_and_each_page_a_verb() {
        let mut typed = Vec::new();
        verbs(&command(), "", &mut typed);
        let pages: Vec<&str> = PAGES.iter().map(|page| page.verb).collect();
        let missing: Vec<_> = typed.iter().filter(|verb| !pages.contains(&verb.as_str())).collect();
        assert!(missing.is_empty() && pages.len() == typed.len(), "{missing:?} {}", pages.len());
        assert!(PAGES.iter().all(|page| !page.examples.is_empty() && !page.files.is_empty()));
    }

    #[test]
    fn each_example_is_understood() {
        for (call, _) in PAGES.iter().flat_map(|page| page.examples) {
            let call = call.replace('\'', "");
            let words = call.split_whitespace().take_while(|word| !["<", ">"].contains(word));
            let read = command().try_get_matches_from(std::iter::once("eseal").chain(words));
            assert!(read.is_ok(), "{call}: {}", read.unwrap_err());
        }
    }
}
