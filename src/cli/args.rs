//! What was typed: verbs and their options, in groups by subject. What it means is `config`'s affair.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::tsa::TsaTable;

mod extend;
mod inputs;
mod key;
mod lvrtc;
mod run;
mod services;
mod sessions;
mod signature;

pub(crate) use extend::{Extend, Fetch};
pub(crate) use inputs::{Containers, Inputs, Manifest};
pub(crate) use key::{Certificates, Key, Password};
pub(crate) use lvrtc::{Lvrtc, LvrtcCall};
pub(crate) use run::{Results, Resume, Run};
pub(crate) use services::{Climb, Services};
pub(crate) use sessions::{Sessions, SessionsAction};
pub(crate) use signature::{Moment, Signature};

/// Sign PDFs and containers of any files, with a key that lives elsewhere or one that is at hand.
///
/// `prepare` computes what the key must sign, `finalize` puts the signature values in. `seal` does both with a key
/// file. Try `eseal demo` first.
#[derive(Debug, Parser)]
#[command(name = "eseal", version, propagate_version = true, args_override_self = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Seal the bundled samples with a throw-away key, through the remote path.
    Demo(Demo),
    /// Show what is in documents: revisions, fields, data files, signatures. No verdict on trust.
    Inspect(Inspect),
    /// First half: print the digests to sign, keep the state.
    Prepare(Box<Prepare>),
    /// Second half: take the signature values, write the signed documents.
    Finalize(Box<Finalize>),
    /// Both halves with a key file.
    Seal(Box<Seal>),
    /// Raise documents that anybody signed to a higher level: time-stamps, and proof that nothing was revoked.
    ///
    /// Results stand beside their inputs as NAME-extended.pdf, unless --out or --in-place says otherwise. A document
    /// that is at the level already is left alone.
    Extend(Box<Extend>),
    /// Answer, on a machine with network, the requests that `extend --ask DIR` wrote.
    Fetch(Fetch),
    /// Put the files into a container that was signed by digest.
    Fill(Fill),
    /// Put back what a run that crashed has changed in place.
    ///
    /// Beside a document that `--in-place` changes stands `.NAME.eseal-undo` until it is done. Only one that this
    /// account has made for this very document is taken; see --accept for others.
    Restore(Restore),
    /// Compute digests_summary and verification codes over the lines of `prepare --json`.
    Summary(Summary),
    /// Encrypt the eSeal password to a service's public key.
    EncryptPassword(EncryptPassword),
    /// The calls of LVRTC's signing service, answered on this machine over a directory.
    ///
    /// Requests and answers are the service's JSON, on standard input and standard output.
    Lvrtc(Box<Lvrtc>),
    /// Look after the store: list, show, expire, purge.
    Sessions(Sessions),
    /// Explain an error code, or all of them.
    Errors(Errors),
    /// Print completions for a shell.
    Completions(Completions),
    /// Print the manual page: of the command, or of a verb.
    Man(Manual),
}

impl Verb {
    /// How it goes over many documents, if it does.
    pub(crate) fn run(&self) -> Option<&Run> {
        match self {
            Verb::Inspect(args) => Some(&args.run),
            Verb::Prepare(args) => Some(&args.run),
            Verb::Finalize(args) => Some(&args.run),
            Verb::Seal(args) => Some(&args.run),
            Verb::Extend(args) => Some(&args.run),
            _ => None,
        }
    }

    /// The moment that was typed in place of now.
    pub(crate) fn moment(&self) -> Option<&Moment> {
        match self {
            Verb::Prepare(args) => Some(&args.signature.moment),
            Verb::Finalize(args) => Some(&args.moment),
            Verb::Seal(args) => Some(&args.signature.moment),
            Verb::Extend(args) => Some(&args.moment),
            Verb::Fill(args) => Some(&args.moment),
            _ => None,
        }
    }

    /// The folder of the results.
    pub(crate) fn out(&self) -> Option<&std::path::Path> {
        match self {
            Verb::Prepare(args) => args.results.out.as_deref(),
            Verb::Finalize(args) => args.results.out.as_deref(),
            Verb::Seal(args) => args.results.out.as_deref(),
            Verb::Extend(args) => args.results.out.as_deref(),
            _ => None,
        }
    }
}

/// Options of every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "General")]
pub(crate) struct Common {
    /// Read settings from a TOML file; the names are those of the options, the command line wins.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print one JSON object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print failures only, with --json, too.
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print what is decided on the way.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Set a bound on hostile input, such as `pdf-depth=200`; repeatable.
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    pub(crate) limit: Vec<String>,
    /// The tables [[tsa]] of the file.
    #[arg(skip)]
    pub(crate) tsa_tables: Vec<TsaTable>,
    /// What the options and the file name: it is no document, even if it lies among them.
    #[arg(skip)]
    pub(crate) equipment: Vec<PathBuf>,
}

/// `eseal demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Write the signed samples here.
    #[arg(long, value_name = "DIR", default_value = "eseal-demo")]
    pub(crate) out: PathBuf,
    /// Replace existing results.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// `eseal inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// Read documents whose cross-references are broken, too.
    #[arg(long)]
    pub(crate) recover: bool,
    /// End with status 1 where a digest, a value or a time-stamp does not fit, or could not be tried.
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// `eseal prepare`.
#[derive(Debug, Args)]
pub(crate) struct Prepare {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) manifest: Manifest,
    #[command(flatten)]
    pub(crate) containers: Containers,
    /// Keep the states in this directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) certificates: Certificates,
    #[command(flatten)]
    pub(crate) signature: Signature,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// `eseal finalize`.
#[derive(Debug, Args)]
pub(crate) struct Finalize {
    /// The directory that `prepare` kept its states in.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// The signature values: one JSON object a line with id and base64 signature; `-` is standard input.
    ///
    /// Without it, documents whose value has verified already are written.
    #[arg(long, value_name = "FILE")]
    pub(crate) values: Option<PathBuf>,
    /// The lines of `prepare --json`, when the values are an array `{"signatures":[…]}` in their order.
    #[arg(long, value_name = "FILE", requires = "values")]
    pub(crate) order: Option<PathBuf>,
    /// Look for the documents here instead of where they were prepared.
    #[arg(long, value_name = "DIR")]
    pub(crate) source: Option<PathBuf>,
    /// What a record of the store names may be anywhere: also outside of --out and of --source.
    #[arg(long)]
    pub(crate) allow_outside: bool,
    /// Certificates that may be issuers, so that they need not be fetched; repeatable, a file may hold several.
    #[arg(long, value_name = "FILE")]
    pub(crate) chain: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) climb: Climb,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten)]
    pub(crate) resume: Resume,
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) moment: Moment,
}

/// `eseal seal`.
#[derive(Debug, Args)]
pub(crate) struct Seal {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) manifest: Manifest,
    #[command(flatten)]
    pub(crate) containers: Containers,
    #[command(flatten)]
    pub(crate) key: Key,
    #[command(flatten)]
    pub(crate) certificates: Certificates,
    #[command(flatten)]
    pub(crate) signature: Signature,
    #[command(flatten)]
    pub(crate) climb: Climb,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten)]
    pub(crate) resume: Resume,
    /// Say what would be signed and where it would go, what is left out, and how many time-stamps that takes; write
    /// nothing, ask nobody, and use of the key its certificate at most (none with --cert).
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// `eseal fill`.
#[derive(Debug, Args)]
pub(crate) struct Fill {
    /// The container.
    #[arg(value_name = "CONTAINER")]
    pub(crate) container: PathBuf,
    /// Its files; NAME is the one it has in the container, where that is another. A folder stands for all its files,
    /// under their names in it.
    #[arg(value_name = "[NAME=]FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Follow links in a folder, as long as they stay in it; each file is taken once.
    #[arg(long)]
    pub(crate) follow_links: bool,
    /// Deflate what shrinks (auto), nothing (store), or all (deflate[:LEVEL]) [default: auto].
    #[arg(long, value_name = "HOW")]
    pub(crate) compress: Option<String>,
    /// Do not wait for the disk; for measuring only.
    #[arg(long)]
    pub(crate) no_sync: bool,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten)]
    pub(crate) moment: Moment,
}

/// `eseal restore`.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The documents.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Take an undo file that is not this account's own, too: one of version 0.1, of another account, of a document
    /// that was copied. Digests of both versions of the document are shown; whoever wrote the file chose the second.
    #[arg(long)]
    pub(crate) accept: bool,
    /// Keep this account's key for undo files here [default: $XDG_STATE_HOME/eseal, else ~/.local/state/eseal].
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
}

/// `eseal summary`.
#[derive(Debug, Args)]
pub(crate) struct Summary {
    /// The lines of `prepare --json` [default: standard input].
    #[arg(value_name = "FILE")]
    pub(crate) digests: Option<PathBuf>,
    /// The outer digest [default: the one of the lines].
    #[arg(long, value_name = "NAME")]
    pub(crate) digest: Option<String>,
}

/// `eseal encrypt-password`.
#[derive(Debug, Args)]
pub(crate) struct EncryptPassword {
    /// The service's public key or certificate: PEM or DER.
    #[arg(long, value_name = "FILE", conflicts_with = "lvrtc_production")]
    pub(crate) service_key: Option<PathBuf>,
    /// The key that LVRTC published for production; its fingerprint and date are printed on standard error.
    #[arg(long)]
    pub(crate) lvrtc_production: bool,
    /// Pad with OAEP and SHA-1 instead of PKCS#1 v1.5.
    #[arg(long)]
    pub(crate) oaep_sha1: bool,
    #[command(flatten)]
    pub(crate) password: Password,
}

/// `eseal errors`.
#[derive(Debug, Args)]
pub(crate) struct Errors {
    /// One code, such as `pdf.xref.cycle`.
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// Print the page of the documentation.
    #[arg(long, hide = true)]
    pub(crate) markdown: bool,
}

/// `eseal man`.
#[derive(Debug, Args)]
pub(crate) struct Manual {
    /// The verb; nothing for the page of the command, with all of them.
    #[arg(value_name = "VERB")]
    pub(crate) verb: Option<String>,
    /// Write all pages into this folder, as eseal.1, eseal-seal.1 and so on.
    #[arg(long, value_name = "DIR", conflicts_with = "verb")]
    pub(crate) pages: Option<PathBuf>,
    /// Print the table of exit statuses, as the documentation has it.
    #[arg(long, hide = true)]
    pub(crate) statuses: bool,
}

/// `eseal completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// bash, elvish, fish, powershell or zsh.
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}
