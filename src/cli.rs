//! The command: what was typed comes in, an exit status goes out.
//!
//! `args` is what was typed, `config` what it means, `report` what is printed; a file for each verb.

use std::process::ExitCode;
use std::sync::Arc;

use eseal::{Error, ErrorCode, Scope};
use ledger::{Ledger, Reason};

mod args;
mod ask;
mod asking;
mod changing;
mod choices;
mod climb;
mod config;
mod confined;
mod containers;
mod demo;
mod documents;
mod dry_run;
mod encrypt_password;
mod errors;
mod extend;
mod fetch;
mod fill;
mod finalize;
mod inputs;
mod inspect;
mod key;
mod ledger;
mod lines;
mod list;
mod lvrtc;
mod manual;
mod pages;
mod past;
mod prepare;
mod progress;
mod report;
mod restore;
mod run;
mod seal;
mod secrets;
mod sessions;
mod settings;
mod shell;
mod signed;
mod signing;
mod statuses;
mod summary;
mod targets;
mod tsa;
mod until;
mod values;
mod verbs;
mod visible;
mod waiting;
mod whose;

/// How the command ends; the numbers are a promise.
// Complete: what `command.md` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All good.
    Good,
    /// Some documents failed.
    Failed,
    /// Wrong use, nothing was done.
    Usage,
    /// Stopped for a reason that all documents share.
    Stopped,
    /// Interrupted, or the reader went away.
    Interrupted,
}

impl Exit {
    pub(crate) fn status(self) -> u8 {
        match self {
            Exit::Good => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Stopped => 3,
            Exit::Interrupted => 130,
        }
    }
}

/// Why a verb ends before its work, or in the middle of it.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Wrong use, in words.
    Usage(String),
    /// A fault, and what it was about.
    Error(String, Error),
    /// What was wrong was said already.
    Said(Exit),
    /// Standard output was closed: nobody listens any more.
    ReaderGone,
}

/// Result of what a verb does.
pub(crate) type Outcome<T = Exit> = Result<T, Stop>;

impl Stop {
    /// `error`, which was about `what`.
    pub(crate) fn about(what: impl Into<String>) -> impl FnOnce(Error) -> Stop {
        let what = what.into();
        move |error| Stop::Error(what, error)
    }

    fn exit(&self) -> Exit {
        match self {
            Stop::Usage(_) => Exit::Usage,
            Stop::Error(_, error) if error.code() == ErrorCode::IoReaderGone => Exit::Interrupted,
            // What was waited for, when somebody had enough of waiting.
            Stop::Error(_, Error::Cancelled) => Exit::Interrupted,
            Stop::Error(_, error) if error.code() == ErrorCode::Misuse => Exit::Usage,
            // Nothing was done yet: another run is at it, or the journal is something else.
            Stop::Error(_, error) if matches!(error.code(), ErrorCode::RunBusy | ErrorCode::ResumeJournal) => {
                Exit::Usage
            }
            // A key or certificate that can't be used is no fault of the way the command was called.
            Stop::Error(_, error) if error.scope() == Scope::Run => Exit::Stopped,
            Stop::Error(..) => Exit::Usage,
            Stop::Said(exit) => *exit,
            Stop::ReaderGone => Exit::Interrupted,
        }
    }

    /// The same for the summary; none where what was wrong was said already.
    fn reason(&self) -> Option<Reason> {
        let of = |code, text: &dyn std::fmt::Display| Some(Reason { code, text: text.to_string() });
        match self {
            Stop::Usage(what) => of(ErrorCode::Misuse.as_str(), what),
            Stop::Error(what, error) if what.is_empty() => of(error.code().as_str(), error),
            Stop::Error(what, error) => of(error.code().as_str(), &format_args!("{what}: {error}")),
            Stop::ReaderGone => of(ErrorCode::IoReaderGone.as_str(), &ErrorCode::IoReaderGone.message()),
            Stop::Said(_) => None,
        }
    }

    fn say(&self) {
        match self {
            Stop::Usage(what) => complain(&format!("eseal: {what}")),
            Stop::Error(_, error) if error.code() == ErrorCode::IoReaderGone => {}
            Stop::Error(_, Error::Cancelled) => {}
            Stop::Error(what, error) if what.is_empty() => complain(&format!("eseal: {error} [{}]", error.code())),
            Stop::Error(what, error) => complain(&format!("eseal: {what}: {error} [{}]", error.code())),
            Stop::Said(_) | Stop::ReaderGone => {}
        }
    }
}

/// Runs the command with the arguments of the process.
pub(crate) fn main() -> ExitCode {
    // What a panic says may hold text of a document; where it was does not.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        complain(&format!("eseal: a fault of this program at {place}: please report it"));
    }));
    let exit = match config::read(std::env::args_os()) {
        Ok(cli) => match Ledger::open(&cli.verb) {
            Ok(ledger) => {
                let ended = config::Common::new(&cli.common)
                    .and_then(|common| dispatch(cli, &config::Common { ledger: Arc::clone(&ledger), ..common }));
                let (exit, stop) = match ended {
                    Ok(exit) => (exit, None),
                    Err(stop) => (stop.exit(), Some(stop)),
                };
                stop.iter().for_each(Stop::say);
                ledger.close(exit, stop.as_ref())
            }
            Err(stop) => {
                stop.say();
                Exit::Usage
            }
        },
        Err(config::Refused::Clap(error)) => {
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Good }
        }
        Err(config::Refused::Stop(stop, summary)) => {
            stop.say();
            if let Some(path) = summary {
                Ledger::of_refused(&path, &stop);
            }
            stop.exit()
        }
    };
    ExitCode::from(exit.status())
}

fn dispatch(cli: args::Cli, common: &config::Common) -> Outcome {
    match cli.verb {
        args::Verb::Demo(args) => demo::run(&args, common),
        args::Verb::Inspect(args) => inspect::run(&args, common),
        args::Verb::Prepare(args) => prepare::run(&args, common),
        args::Verb::Finalize(args) => finalize::run(&args, common),
        args::Verb::Seal(args) => seal::run(&args, common),
        args::Verb::Extend(args) => extend::run(&args, common),
        args::Verb::Fetch(args) => fetch::run(&args, common),
        args::Verb::Fill(args) => fill::run(&args, common),
        args::Verb::Restore(args) => restore::run(&args, common),
        args::Verb::EncryptPassword(args) => encrypt_password::run(&args, common),
        args::Verb::Summary(args) => summary::run(&args, common),
        args::Verb::Lvrtc(args) => lvrtc::run(&args, common),
        args::Verb::Sessions(args) => sessions::run(&args, common),
        args::Verb::Errors(args) => errors::run(&args, common),
        args::Verb::Completions(args) => shell::completions(&args),
        args::Verb::Man(args) => manual::run(&args),
    }
}

/// A line on standard error; if nobody can read it, there is nobody to tell.
pub(crate) fn complain(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{}", visible::printable(line));
}
