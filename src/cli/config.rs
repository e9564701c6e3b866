//! What the options mean: settings from the file and the command line together, as values of the library.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};
use eseal::system::SystemClock;
use eseal::{Clock, Limits, Time};

use super::args::{self, Cli};
use super::ledger::Ledger;
use super::pages::Page;
use super::settings::{Settings, slip, unknown};
use super::tsa::TsaTable;
use super::until::until;
use super::verbs::with_advice;
use super::visible::printable;
use super::{Outcome, Stop};

/// Why the command line was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Also `--help` and `--version`.
    Clap(clap::Error),
    /// And the summary that was asked for all the same.
    Stop(Box<Stop>, Option<std::path::PathBuf>),
}

/// The meaning of the options of every verb.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) limits: Limits,
    /// The tables [[tsa]] of the configuration file.
    pub(crate) tsa_tables: Vec<TsaTable>,
    /// What the options and the configuration file name.
    pub(crate) equipment: Vec<PathBuf>,
    /// What is told of the run.
    pub(crate) ledger: Arc<Ledger>,
}

/// The meaning of the options of a run.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) jobs: usize,
    /// For all documents in flight, where that was said.
    pub(crate) memory: Option<u64>,
    /// What a document may take beside its bytes while it is worked on.
    pub(crate) working_bytes: u64,
    pub(crate) max_failures: u64,
    pub(crate) sync: bool,
    /// Nothing is begun after this.
    pub(crate) until: Option<Time>,
}

/// Reads the command line, and the file that `--config` names.
pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, Refused> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let command = command();
    let read = command.clone().try_get_matches_from(&arguments);
    let mut matches = read.map_err(|error| Refused::Clap(with_advice(error)))?;
    let mut file = File::default();
    if let Some(path) = configured(&matches) {
        let configured;
        (configured, file) = with_file(command.clone(), &path, &matches)
            .map_err(|stop| Refused::Stop(stop.into(), typed_summary(&matches)))?;
        matches = configured.try_get_matches_from(&arguments).map_err(Refused::Clap)?;
    }
    let mut cli = Cli::from_arg_matches(&matches).map_err(Refused::Clap)?;
    cli.common.tsa_tables = file.tsa_tables;
    cli.common.equipment = file.paths;
    cli.common.equipment.extend(typed_paths(&command, &matches));
    Ok(cli)
}

/// The command with all that can be typed.
pub(crate) fn command() -> Command {
    // Options of the service's calls may stand before or after the call.
    let command = Cli::command().mut_subcommand("lvrtc", |verb| verb.mut_args(|arg| arg.global(true)));
    command.mut_subcommands(|verb| with_examples(verb, ""))
}

/// The verb, whose help begins with examples, and so its own verbs.
fn with_examples(verb: Command, before: &str) -> Command {
    let name = format!("{before}{}", verb.get_name());
    let verb = match Page::of(&name) {
        Some(page) => verb.before_help(page.help()),
        None => verb,
    };
    verb.mut_subcommands(|verb| with_examples(verb, &format!("{name} ")))
}

impl Common {
    pub(crate) fn new(args: &args::Common) -> Outcome<Common> {
        let mut limits = Limits::default();
        for setting in &args.limit {
            let parsed = setting.split_once('=').and_then(|(name, value)| Some((name, bytes(value)?)));
            let Some((name, value)) = parsed else {
                return Err(Stop::Usage(format!("--limit wants NAME=VALUE, found {setting:?}")));
            };
            let known = || Limits::NAMES.join(" ").replace('_', "-");
            limits.set(name, value).map_err(|_| Stop::Usage(format!("no limit {name:?}; there are: {}", known())))?;
        }
        Ok(Common {
            json: args.json,
            quiet: args.quiet,
            verbose: args.verbose,
            limits,
            tsa_tables: args.tsa_tables.clone(),
            equipment: args.equipment.iter().cloned().chain(state_dir(None)).collect(),
            ledger: Arc::default(),
        })
    }
}

impl Run {
    /// What holds when nothing is said.
    pub(crate) fn plain() -> Run {
        let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let working_bytes = Limits::default().pdf_memory_bytes;
        Run { jobs, memory: None, working_bytes, max_failures: u64::MAX, sync: true, until: None }
    }

    pub(crate) fn new(args: &args::Run) -> Outcome<Run> {
        let plain = Run::plain();
        let memory = match &args.memory {
            None => None,
            Some(text) => {
                Some(bytes(text).ok_or_else(|| Stop::Usage(format!("--memory wants bytes, found {text:?}")))?)
            }
        };
        let jobs = args.jobs.unwrap_or(plain.jobs);
        if jobs == 0 {
            return Err(Stop::Usage("--jobs wants at least 1".into()));
        }
        let now = || SystemClock.now().map_err(Stop::about("--until"));
        let end = args.until.as_deref().map(|text| until(text, now()?)).transpose()?;
        Ok(Run {
            jobs,
            memory,
            working_bytes: plain.working_bytes,
            max_failures: args.max_failures.unwrap_or(u64::MAX).max(1),
            sync: !args.no_sync,
            until: end,
        })
    }
}

impl Run {
    /// The same, where `limits` say what a document may take.
    pub(crate) fn within(self, limits: &Limits) -> Run {
        Run { working_bytes: limits.pdf_memory_bytes, ..self }
    }

    /// How many documents may be worked on at a time, and the bytes for all that are in flight.
    ///
    /// While it is worked on a document may take what its limit says, however small its file is. So what `--memory`
    /// gives has to hold that for each worker, and a quarter is for the documents themselves.
    pub(crate) fn shares(&self) -> (usize, u64) {
        let Some(memory) = self.memory else { return (self.jobs, DEFAULT_MEMORY) };
        let workers = (memory - memory / 4) / self.working_bytes.max(1);
        let workers = usize::try_from(workers).unwrap_or(usize::MAX).clamp(1, self.jobs);
        let working = u64::try_from(workers).unwrap_or(u64::MAX).saturating_mul(self.working_bytes);
        (workers, memory.saturating_sub(working).max(memory / 4))
    }
}

/// The directory of this account's state: the one that was named, else where the platform has it.
pub(crate) fn state_dir(given: Option<&Path>) -> Option<PathBuf> {
    let place = |name: &str, below: &str| super::secrets::folder(name).map(|folder| folder.join(below));
    let given = given.map(Path::to_owned);
    given.or_else(|| place("XDG_STATE_HOME", "eseal")).or_else(|| match cfg!(windows) {
        true => place("LOCALAPPDATA", "eseal"),
        false => place("HOME", ".local/state/eseal"),
    })
}

/// The store that a verb can't do without.
pub(crate) fn store(given: Option<&Path>) -> Outcome<&Path> {
    given.ok_or_else(|| Stop::Usage("--store DIR is needed".into()))
}

/// A number, or one with K, M, G or T: multiples of 1,024.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text.get(digits.len()..)?.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KIB" => 10,
        "M" | "MIB" => 20,
        "G" | "GIB" => 30,
        "T" | "TIB" => 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

fn configured(matches: &ArgMatches) -> Option<PathBuf> {
    // A global option is known wherever it was given, also behind the verb's own verb.
    let mut level = Some(matches);
    while let Some(matches) = level {
        if let Some(path) = matches.get_one::<PathBuf>("config") {
            return Some(path.clone());
        }
        level = matches.subcommand().map(|(_, inner)| inner);
    }
    None
}

/// The summary that was typed, where the rest of the settings can't be read.
fn typed_summary(matches: &ArgMatches) -> Option<std::path::PathBuf> {
    let (_, verb) = matches.subcommand()?;
    verb.try_get_one::<std::path::PathBuf>("summary").ok().flatten().cloned()
}

/// The files and folders that options name: arguments are what is worked on, and certificates are no secret.
fn typed_paths(command: &Command, matches: &ArgMatches) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut level = Some((command, matches));
    while let Some((command, matches)) = level {
        for arg in command.get_arguments().filter(|arg| !arg.is_positional() && takes_paths(arg) && !is_public(arg)) {
            let values = matches.try_get_many::<PathBuf>(arg.get_id().as_str()).ok().flatten();
            paths.extend(values.into_iter().flatten().cloned());
        }
        let inner = matches.subcommand();
        level = inner.and_then(|(name, matches)| Some((command.find_subcommand(name)?, matches)));
    }
    paths
}

/// What anybody may have, and where the inputs are.
fn is_public(arg: &clap::Arg) -> bool {
    arg.get_long().is_some_and(|name| ["cert", "chain", "trust", "base"].contains(&name))
}

fn takes_paths(arg: &clap::Arg) -> bool {
    arg.get_value_parser().type_id() == clap::value_parser!(PathBuf).type_id()
}

/// What a configuration file says beside defaults of options.
#[derive(Default)]
struct File {
    tsa_tables: Vec<TsaTable>,
    /// What it names, also for other verbs than the one that was typed.
    paths: Vec<PathBuf>,
}

/// Makes the settings of the file the defaults of the options they name; tables `[[tsa]]` are read as what they are.
fn with_file(mut command: Command, path: &Path, matches: &ArgMatches) -> Outcome<(Command, File)> {
    let about = || path.display().to_string();
    let text = eseal::system::read_bounded(path, "line_bytes", Limits::default().line_bytes);
    let text = text.map_err(Stop::about(about()))?;
    let wrong = |what: String| Stop::Usage(format!("{}: {what}", about()));
    let settings = Settings::read(&text).map_err(wrong)?;
    let mut file = File::default();
    for (written, value) in settings.table() {
        let at = |what: &str| wrong(format!("{}{}: {what}", settings.line(&[written]), printable(written)));
        if let (true, Some(tables)) = (written == "tsa", tables(value)) {
            for (n, table) in tables.into_iter().enumerate() {
                let read = TsaTable::read(table).map_err(|fault| {
                    let (number, key) = (n.to_string(), fault.key.as_deref().unwrap_or_default());
                    let of = [&["tsa", &*number, key][..], &["tsa", key], &["tsa", &number], &["tsa"]];
                    let line = of.iter().map(|names| settings.line(names)).find(|line| !line.is_empty());
                    wrong(format!("{}tsa {}: {fault}", line.unwrap_or_default(), n + 1))
                })?;
                file.paths.extend(read.paths().map(Path::to_owned));
                file.tsa_tables.push(read);
            }
            continue;
        }
        if is_secret(written) {
            return Err(at("a secret does not belong into a file of settings; use password-file or password-env"));
        }
        let setting = setting(&command, &written.replace('_', "-"));
        let arg = setting.ok_or_else(|| at(&unknown(written, settings_of(&command))))?;
        // What can't be typed at all is no text or number, or has such within.
        let values = texts(value).ok_or_else(|| at("unexpected value"))?;
        if let Some(what) = slip(arg, value, &values, takes_paths(arg)) {
            return Err(at(&what));
        }
        // As in the tables [[tsa]], a name may be written with low lines.
        let key = written.replace('_', "-");
        if command
            .get_subcommands()
            .any(|verb| verb.get_arguments().any(|arg| is_setting(arg, &key) && takes_paths(arg)))
        {
            file.paths.extend(values.iter().map(PathBuf::from));
        }
        command = with_setting(command, &key, &values, matches).ok_or_else(|| at("there is no such setting"))?;
    }
    Ok((command, file))
}

/// The option that a setting is the default of.
fn setting<'a>(command: &'a Command, key: &str) -> Option<&'a clap::Arg> {
    let all = std::iter::once(command).chain(command.get_subcommands());
    all.flat_map(Command::get_arguments).find(|arg| is_setting(arg, key))
}

/// The names of all settings.
fn settings_of(command: &Command) -> impl Iterator<Item = &str> {
    let all = std::iter::once(command).chain(command.get_subcommands());
    let names =
        all.flat_map(Command::get_arguments).filter(|arg| arg.get_long().is_some_and(|name| is_setting(arg, name)));
    names.filter_map(clap::Arg::get_long)
}

/// The tables of `[[tsa]]`, or the one of `[tsa]`; `None` for anything else, such as addresses alone.
fn tables(value: &toml::Value) -> Option<Vec<&toml::Table>> {
    match value {
        toml::Value::Array(items) => items.iter().map(toml::Value::as_table).collect(),
        other => other.as_table().map(|table| vec![table]),
    }
}

fn with_setting(mut command: Command, key: &str, values: &[String], matches: &ArgMatches) -> Option<Command> {
    let names: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let is_it = |arg: &clap::Arg| is_setting(arg, key);
    let mut known = false;
    let id = command.get_arguments().find(|arg| is_it(arg)).map(|arg| arg.get_id().clone());
    if let Some(id) = id {
        known = true;
        if !is_overruled(id.as_str(), matches) {
            command = command.mut_arg(id, |arg| with_default(arg, values));
        }
    }
    for name in names {
        let verb = command.find_subcommand(&name)?;
        let Some(id) = verb.get_arguments().find(|arg| is_it(arg)).map(|arg| arg.get_id().clone()) else { continue };
        known = true;
        if !is_overruled(id.as_str(), matches) {
            command = command.mut_subcommand(name, |verb| verb.mut_arg(id, |arg| with_default(arg, values)));
        }
    }
    known.then_some(command)
}

fn is_setting(arg: &clap::Arg, key: &str) -> bool {
    arg.get_long() == Some(key) && key != "config" && !arg.is_hide_set()
}

fn with_default(arg: clap::Arg, values: &[String]) -> clap::Arg {
    if arg.get_action().takes_values() {
        arg.default_values(values.to_vec())
    } else {
        // A flag in the file is on or off.
        arg.default_value(values.first().cloned().unwrap_or_default())
    }
}

/// Whether the command line has said the opposite of this setting.
fn is_overruled(id: &str, matches: &ArgMatches) -> bool {
    let verb = matches.subcommand().map_or(matches, |(_, verb)| verb);
    let typed = |id: &str| {
        verb.try_contains_id(id).is_ok_and(|known| known) && verb.value_source(id) == Some(ValueSource::CommandLine)
    };
    EITHER_OR.iter().any(|(a, b)| (*a == id && typed(b)) || (*b == id && typed(a)))
}

/// The values as they would be typed; `None` for what no option takes.
fn texts(value: &toml::Value) -> Option<Vec<String>> {
    match value {
        toml::Value::String(text) => Some(vec![text.clone()]),
        toml::Value::Integer(number) => Some(vec![number.to_string()]),
        toml::Value::Boolean(on) => Some(vec![on.to_string()]),
        toml::Value::Datetime(time) => Some(vec![time.to_string()]),
        toml::Value::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(texts).collect();
            Some(items?.into_iter().flatten().collect())
        }
        // `[limit] pdf-depth = 200` is `--limit pdf-depth=200`.
        toml::Value::Table(table) => {
            table.iter().map(|(name, value)| Some(format!("{name}={}", texts(value)?.first()?))).collect()
        }
        toml::Value::Float(_) => None,
    }
}

fn is_secret(key: &str) -> bool {
    let names_a_place = ["password-file", "password-env", "pin-file", "password-key"].contains(&key);
    let sounds_secret = ["password", "passphrase", "pin", "secret", "token", "bearer"].iter().any(|s| key.contains(s));
    sounds_secret && !names_a_place
}

// Of each pair the command line's one counts, whatever the file says of the other.
const EITHER_OR: &[(&str, &str)] = &[
    ("out", "in_place"),
    ("password_file", "password_env"),
    ("service_key", "lvrtc_production"),
    ("key", "password_key"),
    ("quiet", "verbose"),
    ("inputs", "files_from"),
    ("inputs", "manifest"),
    ("files_from", "manifest"),
    ("manifest", "into"),
    ("in_place", "into"),
    ("renew", "renew_before"),
    ("evidence", "record"),
    ("evidence", "cache"),
    ("ask", "dry_run"),
    ("ask", "record"),
    ("ask", "cache"),
];
const DEFAULT_MEMORY: u64 = 512 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn cli(file: &str, arguments: &[&str]) -> Result<Cli, Refused> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eseal.toml");
        std::fs::write(&path, file).unwrap();
        let mut all: Vec<OsString> = vec!["eseal".into()];
        all.extend(arguments.iter().map(OsString::from));
        all.extend(["--config".into(), path.into_os_string()]);
        read(all)
    }

    fn prepare(file: &str, arguments: &[&str]) -> Box<args::Prepare> {
        let all = [&["prepare", "a.pdf"], arguments].concat();
        let Ok(Cli { verb: args::Verb::Prepare(prepare), .. }) = cli(file, &all) else { panic!("refused") };
        prepare
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let file =
            "store = 'S'\nreason = 'file'\npss = true\nchain = ['a', 'b']\nreserve = 9000\nkey-alias = 'other verb'";
        let args = prepare(file, &["--reason", "typed"]);
        assert_eq!(args.store.unwrap(), Path::new("S"));
        assert_eq!(args.signature.reason.unwrap(), "typed");
        assert_eq!((args.signature.pss, args.signature.reserve), (true, Some(9000)));
        assert_eq!(args.certificates.chain, [Path::new("a"), Path::new("b")]);
        assert_eq!(prepare("chain = ['a']", &["--chain", "c"]).certificates.chain, [Path::new("c")]);
    }

    #[test]
    fn of_two_that_exclude_each_other_the_typed_one_counts() {
        let args = prepare("out = 'O'", &["--in-place"]);
        assert_eq!((args.results.out, args.results.in_place), (None, true));
        let args = prepare("in-place = true", &["--out", "O"]);
        assert_eq!((args.results.out.as_deref(), args.results.in_place), (Some(Path::new("O")), false));
    }

    #[test]
    fn global_settings_and_limits() {
        let cli = cli("json = true\n[limit]\npdf-depth = 7", &["prepare", "a.pdf"]).unwrap();
        let common = Common::new(&cli.common).unwrap();
        assert!(common.json);
        assert_eq!(common.limits.pdf_depth, 7);
    }

    #[test]
    fn secrets_and_unknown_names_are_refused() {
        for file in ["password = 'canary'", "key-password='canary'", "pin = 1", "reson = 'x'", "config = 'y'", "x = ["]
        {
            let Err(Refused::Stop(stop, _)) = cli(file, &["prepare", "a.pdf"]) else { panic!("{file}") };
            let Stop::Usage(what) = *stop else { panic!("{file}") };
            assert!(!what.contains("canary"), "{what}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_line() {
        for (file, expected) in [
            ("out = 'O'\nreasn = 'x'", "line 2: reasn: there is no such setting; did you mean reason?"),
            ("\nallow_hosts = ['x']", "line 2: allow_hosts: there is no such setting; did you mean allow-host?"),
            ("frobnicate = 'x'", "line 1: frobnicate: there is no such setting"),
            ("jobs = 'many'", "line 1: jobs: wants a number"),
            ("jobs = true", "line 1: jobs: wants text or a number, found true or false"),
            ("jobs = 1.5", "line 1: jobs: "),
            ("json = 3", "line 1: json: wants true or false, found a number"),
            ("json = 'yes'", "line 1: json: wants true or false, found text"),
            ("out = 3", "line 1: out: wants a path as text, found a number"),
            ("reason = ['a', 'b']", "line 1: reason: wants text or a number, found a list"),
            ("chain = ['a', 3]", "line 1: chain: wants a path as text, found a number"),
            ("[reason]\na = 'b'", "line 1: reason: wants text or a number, found a table"),
            ("level = 'b-lx'", "line 1: level: wants b-b, b-t, b-lt or b-lta"),
            ("digest = 256", "line 1: digest: wants sha256, sha384 or sha512"),
            ("[limit]\npdf-dept = 7", "line 1: limit: pdf-dept: there is no such limit; did you mean pdf-depth?"),
            ("[limit]\npdf-depth = true", "line 1: limit: pdf-depth: wants text or a number, found true or false"),
            (
                "[[tsa]]\nurl = 'http://a'\n[[tsa]]\nurl = 'http://b'\nrat = 7",
                "line 5: tsa 2: rat: there is no such setting; did you mean rate?",
            ),
            ("[tsa]\nurl = 'http://a'\nrate = 'often'", "line 3: tsa 1: rate: "),
            ("\n[[tsa]]\nrate = 7", "line 2: tsa 1: url is missing"),
        ] {
            let Err(Refused::Stop(stop, _)) = cli(file, &["prepare", "a.pdf"]) else { panic!("{file}") };
            let Stop::Usage(what) = *stop else { panic!("{file}") };
            let (_, said) = what.split_once("eseal.toml: ").unwrap_or_default();
            assert!(said.starts_with(expected), "{file}: {what}");
        }
    }

    #[test]
    fn time_stamping_services_are_tables_or_addresses() {
        let file =
            "[[tsa]]\nurl = 'http://a'\nrate = 7\n[[tsa]]\nurl = 'http://b'\npassword_file = 'p'\nusername = 'u'";
        let read = cli(file, &["prepare", "a.pdf"]).unwrap();
        let urls: Vec<_> = read.common.tsa_tables.iter().map(|table| (&*table.url, table.rate)).collect();
        assert_eq!(urls, [("http://a", Some(7)), ("http://b", None)]);
        let Ok(Cli { verb: args::Verb::Extend(extend), common }) = cli("tsa = ['http://c']", &["extend", "a.pdf"])
        else {
            panic!("refused")
        };
        assert_eq!(extend.climb.services.tsa, ["http://c"]);
        assert!(common.tsa_tables.is_empty());
        for file in ["[[tsa]]\nurl = 'http://a'\npassword = 'canary'", "[tsa]\nurl = 'http://u:canary@a'"] {
            let Err(Refused::Stop(stop, _)) = cli(file, &["extend", "a.pdf"]) else { panic!("{file}") };
            let Stop::Usage(what) = *stop else { panic!("{file}") };
            assert!(what.contains("tsa 1") && !what.contains("canary"), "{what}");
        }
    }

    #[test]
    fn sizes() {
        for (text, expected) in [("0", Some(0)), ("64K", Some(65536)), ("2g", Some(2 << 30)), ("1MiB", Some(1 << 20))] {
            assert_eq!(bytes(text), expected);
        }
        for text in ["", "K", "1.5G", "-1", "99999999999999T"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    /// The documented file with every setting in it switched on.
    fn documented() -> String {
        let page = include_str!("../../docs/eseal.toml");
        let setting = |line: &str| {
            line.strip_prefix('#')
                .filter(|rest| rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()))
                .map(str::to_owned)
        };
        page.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
    }

    #[test]
    fn the_documented_file_is_taken_by_every_verb() {
        let file = documented();
        for verb in [
            "inspect a.pdf",
            "prepare a.pdf",
            "seal a.pdf",
            "finalize",
            "extend a.pdf",
            "fill a b",
            "restore a",
            "fetch d",
            "lvrtc start",
        ] {
            let arguments: Vec<_> = verb.split(' ').collect();
            let read = match cli(&file, &arguments) {
                Ok(read) => read,
                Err(Refused::Clap(error)) => panic!("{verb}: {error}"),
                Err(Refused::Stop(stop, _)) => panic!("{verb}: {stop:?}"),
            };
            assert_eq!((read.common.tsa_tables.len(), Common::new(&read.common).unwrap().json), (2, false));
        }
        // As it stands it sets nothing.
        let read = cli(include_str!("../../docs/eseal.toml"), &["prepare", "a.pdf"]).unwrap();
        assert!(read.common.tsa_tables.is_empty() && read.common.limit.is_empty());
    }

    #[test]
    fn the_documented_file_has_every_setting() {
        let table: toml::Table = documented().parse().unwrap();
        let mut command = Cli::command();
        command.build();
        let mut all: Vec<&clap::Command> = vec![&command];
        let mut options = std::collections::BTreeSet::new();
        while let Some(command) = all.pop() {
            all.extend(command.get_subcommands().filter(|verb| verb.get_name() != "help"));
            options.extend(command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(clap::Arg::get_long));
        }
        for name in ONE_CALL {
            assert!(options.remove(name) && !table.contains_key(*name), "{name}");
        }
        let missing: Vec<_> = options.into_iter().filter(|name| !table.contains_key(*name)).collect();
        assert!(missing.is_empty(), "neither in docs/eseal.toml nor in ONE_CALL: {missing:?}");
    }

    // What one call is about, and so stands on the command line.
    const ONE_CALL: &[&str] = &[
        "accept",
        "all",
        "base",
        "amount",
        "ask",
        "check",
        "config",
        "data-file",
        "digests",
        "dry-run",
        "failed-from",
        "files-from",
        "help",
        "into",
        "lvrtc-production",
        "manifest",
        "nonce",
        "null",
        "oaep-sha1",
        "older-than",
        "order",
        "pages",
        "pending",
        "redo-missing",
        "service-key",
        "time",
        "values",
        "version",
    ];

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
