//! Passwords: from a file, the environment or a prompt; and whatever else the environment says.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use eseal::{Error, ErrorCode, Limits, Secret};

use super::args::Password;
use super::visible::printable;
use super::waiting::read_waiting;
use super::{Outcome, Stop, complain};

/// Where a password is to come from.
pub(crate) fn password(args: &Password, prompt: &str, limits: &Limits) -> Outcome<Option<Secret>> {
    hide();
    if let Some(path) = &args.password_file {
        return secret_file(path, limits).map(Some);
    }
    if let Some(name) = &args.password_env {
        #[expect(clippy::disallowed_methods, reason = "the person named this variable")]
        let value = std::env::var_os(name).ok_or_else(|| Stop::Usage(format!("{name} is not set")))?;
        return Ok(Some(without_line_end(value.into_encoded_bytes())));
    }
    ask(prompt)
}

/// What is said of a password that nobody gave: how to give one here.
pub(crate) fn with_options(error: Error) -> Error {
    match error {
        Error::Key(key) if key.code == ErrorCode::KeyPasswordMissing => key.detail(NO_TERMINAL).into(),
        other => other,
    }
}

/// Before a key, or what opens one, comes into memory: nobody else is to see it there.
pub(crate) fn hide() {
    if let Err(error) = eseal::system::hide_memory() {
        complain(&format!("eseal: memory can't be kept from dumps: {error}"));
    }
}

/// What a person types; `None` where there is no terminal.
pub(crate) fn ask(prompt: &str) -> Outcome<Option<Secret>> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let typed = rpassword::prompt_password(format!("{}: ", printable(prompt)));
    typed.map(|text| Some(Secret::from(text))).map_err(|e| Stop::Error("password".into(), e.into()))
}

/// The secret in a file while a run goes on, which may be a pipe that nobody writes to: waiting ends with the run.
pub(crate) fn secret_in_run(path: &Path, limits: &Limits, cancel: &Arc<AtomicBool>) -> Outcome<Secret> {
    hide();
    let bytes = read_waiting(path, "key_bytes", limits.key_bytes, cancel);
    Ok(secret_of_file(bytes.map_err(Stop::about(path.display().to_string()))?))
}

/// The secret in a file; one line end at its end is dropped, and a byte order mark at its begin.
pub(crate) fn secret_file(path: &Path, limits: &Limits) -> Outcome<Secret> {
    hide();
    let bytes = eseal::system::read_bounded(path, "key_bytes", limits.key_bytes);
    Ok(secret_of_file(bytes.map_err(Stop::about(path.display().to_string()))?))
}

/// Editors of Windows mark what they write: UTF-8 by its own mark, and UTF-16 is turned into UTF-8.
fn secret_of_file(mut bytes: Vec<u8>) -> Secret {
    if bytes.starts_with(UTF8_MARK) {
        bytes.drain(..UTF8_MARK.len());
    } else if let Some((units, [])) = bytes.strip_prefix(UTF16_MARK).map(<[u8]>::as_chunks::<2>) {
        let units: Vec<u16> = units.iter().copied().map(u16::from_le_bytes).collect();
        if let Ok(text) = String::from_utf16(&units) {
            return without_line_end(text.into_bytes());
        }
    }
    without_line_end(bytes)
}

/// The folder that a variable names; only a whole path is one.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where an account's state is is said by its environment")]
    let value = std::env::var_os(name)?;
    Some(PathBuf::from(value)).filter(|path| path.is_absolute())
}

/// Whether a variable is set and not empty.
pub(crate) fn is_set(name: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "NO_COLOR is a convention among commands")]
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// One line end at the end is an editor's, everything else is the password's.
fn without_line_end(mut bytes: Vec<u8>) -> Secret {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    Secret::new(bytes)
}

/// Why nobody was asked, and what to do about it.
pub(crate) const NO_TERMINAL: &str =
    "there is no terminal to ask on: --password-file FILE or --password-env VAR gives it";
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF16_MARK: &[u8] = b"\xff\xfe";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_secret() {
        for (file, password) in [
            (&b"\xef\xbb\xbfa\r\n"[..], &b"a"[..]),
            (b"\xef\xbb\xbf", b""),
            (b"\xef\xbb\xbf\xef\xbb\xbf", b"\xef\xbb\xbf"),
            (b"a\xef\xbb\xbf", b"a\xef\xbb\xbf"),
            (b"\xff\xfea\0\x01\x01\r\0\n\0", "a\u{101}".as_bytes()),
            (b"\xff\xfe", b""),
            // Neither UTF-8 nor UTF-16: left as it is.
            (b"\xff\xfea", b"\xff\xfea"),
            (b"\xff\xfe\0\xd8", b"\xff\xfe\0\xd8"),
        ] {
            assert_eq!(secret_of_file(file.into()).expose(), password, "{file:02x?}");
        }
    }

    #[test]
    fn one_line_end_is_dropped_and_nothing_else() {
        for (file, password) in
            [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a \n", " a "), ("a\r", "a\r"), ("\n", "")]
        {
            assert_eq!(without_line_end(file.into()).expose(), password.as_bytes());
        }
    }
}
