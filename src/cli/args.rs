//! What was typed: verbs, options and their help. What it means is `config`'s affair.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

/// Sign PDFs with a key that lives elsewhere, or with one that is at hand.
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
    /// Show what is in documents: revisions, fields, signatures. No verdict on trust.
    Inspect(Inspect),
    /// First half: print the digests to sign, keep the state.
    Prepare(Prepare),
    /// Second half: take the signature values, write the signed documents.
    Finalize(Finalize),
    /// Both halves with a key file.
    Seal(Seal),
    /// Compute digests_summary and verification codes over the lines of `prepare --json`.
    Summary(Summary),
    /// Encrypt the eSeal password to a service's public key.
    EncryptPassword(EncryptPassword),
    /// Look after the store: list, show, expire, purge.
    Sessions(Sessions),
    /// Explain an error code, or all of them.
    Errors(Errors),
    /// Print completions for a shell.
    Completions(Completions),
    /// Print the manual page.
    Man,
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
    /// Print failures only.
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print what is decided on the way.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Set a bound on hostile input, such as `pdf-depth=200`; repeatable.
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    pub(crate) limit: Vec<String>,
}

/// What is worked on.
#[derive(Debug, Clone, Args)]
pub(crate) struct Inputs {
    /// Files, folders (all `*.pdf` below them), or `-` for standard input.
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Read names from a file, or from standard input with `-`; one a line.
    #[arg(long, value_name = "LIST", conflicts_with = "inputs")]
    pub(crate) files_from: Option<PathBuf>,
    /// Names in the list end with NUL instead of a line end.
    #[arg(long, short = '0', requires = "files_from")]
    pub(crate) null: bool,
}

/// Inputs with options of their own.
#[derive(Debug, Clone, Args)]
pub(crate) struct Manifest {
    /// Read one JSON object a line: input, output, field, reason, location, ref; `-` is standard input.
    #[arg(long, value_name = "LIST", conflicts_with_all = ["inputs", "files_from"])]
    pub(crate) manifest: Option<PathBuf>,
}

/// Where results go.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Results")]
pub(crate) struct Results {
    /// Write results here, under their inputs' names.
    #[arg(long, value_name = "DIR", conflicts_with = "in_place")]
    pub(crate) out: Option<PathBuf>,
    /// Sign the inputs themselves; after a crash each is the old or the new file.
    #[arg(long)]
    pub(crate) in_place: bool,
    /// Replace existing results.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// How a run over many documents goes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct Run {
    /// Work on so many documents at once [default: the number of processors].
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Memory for documents in flight, such as `512M`.
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory: Option<String>,
    /// Stop after so many failures.
    #[arg(long, value_name = "N")]
    pub(crate) max_failures: Option<u64>,
    /// Write counts, bytes and time of the run to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Do not wait for the disk; for measuring only.
    #[arg(long)]
    pub(crate) no_sync: bool,
}

/// What was done already.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct Resume {
    /// Leave out what the journal of an earlier run says is done.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Keep the journal here [default: `.eseal-run` in --out].
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
}

/// What kind of signature is made.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Signature")]
pub(crate) struct Signature {
    /// The level to reach: b-b.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<String>,
    /// sha256, sha384 or sha512 [default: by key size].
    #[arg(long, value_name = "NAME")]
    pub(crate) digest: Option<String>,
    /// RSA keys sign with PSS.
    #[arg(long)]
    pub(crate) pss: bool,
    /// Room for the signature in bytes [default: estimated].
    #[arg(long, value_name = "BYTES")]
    pub(crate) reserve: Option<usize>,
    /// Sign in this empty field, or in a new one of this name.
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// Why it is signed.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Where it is signed.
    #[arg(long, value_name = "TEXT")]
    pub(crate) location: Option<String>,
    /// Who signs, in words.
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// How to reach the signer.
    #[arg(long, value_name = "TEXT")]
    pub(crate) contact: Option<String>,
    /// Leave out documents whose last signature is by the same certificate.
    #[arg(long)]
    pub(crate) skip_signed: bool,
    /// Sign documents whose cross-references are broken, with complete ones of our own.
    #[arg(long)]
    pub(crate) recover: bool,
    /// Sign although the certificate has expired or is not valid yet.
    #[arg(long)]
    pub(crate) allow_expired: bool,
    /// The claimed time of signing; with --nonce every run gives equal bytes, for tests.
    #[arg(long, value_name = "RFC3339", requires = "nonce")]
    pub(crate) time: Option<String>,
    /// 64 hexadecimal digits in place of random bytes, for tests.
    #[arg(long, value_name = "HEX", requires = "time")]
    pub(crate) nonce: Option<String>,
}

/// The key, and what opens it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Key")]
pub(crate) struct Key {
    /// The private key: PFX, PEM or PKCS#8.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Which of several keys in the file.
    #[arg(long, value_name = "NAME")]
    pub(crate) key_alias: Option<String>,
    #[command(flatten)]
    pub(crate) password: Password,
}

/// Where a password comes from: never from the command line.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Key")]
pub(crate) struct Password {
    /// Read the password from a file; one line end at its end is dropped.
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from an environment variable.
    #[arg(long, value_name = "VAR")]
    pub(crate) password_env: Option<String>,
}

/// The signer's certificate.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Key")]
pub(crate) struct Certificates {
    /// The signer's certificate: PEM, DER or bare base64.
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// Its issuers; repeatable, a file may hold several.
    #[arg(long, value_name = "FILE")]
    pub(crate) chain: Vec<PathBuf>,
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
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten)]
    pub(crate) resume: Resume,
    #[command(flatten)]
    pub(crate) run: Run,
}

/// `eseal seal`.
#[derive(Debug, Args)]
pub(crate) struct Seal {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) manifest: Manifest,
    #[command(flatten)]
    pub(crate) key: Key,
    #[command(flatten)]
    pub(crate) certificates: Certificates,
    #[command(flatten)]
    pub(crate) signature: Signature,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten)]
    pub(crate) resume: Resume,
    #[command(flatten)]
    pub(crate) run: Run,
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

/// `eseal sessions`.
#[derive(Debug, Args)]
pub(crate) struct Sessions {
    /// The store.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) store: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: SessionsAction,
}

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionsAction {
    /// List the entries; with --json the lines of `prepare` once more.
    List {
        /// Only what still waits for its value.
        #[arg(long)]
        pending: bool,
    },
    /// Show entries in full.
    Show {
        /// The ids, or the digits they begin with.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Remove entries that were last changed too long ago, finished or not.
    Expire {
        /// How long ago: a number with s, m, h or d.
        #[arg(long, value_name = "AGE")]
        older_than: String,
    },
    /// Remove entries, finished or not.
    Purge {
        /// The ids.
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<String>,
        /// Remove all of them.
        #[arg(long, conflicts_with = "ids", action = ArgAction::SetTrue)]
        all: bool,
    },
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

/// `eseal completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// bash, elvish, fish, powershell or zsh.
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}
