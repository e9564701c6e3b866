//! The moment of signing: all that a signature takes from outside besides the key.

use std::fmt;

use crate::digest::{DigestAlgorithm, State};
use crate::error::{Misuse, Result};

/// Seconds since 1970-01-01T00:00:00Z, in UTC, from year 1 to year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The second `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) outside the years 1 to 9999.
    pub fn from_unix(seconds: i64) -> Result<Self> {
        if (MIN_UNIX..=MAX_UNIX).contains(&seconds) {
            Ok(Time(seconds))
        } else {
            Err(Misuse::new("time outside the years 1 to 9999").into())
        }
    }

    /// Reads RFC 3339, such as `2026-01-02T03:04:05Z` or `…+02:00`; fractions are cut off.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when it is none.
    pub fn parse_rfc3339(text: &str) -> Result<Self> {
        parse_rfc3339(text.as_bytes()).ok_or_else(|| Misuse::new("time is not RFC 3339").into())
    }

    /// Reads a PDF date string (ISO 32000-1, 7.9.4), such as `D:20260102030405+02'00'`; what is left out is the
    /// smallest there is, and a missing zone is UTC.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when it is none.
    pub fn parse_pdf(text: &str) -> Result<Self> {
        parse_pdf(text.as_bytes()).ok_or_else(|| Misuse::new("time is no PDF date").into())
    }

    /// The UTC calendar time `year-month-day hour:minute:second`.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when there is no such time.
    pub fn from_utc(date: (i64, i64, i64), clock: (i64, i64, i64)) -> Result<Self> {
        let unix = unix_from(date, clock);
        unix.map_or_else(|| Err(Misuse::new("no such calendar time").into()), Time::from_unix)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn as_unix(self) -> i64 {
        self.0
    }

    /// `D:20260102030405Z`, the date string of ISO 32000-1, 7.9.4.
    #[must_use]
    pub fn to_pdf(self) -> String {
        let ((y, m, d), (h, min, s)) = self.to_utc();
        format!("D:{y:04}{m:02}{d:02}{h:02}{min:02}{s:02}Z")
    }

    /// Year, month and day; hour, minute and second.
    pub(crate) fn to_utc(self) -> ((i64, i64, i64), (i64, i64, i64)) {
        let days = self.0.div_euclid(DAY);
        let second = self.0.rem_euclid(DAY);
        (civil_from_days(days), (second / 3600, second / 60 % 60, second % 60))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((y, m, d), (h, min, s)) = self.to_utc();
        write!(f, "{y:04}-{m:02}-{d:02}T{h:02}:{min:02}:{s:02}Z")
    }
}

/// Time and nonce: with equal moments, equal arguments give equal bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    time: Time,
    nonce: [u8; 32],
}

impl Moment {
    /// A moment; `nonce` must be unpredictable and never be used for two documents.
    #[must_use]
    pub fn new(time: Time, nonce: [u8; 32]) -> Self {
        Moment { time, nonce }
    }

    /// The claimed time of signing.
    #[must_use]
    pub fn time(&self) -> Time {
        self.time
    }

    /// Where identifiers derive from.
    #[must_use]
    pub fn nonce(&self) -> &[u8; 32] {
        &self.nonce
    }

    /// The moment of one document of a batch: nonce = SHA-256(batch nonce ‖ name as given).
    #[must_use]
    pub fn for_document(&self, name: &[u8]) -> Moment {
        Moment { time: self.time, nonce: derive(&[&self.nonce, name]) }
    }
}

/// SHA-256 over the parts, one after the other.
pub(crate) fn derive(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = State::new(DigestAlgorithm::Sha256);
    for part in parts {
        state.update(part);
    }
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(state.finish().as_bytes()) {
        *to = *from;
    }
    out
}

fn parse_rfc3339(text: &[u8]) -> Option<Time> {
    let number = |from: usize, to: usize| -> Option<i64> {
        text.get(from..to)?.iter().try_fold(0_i64, |n, c| c.is_ascii_digit().then(|| n * 10 + i64::from(c - b'0')))
    };
    let is = |at: usize, c: &[u8]| text.get(at).is_some_and(|found| c.contains(found));
    let separators = is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":");
    let date = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let clock = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let mut zone = 19;
    if is(zone, b".") {
        let digits = text.get(zone + 1..)?.iter().take_while(|c| c.is_ascii_digit()).count();
        zone += 1 + digits;
        (digits > 0).then_some(())?;
    }
    let east = match text.get(zone..)? {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (number(zone + 1, zone + 3)?, number(zone + 4, zone + 6)?);
            (hours < 24 && minutes < 60).then_some(())?;
            (hours * 3600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    separators.then_some(())?;
    Time::from_unix(unix_from(date, clock)? - east).ok()
}

fn parse_pdf(text: &[u8]) -> Option<Time> {
    let text = text.strip_prefix(b"D:").unwrap_or(text);
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count().min(14);
    let (date, zone) = text.split_at_checked(digits)?;
    let number = |from: usize, to: usize, missing: i64| -> Option<i64> {
        if date.len() <= from {
            return Some(missing);
        }
        let part = date.get(from..to)?;
        Some(part.iter().fold(0, |n, c| n * 10 + i64::from(c - b'0')))
    };
    (date.len() >= 4).then_some(())?;
    let day = (number(0, 4, 0)?, number(4, 6, 1)?, number(6, 8, 1)?);
    let clock = (number(8, 10, 0)?, number(10, 12, 0)?, number(12, 14, 0)?);
    let two = |at: usize| -> i64 {
        let pair = zone.get(at..at + 2).filter(|pair| pair.iter().all(u8::is_ascii_digit));
        pair.map_or(0, |pair| pair.iter().fold(0, |n, c| n * 10 + i64::from(c - b'0')))
    };
    let minutes_at = if zone.get(3) == Some(&b'\'') { 4 } else { 3 };
    let east = match zone.first() {
        Some(b'+') => two(1) * 3600 + two(minutes_at) * 60,
        Some(b'-') => -(two(1) * 3600 + two(minutes_at) * 60),
        Some(b'Z') | None => 0,
        Some(_) => return None,
    };
    Time::from_unix(unix_from(day, clock)? - east).ok()
}

fn unix_from((y, m, d): (i64, i64, i64), (h, min, s): (i64, i64, i64)) -> Option<i64> {
    // A leap second counts as the second before it: signatures know no sixtieth second.
    let sound = (1..=9999).contains(&y)
        && (1..=12).contains(&m)
        && (1..=days_in_month(y, m)).contains(&d)
        && (0..24).contains(&h)
        && (0..60).contains(&min)
        && (0..=60).contains(&s);
    sound.then(|| days_from_civil(y, m, d) * DAY + h * 3600 + min * 60 + s.min(59))
}

fn days_in_month(y: i64, m: i64) -> i64 {
    match m {
        2 if y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

// Days are counted in eras of 400 years that begin on 1 March, so that leap days come last.
fn days_from_civil(y: i64, m: i64, d: i64) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let m = if month < 10 { month + 3 } else { month - 9 };
    let y = year_of_era + era * 400 + i64::from(m <= 2);
    (y, m, day_of_year - (153 * month + 2) / 5 + 1)
}

const DAY: i64 = 86_400;
const MIN_UNIX: i64 = -62_135_596_800;
const MAX_UNIX: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_the_same_time() {
        for unix in [MIN_UNIX, -1, 0, 951_782_400, 1_767_323_045, 4_107_542_399, MAX_UNIX] {
            let time = Time::from_unix(unix).unwrap();
            assert_eq!(Time::parse_rfc3339(&time.to_string()).unwrap(), time);
        }
        assert_eq!(Time::from_unix(1_767_323_045).unwrap().to_string(), "2026-01-02T03:04:05Z");
        assert_eq!(Time::from_unix(1_767_323_045).unwrap().to_pdf(), "D:20260102030405Z");
    }

    #[test]
    fn reads_zones_and_fractions() {
        let time = Time::parse_rfc3339("2026-01-02T05:04:05.123+02:00").unwrap();
        assert_eq!(time.to_string(), "2026-01-02T03:04:05Z");
    }

    #[test]
    fn reads_pdf_dates() {
        for (text, expected) in [
            ("D:20260102030405Z", "2026-01-02T03:04:05Z"),
            ("D:20260102050405+02'00'", "2026-01-02T03:04:05Z"),
            ("D:20260101213405-0530", "2026-01-02T03:04:05Z"),
            ("20260102", "2026-01-02T00:00:00Z"),
        ] {
            assert_eq!(Time::parse_pdf(text).unwrap().to_string(), expected);
        }
        for text in ["", "D:", "D:202", "D:20261302", "D:2026010", "D:20260102x"] {
            assert!(Time::parse_pdf(text).is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026-02-29T00:00:00Z",
            "2026-01-02 03:04:05",
            "2026-01-02T24:00:00Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05+2:00",
            "2026-01-02T03:04:05ZZ",
            "0000-01-01T00:00:00Z",
        ] {
            assert!(Time::parse_rfc3339(text).is_err(), "{text}");
        }
    }
}
