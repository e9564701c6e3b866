//! The configuration file as a text: its values, the lines that they stand in, and what is wrong with one of them.
//!
//! What a setting means is `config`'s affair. What is said here repeats names, never values: those may be secrets.

use std::collections::BTreeMap;

use eseal::Limits;
use eseal::json::nearest;
use toml::Value;
use toml::de::{DeTable, DeValue};

use super::choices;
use super::visible::printable;

/// A file of settings that was read.
pub(crate) struct Settings {
    table: toml::Table,
    /// By the names, or numbers, that lead to a value.
    lines: BTreeMap<Vec<String>, usize>,
}

impl Settings {
    /// Reads the file, or says what is wrong with it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Settings, String> {
        let begins_as_utf_16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.trim_start_matches('\u{feff}'),
            Err(_) if begins_as_utf_16 => return Err("not a TOML file: it looks like UTF-16, UTF-8 is wanted".into()),
            Err(error) => {
                let line = line_at(bytes, error.valid_up_to());
                return Err(format!("line {line}: not a TOML file: it is not in UTF-8"));
            }
        };
        let not_toml = |error: toml::de::Error| {
            let line = error.span().map(|span| format!("line {}: ", line_at(text.as_bytes(), span.start)));
            format!("{}not a TOML file: {}", line.unwrap_or_default(), printable(error.message()))
        };
        let table = text.parse::<toml::Table>().map_err(not_toml)?;
        let mut lines = BTreeMap::new();
        note(&mut lines, &[], DeTable::parse(text).map_err(not_toml)?.get_ref(), text.as_bytes());
        Ok(Settings { table, lines })
    }

    pub(crate) fn table(&self) -> &toml::Table {
        &self.table
    }

    /// Where the value stands to which these names lead, as the beginning of a message.
    pub(crate) fn line(&self, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.lines.get(&names).map(|line| format!("line {line}: ")).unwrap_or_default()
    }
}

fn note(lines: &mut BTreeMap<Vec<String>, usize>, names: &[String], table: &DeTable<'_>, text: &[u8]) {
    for (key, value) in table {
        let names = [names, &[key.get_ref().to_string()]].concat();
        lines.insert(names.clone(), line_at(text, key.span().start));
        match value.get_ref() {
            DeValue::Table(table) => note(lines, &names, table, text),
            DeValue::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    let names = [&*names, &[n.to_string()]].concat();
                    lines.insert(names.clone(), line_at(text, item.span().start));
                    if let DeValue::Table(table) = item.get_ref() {
                        note(lines, &names, table, text);
                    }
                }
            }
            _ => {}
        }
    }
}

fn line_at(text: &[u8], offset: usize) -> usize {
    1 + text.iter().take(offset).filter(|b| **b == b'\n').count()
}

/// What is said of a name that is none of a setting.
pub(crate) fn unknown<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(meant) => format!("there is no such setting; did you mean {meant}?"),
        None => "there is no such setting".to_owned(),
    }
}

/// What is wrong with the value of the option `arg`, if something is; `texts` is what would be typed for it.
pub(crate) fn slip(arg: &clap::Arg, value: &Value, texts: &[String], is_path: bool) -> Option<String> {
    let found = kind(value);
    if !arg.get_action().takes_values() {
        let is_one =
            matches!(value, Value::Boolean(_)) || matches!(texts, [text] if ["true", "false"].contains(&&**text));
        return (!is_one).then(|| format!("wants true or false, found {found}"));
    }
    let is_list = matches!(arg.get_action(), clap::ArgAction::Append);
    let is_named = arg.get_value_names().is_some_and(|names| names.iter().any(|name| name.contains("=")));
    let items = match value {
        Value::Array(items) if is_list => items.as_slice(),
        Value::Table(table) if is_named => return named(arg, table, texts),
        one => std::slice::from_ref(one),
    };
    for item in items {
        let is_fine = match item {
            Value::String(_) => true,
            Value::Integer(_) | Value::Datetime(_) => !is_path,
            _ => false,
        };
        if !is_fine {
            let wanted = if is_path { "a path as text" } else { "text or a number" };
            return Some(format!("wants {wanted}, found {}", kind(item)));
        }
    }
    texts.iter().find_map(|text| wanted(arg, text))
}

/// Pairs of a name and a value, such as those of `[limit]`.
fn named(arg: &clap::Arg, table: &toml::Table, texts: &[String]) -> Option<String> {
    if let Some((name, value)) = table.iter().find(|(_, value)| !matches!(value, Value::String(_) | Value::Integer(_)))
    {
        return Some(format!("{}: wants text or a number, found {}", printable(name), kind(value)));
    }
    let is_limit = arg.get_long() == Some("limit");
    let unknown = table.keys().find(|name| is_limit && Limits::about(name).is_none());
    if let Some(name) = unknown {
        let meant = nearest(name, Limits::NAMES.iter().copied()).map(|meant| meant.replace('_', "-"));
        let advice = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
        return Some(format!("{}: there is no such limit{advice}", printable(name)));
    }
    texts.iter().find_map(|text| wanted(arg, text))
}

/// What an option wants that does not take this text.
fn wanted(arg: &clap::Arg, text: &str) -> Option<String> {
    if let Some(choice) = arg.get_long().and_then(choices::of) {
        return (!choice.takes(text)).then(|| format!("wants {}", choice.in_words()));
    }
    let name = arg.get_value_names().and_then(|names| names.first()).map(|name| name.to_string());
    let probe = clap::Arg::new("value").value_parser(arg.get_value_parser().clone()).allow_hyphen_values(true);
    let taken =
        clap::Command::new("setting").disable_help_flag(true).arg(probe).try_get_matches_from(["setting", text]);
    let wanted = match name.as_deref() {
        Some("N" | "SECONDS" | "DAYS" | "BYTES") => "a number",
        name => name.unwrap_or("another value"),
    };
    taken.is_err().then(|| format!("wants {wanted}"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a number",
        Value::Float(_) => "a number with a point",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_lines() {
        let text = b"a = 1\n\n[limit]\nb = 2\n[[tsa]]\nurl = 'x'\n[[tsa]]\n\nurl = 'y'\n";
        let settings = Settings::read(text).unwrap_or_else(|what| panic!("{what}"));
        let line = |names: &[&str]| settings.line(names);
        assert_eq!(
            [line(&["a"]), line(&["limit", "b"]), line(&["tsa", "1", "url"]), line(&["c"])],
            ["line 1: ", "line 4: ", "line 9: ", ""]
        );
    }

    #[test]
    fn what_is_no_toml_is_said_with_its_line_and_without_its_text() {
        for (text, line) in [
            (&b"a = 1\nb = canary"[..], "line 2: not a TOML file: "),
            (b"a = 1\na = 'canary'", "line 2: not a TOML file: "),
            (b"\n\n= 'canary'", "line 3: not a TOML file: "),
            (b"\n[tsa\nurl = 'canary'", "line 2: not a TOML file: "),
            (b"a = 'canary", "line 1: not a TOML file: "),
            (b"{\"a\": \"canary\"}", "line 1: not a TOML file: "),
            (b"a = 1\nb = '\xe4canary'", "line 2: not a TOML file: it is not in UTF-8"),
            (b"\xff\xfea\x00=\x001\x00", "not a TOML file: it looks like UTF-16"),
        ] {
            let what = Settings::read(text).err().unwrap_or_default();
            assert!(what.starts_with(line) && !what.contains("canary"), "{what}");
        }
        assert!(Settings::read(b"\xef\xbb\xbfa = 1").is_ok());
    }
}
