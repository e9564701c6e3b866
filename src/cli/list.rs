//! Lines that come from a file or from another program, one by one, as they come.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use eseal::error::Limit;
use eseal::{Limits, Result};

use super::{Outcome, Stop};

/// A line and its number in the file, from 1; empty ones count, too.
pub(crate) type Numbered = (usize, Result<Vec<u8>>);

/// An iterator over lines that gives up when the run is cancelled, even while it waits.
pub(crate) struct List {
    lines: Receiver<Numbered>,
    cancel: Arc<AtomicBool>,
}

impl List {
    /// Lines of `path`, where `-` is standard input, ended by `delimiter`.
    pub(crate) fn open(path: &Path, delimiter: u8, limits: &Limits, cancel: &Arc<AtomicBool>) -> Outcome<List> {
        let reader: Box<dyn Read + Send> = if path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            let file = File::open(path);
            Box::new(file.map_err(|e| Stop::Error(path.display().to_string(), e.into()))?)
        };
        let (sender, lines) = sync_channel(LINES_AHEAD);
        let limit = limits.line_bytes;
        // Reading may wait for ever, and is left behind when the command ends.
        std::thread::spawn(move || {
            let mut reader = BufReader::new(reader);
            let (mut is_first, mut number) = (true, 0);
            loop {
                let mut line = next(&mut reader, delimiter, limit, &mut number);
                if std::mem::take(&mut is_first) {
                    line = line.map(|line| line.map(|line| without_mark(&line).to_vec()));
                    if matches!(&line, Ok(Some(line)) if line.is_empty()) {
                        continue;
                    }
                }
                let last = !matches!(line, Ok(Some(_)));
                let Some(line) = line.transpose() else { break };
                if sender.send((number, line)).is_err() || last {
                    break;
                }
            }
        });
        Ok(List { lines, cancel: Arc::clone(cancel) })
    }
}

impl Iterator for List {
    type Item = Numbered;

    fn next(&mut self) -> Option<Numbered> {
        while !self.cancel.load(Ordering::Relaxed) {
            match self.lines.recv_timeout(LOOK_FOR_CANCEL) {
                Ok(line) => return Some(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    }
}

/// The next line that is not empty, without its end; each that was read is counted.
fn next(reader: &mut impl BufRead, delimiter: u8, limit: u64, number: &mut usize) -> Result<Option<Vec<u8>>> {
    loop {
        let mut line = Vec::new();
        *number = number.saturating_add(1);
        if reader.take(limit.saturating_add(1)).read_until(delimiter, &mut line)? == 0 {
            return Ok(None);
        }
        if line.last() == Some(&delimiter) {
            line.pop();
        }
        if delimiter == b'\n' && line.last() == Some(&b'\r') {
            line.pop();
        }
        let found = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if found > limit {
            return Err(Limit::new("line_bytes", limit, found).into());
        }
        if !line.is_empty() {
            return Ok(Some(line));
        }
    }
}

/// A text without the mark that editors of Windows write before it.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const LINES_AHEAD: usize = 64;
const LOOK_FOR_CANCEL: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], delimiter: u8, limit: u64) -> Vec<Result<Vec<u8>>> {
        let mut reader = text;
        std::iter::from_fn(|| next(&mut reader, delimiter, limit, &mut 0).transpose()).take(10).collect()
    }

    #[test]
    fn lines_end_with_any_line_end_or_with_nul() {
        let plain =
            |text: &[u8], delimiter| lines(text, delimiter, 9).into_iter().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(plain(b"a\n\nb\r\nc", b'\n'), [b"a", b"b", b"c"]);
        assert_eq!(plain(b"a\nb\0c\r\0", 0), [&b"a\nb"[..], b"c\r"]);
        assert!(plain(b"", b'\n').is_empty());
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "\n\r\na\n\nb").unwrap();
        let list = List::open(file.path(), b'\n', &Limits::default(), &Arc::default()).unwrap_or_else(|_| panic!());
        let read: Vec<_> = list.map(|(number, line)| (number, line.unwrap())).collect();
        assert_eq!(read, [(3, b"a".to_vec()), (5, b"b".to_vec())]);
    }

    #[test]
    fn a_long_line_is_refused() {
        assert!(lines(b"12345\n", b'\n', 5)[0].is_ok());
        assert_eq!(lines(b"123456", b'\n', 5)[0].as_ref().unwrap_err().code(), eseal::ErrorCode::LimitExceeded);
    }
}
