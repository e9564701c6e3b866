//! `eseal lvrtc`: what is typed for the service's calls. The options may stand before or after the call.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Certificates, Climb, Key};

/// `eseal lvrtc`.
// `config` makes all of the options known to the calls, too.
#[derive(Debug, Args)]
pub(crate) struct Lvrtc {
    /// The directory that stands in place of the service's memory.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// The level to reach: b-b, b-t, b-lt or b-lta; fixed by calculate-digest [default: b-lt].
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<String>,
    /// Work on so many sessions at once [default: the number of processors].
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    #[command(flatten)]
    pub(crate) climb: Climb,
    #[command(flatten)]
    pub(crate) certificates: Certificates,
    #[command(flatten)]
    pub(crate) key: Key,
    /// This house's own service key, to which eSeal passwords are encrypted: PFX, PEM or PKCS#8.
    #[arg(long, value_name = "FILE", conflicts_with = "key", help_heading = "Key")]
    pub(crate) password_key: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) call: LvrtcCall,
}

/// The service's calls.
#[derive(Debug, Subcommand)]
pub(crate) enum LvrtcCall {
    /// Start one session, or a list of them.
    Start {
        /// How many, 1 to 100.
        #[arg(long, value_name = "N")]
        amount: Option<usize>,
    },
    /// Put a file into a session.
    Upload {
        /// The session.
        session: String,
        /// The file; `-` is standard input.
        file: PathBuf,
        /// Its name in the session [default: the file's own].
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Put the digests of files into a session, whose content stays elsewhere; the request is on standard input.
    #[command(alias = "addDocumentDigest")]
    AddDocumentDigest {
        /// The session.
        session: String,
    },
    /// List the files of a session; once it is signed, the signed one.
    List {
        /// The session.
        session: String,
    },
    /// Take a file out of a session: the one that is named, or the only one.
    Download {
        /// The session.
        session: String,
        /// The file's id.
        id: Option<String>,
        /// Write it here; `-` is standard output.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Replace what is there.
        #[arg(long)]
        overwrite: bool,
    },
    /// Remove a file from a session.
    Delete {
        /// The session.
        session: String,
        /// The file's id.
        id: String,
    },
    /// End a session: its files are gone.
    Close {
        /// The session.
        session: String,
    },
    /// Compute what the key must sign; the request is on standard input.
    #[command(alias = "CalculateDigest", alias = "calculateDigest")]
    CalculateDigest,
    /// Take the signature values, and raise the documents to their level; the request is on standard input.
    #[command(alias = "finalizeSigning")]
    FinalizeSigning,
    /// Add an archive time-stamp; the request is on standard input.
    #[command(alias = "addArchive")]
    AddArchive {
        /// Also where this house has added one already.
        #[arg(long)]
        renew: bool,
    },
    /// Seal with the key of the request, or with --key; the request is on standard input.
    #[command(alias = "eSealCreate")]
    EsealCreate,
    /// Print the public half of --password-key.
    PublicKey,
}
