//! Time-stamping services as they are set up: `--tsa URL`, and tables `[[tsa]]` of the configuration file.

use std::fmt;
use std::path::{Path, PathBuf};

use eseal::DigestAlgorithm;

use super::settings::unknown;
use super::visible::printable;

/// What is said of one service. Secrets stand in files of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TsaTable {
    pub(crate) url: String,
    pub(crate) policy: Option<String>,
    pub(crate) digest: Option<DigestAlgorithm>,
    /// Whether a nonce is sent; it is where nothing is said.
    pub(crate) nonce: Option<bool>,
    pub(crate) client_cert: Option<PathBuf>,
    pub(crate) client_key_file: Option<PathBuf>,
    pub(crate) client_key_password_file: Option<PathBuf>,
    pub(crate) username: Option<String>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) bearer_file: Option<PathBuf>,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) proxy: Option<String>,
    /// Seconds for a whole call.
    pub(crate) timeout: Option<u32>,
    /// Requests a minute.
    pub(crate) rate: Option<u32>,
    /// Time-stamps a run.
    pub(crate) budget: Option<u32>,
}

/// What is wrong with a table, without its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The name of the setting, where it is one alone.
    pub(crate) key: Option<String>,
    what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{}: {}", printable(key), self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl From<String> for Wrong {
    fn from(what: String) -> Self {
        Wrong { key: None, what }
    }
}

impl TsaTable {
    /// The service at this address, without anything else.
    pub(crate) fn at(url: &str) -> Result<TsaTable, String> {
        check_url(url)?;
        Ok(TsaTable { url: url.to_owned(), ..TsaTable::default() })
    }

    /// A table of the configuration file. What is wrong is said without a value: it could be a secret.
    pub(crate) fn read(table: &toml::Table) -> Result<TsaTable, Wrong> {
        let mut read = TsaTable::default();
        for (key, value) in table {
            let wrong = |what: String| Wrong { key: Some(key.clone()), what };
            let unexpected = || wrong("unexpected value".to_owned());
            let text = || value.as_str().map(str::to_owned).ok_or_else(unexpected);
            let path = || text().map(|text| Some(PathBuf::from(text)));
            let number = || {
                let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
                number.filter(|number| *number > 0).map(Some).ok_or_else(unexpected)
            };
            match key.as_str() {
                "url" => read.url = text()?,
                "policy" => read.policy = Some(text()?),
                "digest" => read.digest = Some(DigestAlgorithm::from_name(&text()?).map_err(|_| unexpected())?),
                "nonce" => read.nonce = Some(value.as_bool().ok_or_else(|| wrong("wants true or false".to_owned()))?),
                "client_cert" => read.client_cert = path()?,
                "client_key_file" => read.client_key_file = path()?,
                "client_key_password_file" => read.client_key_password_file = path()?,
                "username" => read.username = Some(text()?),
                "password_file" => read.password_file = path()?,
                "bearer_file" => read.bearer_file = path()?,
                "ca" => read.ca = path()?,
                "proxy" => read.proxy = Some(text()?),
                "timeout" => read.timeout = number()?,
                "rate" => read.rate = number()?,
                "budget" => read.budget = number()?,
                _ if is_secret(key) => return Err(wrong(SECRET.to_owned())),
                _ => return Err(wrong(unknown(key, KEYS.iter().copied()))),
            }
        }
        read.check()?;
        Ok(read)
    }

    /// The files that it names.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        let files = [
            &self.client_cert,
            &self.client_key_file,
            &self.client_key_password_file,
            &self.password_file,
            &self.bearer_file,
            &self.ca,
        ];
        files.into_iter().filter_map(Option::as_deref)
    }

    fn check(&self) -> Result<(), String> {
        if self.url.is_empty() {
            return Err("url is missing".into());
        }
        check_url(&self.url)?;
        self.proxy.as_deref().map_or(Ok(()), check_url)?;
        let pairs = [
            (self.client_cert.is_some(), self.client_key_file.is_some(), "client_cert and client_key_file"),
            (self.username.is_some(), self.password_file.is_some(), "username and password_file"),
        ];
        if let Some((_, _, names)) = pairs.iter().find(|(one, other, _)| one != other) {
            return Err(format!("{names} go together"));
        }
        if self.client_key_password_file.is_some() && self.client_key_file.is_none() {
            return Err("client_key_password_file is for client_key_file".into());
        }
        match self.username.is_some() && self.bearer_file.is_some() {
            true => Err("username and bearer_file exclude each other".into()),
            false => Ok(()),
        }
    }
}

/// The services of a run: those that were typed, each with what the file says of it, else all of the file's.
pub(crate) fn chosen(typed: &[String], tables: &[TsaTable]) -> Result<Vec<TsaTable>, String> {
    if typed.is_empty() {
        return Ok(tables.to_vec());
    }
    let one = |url: &String| match tables.iter().find(|table| table.url == *url) {
        Some(table) => Ok(table.clone()),
        None => TsaTable::at(url),
    };
    typed.iter().map(one).collect()
}

/// Whether a name in a table sounds like a secret itself.
fn is_secret(key: &str) -> bool {
    ["password", "passphrase", "pin", "secret", "token", "bearer", "key"].iter().any(|sound| key.contains(sound))
}

/// What is wrong with an address is said without it: it may hold a password.
fn check_url(url: &str) -> Result<(), String> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
        return Err("an address begins with http:// or https://".into());
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(format!("an address holds no name and password; {SECRET}"));
    }
    match authority.is_empty() || rest.contains(|c: char| c.is_control() || c == ' ') {
        true => Err("the address is none".into()),
        false => Ok(()),
    }
}

const KEYS: &[&str] = &[
    "url",
    "policy",
    "digest",
    "nonce",
    "client_cert",
    "client_key_file",
    "client_key_password_file",
    "username",
    "password_file",
    "bearer_file",
    "ca",
    "proxy",
    "timeout",
    "rate",
    "budget",
];
const SECRET: &str = "a secret stands in a file of its own: username and password_file, bearer_file or client_key_file of a table [[tsa]]";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TsaTable, String> {
        TsaTable::read(&text.parse().unwrap()).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn a_table_says_all_that_a_service_wants() {
        let table = read(
            "url = 'https://tsa.example/x'\npolicy = '1.2.3'\ndigest = 'sha512'\nclient_cert = 'c.pem'\n\
             client_key_file = 'k.pem'\nclient_key_password_file = 'p'\nca = 'ca.pem'\nproxy = 'http://proxy:3128'\n\
             timeout = 5\nrate = 1\nbudget = 100\nbearer_file = 'b'\nnonce = false",
        );
        let expected = TsaTable {
            url: "https://tsa.example/x".into(),
            policy: Some("1.2.3".into()),
            digest: Some(DigestAlgorithm::Sha512),
            nonce: Some(false),
            client_cert: Some("c.pem".into()),
            client_key_file: Some("k.pem".into()),
            client_key_password_file: Some("p".into()),
            bearer_file: Some("b".into()),
            ca: Some("ca.pem".into()),
            proxy: Some("http://proxy:3128".into()),
            timeout: Some(5),
            rate: Some(1),
            budget: Some(100),
            ..TsaTable::default()
        };
        assert_eq!(table, Ok(expected));
    }

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        for text in [
            "url = 'http://a'\npassword = 'canary'",
            "url = 'http://a'\nbearer = 'canary'",
            "url = 'http://a'\nclient_key = 'canary'",
            "url = 'https://user:canary@tsa.example'",
            "url = 'http://canary@tsa.example/x'",
            "url = 'http://a'\nproxy = 'http://user:canary@proxy:3128'",
        ] {
            let what = read(text).unwrap_err();
            assert!(what.contains("file of its own") && !what.contains("canary"), "{what}");
        }
        assert!(!TsaTable::at("https://user:canary@tsa.example").unwrap_err().contains("canary"));
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for text in [
            "",
            "url = 'ftp://a'",
            "url = 'http://'",
            "url = 'http:///x'",
            "url = 'http://a b'",
            "url = 1",
            "url = 'http://a'\nrate = 0",
            "url = 'http://a'\nnonce = 'no'",
            "url = 'http://a'\nrate = -1",
            "url = 'http://a'\ndigest = 'md5'",
            "url = 'http://a'\nusername = 'u'",
            "url = 'http://a'\npassword_file = 'p'",
            "url = 'http://a'\nclient_cert = 'c'",
            "url = 'http://a'\nusername = 'u'\npassword_file = 'p'\nbearer_file = 'b'",
            "url = 'http://a'\nretries = 1",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("url = 'http://a/user@b'").is_ok());
    }

    #[test]
    fn the_typed_ones_count_with_what_the_file_says_of_them() {
        let tables =
            [TsaTable { rate: Some(7), ..TsaTable::at("http://a").unwrap() }, TsaTable::at("http://b").unwrap()];
        let urls = |typed: &[&str]| {
            let typed: Vec<String> = typed.iter().map(|url| (*url).to_owned()).collect();
            let chosen = chosen(&typed, &tables).unwrap();
            chosen.into_iter().map(|table| (table.url, table.rate)).collect::<Vec<_>>()
        };
        assert_eq!(urls(&[]), [("http://a".into(), Some(7)), ("http://b".into(), None)]);
        assert_eq!(urls(&["http://c", "http://a"]), [("http://c".into(), None), ("http://a".into(), Some(7))]);
    }
}
