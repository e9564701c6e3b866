//! How each verb ends: one table, from which the documentation, the manual pages and the exit itself come.

use std::fmt::Write;

use super::Exit;

/// All ways to end, what each means, and what to do about it.
pub(crate) const ALL: [(Exit, &str, &str); 5] = [
    (Exit::Good, "everything is done", "nothing"),
    (
        Exit::Failed,
        "some documents failed, the others are done",
        "read the lines with `error`: `retry` says whether to try again (`later`), to prepare anew (`prepare-again`), or to leave it (`never`)",
    ),
    (Exit::Usage, "wrong use; nothing was done", "correct the call or the configuration"),
    (
        Exit::Stopped,
        "the run stopped for a reason that all documents share: the key, an expired or revoked certificate, a full disk, every time-stamping service refuses, the budget is spent",
        "remove the reason ([errors.md](errors.md) tells how), then run again with `--resume`",
    ),
    (
        Exit::Interrupted,
        "interrupted, the time of `--until` has come, or nobody reads the output any more",
        "run again with `--resume`",
    ),
];

/// What each status means for one verb; `None` where it does not end so.
pub(crate) struct Statuses {
    pub(crate) verb: &'static str,
    good: &'static str,
    failed: Option<&'static str>,
    usage: &'static str,
    stopped: &'static str,
    interrupted: &'static str,
}

impl Statuses {
    /// Those of a verb.
    pub(crate) fn of(verb: &str) -> Option<&'static Statuses> {
        VERBS.iter().find(|statuses| statuses.verb == verb)
    }

    /// What a status means here.
    pub(crate) fn meaning(&self, exit: Exit) -> Option<&'static str> {
        match exit {
            Exit::Good => Some(self.good),
            Exit::Failed => self.failed,
            Exit::Usage => Some(self.usage),
            Exit::Stopped => Some(self.stopped),
            Exit::Interrupted => Some(self.interrupted),
        }
    }
}

/// All verbs.
pub(crate) fn verbs() -> impl Iterator<Item = &'static str> {
    VERBS.iter().map(|statuses| statuses.verb)
}

/// The table as the page on operating has it.
pub(crate) fn markdown() -> String {
    let mut page = String::from("| status | what it means | what to do |\n|--:|---|---|\n");
    for (exit, what, todo) in ALL {
        let _ = writeln!(page, "| {} | {what} | {todo} |", exit.status());
    }
    page.push_str("\nVerb by verb:\n\n| verb |");
    for (exit, ..) in ALL {
        let _ = write!(page, " {} |", exit.status());
    }
    page.push_str("\n|---|");
    ALL.iter().for_each(|_| page.push_str("---|"));
    page.push('\n');
    for statuses in VERBS {
        let _ = write!(page, "| `{}` |", statuses.verb);
        for (exit, ..) in ALL {
            let _ = write!(page, " {} |", statuses.meaning(exit).unwrap_or("–"));
        }
        page.push('\n');
    }
    page
}

const USAGE: &str = "wrong use; nothing was done";
const CALL: &str = "wrong use, or what was named can't be read";
const SHARED: &str = "stopped by what all documents share: the disk is full";
const SERVICES: &str =
    "stopped by what all documents share: the key, its certificate, the disk, every time-stamping service, the budget";
const OUTPUT: &str = "what is printed can't be written: the disk is full";
const INTERRUPTED: &str = "interrupted, or nobody reads the output any more";
const UNTIL: &str = "interrupted, the time of `--until` has come, or nobody reads the output any more";
const READER: &str = "nobody reads the output any more";
const SOME: &str = "some documents failed, the others are done";

const VERBS: &[Statuses] = &[
    Statuses {
        verb: "demo",
        good: "the samples are signed",
        failed: Some("a sample could not be written"),
        usage: USAGE,
        stopped: SHARED,
        interrupted: INTERRUPTED,
    },
    Statuses {
        verb: "inspect",
        good: "all could be read, whatever was found in them; with `--check` all that was looked at fits",
        failed: Some(
            "some could not be read; with `--check` a digest, a value or a time-stamp does not fit, or could not be tried",
        ),
        usage: USAGE,
        stopped: SHARED,
        interrupted: UNTIL,
    },
    Statuses {
        verb: "prepare",
        good: "all are prepared",
        failed: Some("some could not be prepared, the others are"),
        usage: USAGE,
        stopped: "stopped by what all documents share: the certificate, the disk",
        interrupted: UNTIL,
    },
    Statuses {
        verb: "finalize",
        good: "all that have a value are signed",
        failed: Some("some failed or wait for a service, the others are done"),
        usage: USAGE,
        stopped: SERVICES,
        interrupted: UNTIL,
    },
    Statuses {
        verb: "seal",
        good: "all are signed",
        failed: Some(SOME),
        usage: USAGE,
        stopped: SERVICES,
        interrupted: UNTIL,
    },
    Statuses {
        verb: "extend",
        good: "all are at the level",
        failed: Some("some failed or have a signature that can't be raised, or requests of `--ask` wait for answers"),
        usage: USAGE,
        stopped: "stopped by what all documents share: the disk, every time-stamping service, the budget",
        interrupted: UNTIL,
    },
    Statuses {
        verb: "fetch",
        good: "all requests have their answers",
        failed: Some("some have none"),
        usage: USAGE,
        stopped: "stopped by what all requests share: the disk, every time-stamping service, the budget",
        interrupted: INTERRUPTED,
    },
    Statuses {
        verb: "fill",
        good: "the container is full",
        failed: Some("it could not be filled, and is as it was"),
        usage: USAGE,
        stopped: SHARED,
        interrupted: INTERRUPTED,
    },
    Statuses {
        verb: "restore",
        good: "all are whole, restored or not in need of it",
        failed: Some("some were left as they are: their undo files are not this account's own, or can't be read"),
        usage: USAGE,
        stopped: SHARED,
        interrupted: INTERRUPTED,
    },
    Statuses {
        verb: "summary",
        good: "the summary is printed",
        failed: None,
        usage: "wrong use, or a line that is none of `prepare --json`",
        stopped: OUTPUT,
        interrupted: READER,
    },
    Statuses {
        verb: "encrypt-password",
        good: "the encrypted password is printed",
        failed: None,
        usage: CALL,
        stopped: "the service's key can't be used, or the password is too long for it",
        interrupted: READER,
    },
    Statuses {
        verb: "lvrtc",
        good: "every session of the answer succeeded",
        failed: Some("a session of the answer has an `error`"),
        usage: "the request failed as a whole: standard output has `{\"error\":{\"code\",\"message\"}}`",
        stopped: OUTPUT,
        interrupted: "interrupted, or nobody reads the answer any more",
    },
    Statuses {
        verb: "sessions",
        good: "done for all entries that were named",
        failed: Some("some are unknown or can't be read"),
        usage: CALL,
        stopped: OUTPUT,
        interrupted: READER,
    },
    Statuses {
        verb: "errors",
        good: "the code is explained",
        failed: None,
        usage: "wrong use, or no such code",
        stopped: OUTPUT,
        interrupted: READER,
    },
    Statuses {
        verb: "completions",
        good: "the script is printed",
        failed: None,
        usage: "wrong use, or no such shell",
        stopped: OUTPUT,
        interrupted: READER,
    },
    Statuses {
        verb: "man",
        good: "the page is printed",
        failed: None,
        usage: "wrong use, or no such verb",
        stopped: OUTPUT,
        interrupted: READER,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_has_its_statuses() {
        let command = crate::cli::config::command();
        let verbs: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        let mut told: Vec<&str> = VERBS.iter().map(|statuses| statuses.verb).collect();
        assert!(verbs.iter().all(|verb| told.contains(verb)), "{verbs:?} {told:?}");
        told.retain(|verb| !verbs.contains(verb));
        assert!(told.is_empty(), "no verbs: {told:?}");
    }
}
