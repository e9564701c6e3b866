//! Time zones: files as the system keeps them (RFC 8536), and the rules of POSIX.
//!
//! In: bytes of a file, or a rule such as `EET-2EEST,M3.5.0/3,M10.5.0/4`. Out: how far the clock is east of UTC.

use eseal::Time;

/// How the clock of a place goes; UTC where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Zone {
    /// Moments from which on the clock is so many seconds east of UTC.
    changes: Vec<(i64, i64)>,
    /// Before the first change.
    first: i64,
    /// After the last one.
    rule: Option<Rule>,
}

/// What POSIX says in `TZ`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    standard: i64,
    summer: Option<Summer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Summer {
    east: i64,
    begin: (Day, i64),
    end: (Day, i64),
}

/// A day of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// From 1, where 29 February never counts.
    Julian(i64),
    /// From 0.
    OfYear(i64),
    /// Month, which of its weekdays (5: the last one), weekday from Sunday.
    Weekday(i64, i64, i64),
}

impl Zone {
    /// The zone of a rule; `None` when it is none.
    pub(super) fn rule(text: &str) -> Option<Zone> {
        let rule = Some(Rule::read(text)?);
        Some(Zone { rule, ..Zone::default() })
    }

    /// The zone of a file; `None` when it is none.
    pub(super) fn read(bytes: &[u8]) -> Option<Zone> {
        let head = Head::read(bytes)?;
        if head.version == 0 {
            return head.zone(bytes.get(HEAD..)?, 4).map(|(zone, _)| zone);
        }
        // What follows is the same with longer numbers.
        let rest = bytes.get(HEAD.checked_add(head.bytes(4)?)?..)?;
        let head = Head::read(rest)?;
        let (zone, rest) = head.zone(rest.get(HEAD..)?, 8)?;
        let rule = rest.strip_prefix(b"\n").and_then(|rest| rest.split(|byte| *byte == b'\n').next());
        let rule = rule.and_then(|rule| Rule::read(std::str::from_utf8(rule).ok()?));
        Some(Zone { rule, ..zone })
    }

    /// How many seconds the clock is ahead of UTC at this moment.
    pub(super) fn east_of_utc(&self, unix: i64) -> i64 {
        match (self.changes.iter().rposition(|(at, _)| *at <= unix), &self.rule) {
            (None, Some(rule)) if self.changes.is_empty() => rule.east_of_utc(unix),
            (None, _) => self.first,
            (Some(at), Some(rule)) if at + 1 == self.changes.len() => rule.east_of_utc(unix),
            (Some(at), _) => self.changes.get(at).map_or(self.first, |(_, east)| *east),
        }
    }
}

/// The head of a part of a file: how much of what follows.
struct Head {
    version: u8,
    counts: [usize; 6],
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Head> {
        let version = *bytes.strip_prefix(b"TZif")?.first()?;
        let mut counts = [0; 6];
        for (at, count) in counts.iter_mut().enumerate() {
            let from = 20 + 4 * at;
            *count = usize::try_from(u32::from_be_bytes(bytes.get(from..from + 4)?.try_into().ok()?)).ok()?;
        }
        Some(Head { version, counts })
    }

    /// How many bytes follow, where a time takes `width`.
    fn bytes(&self, width: usize) -> Option<usize> {
        let [utc, standard, leaps, times, types, letters] = self.counts;
        let parts = [(times, width + 1), (types, 6), (letters, 1), (leaps, width + 4), (standard, 1), (utc, 1)];
        parts.iter().try_fold(0_usize, |sum, (count, size)| sum.checked_add(count.checked_mul(*size)?))
    }

    /// The zone without its rule, and what comes behind it.
    fn zone<'a>(&self, bytes: &'a [u8], width: usize) -> Option<(Zone, &'a [u8])> {
        let [_, _, _, times, types, _] = self.counts;
        let rest = bytes.get(self.bytes(width)?..)?;
        let (moments, bytes) = bytes.split_at_checked(times.checked_mul(width)?)?;
        let (kinds, bytes) = bytes.split_at_checked(times)?;
        let kind = |at: usize| -> Option<(i64, bool)> {
            let from = at.checked_mul(6).filter(|_| at < types)?;
            let east = i32::from_be_bytes(bytes.get(from..from.checked_add(4)?)?.try_into().ok()?);
            Some((east.into(), *bytes.get(from.checked_add(4)?)? != 0))
        };
        let mut changes = Vec::new();
        for (moment, at) in moments.chunks(width).zip(kinds) {
            let unix = match *moment {
                [a, b, c, d] => i32::from_be_bytes([a, b, c, d]).into(),
                _ => i64::from_be_bytes(moment.try_into().ok()?),
            };
            changes.push((unix, kind(usize::from(*at))?.0));
        }
        let winter = (0..types).filter_map(kind).find(|(_, is_summer)| !is_summer).or_else(|| kind(0));
        Some((Zone { changes, first: winter?.0, rule: None }, rest))
    }
}

impl Rule {
    fn read(text: &str) -> Option<Rule> {
        let mut rest = Reader(text.as_bytes());
        rest.name()?;
        // What POSIX counts is how far the clock is behind.
        let standard = -rest.clock(24)?;
        if rest.0.is_empty() {
            return Some(Rule { standard, summer: None });
        }
        rest.name()?;
        let east = match rest.0.first() {
            None | Some(b',') => standard + 3_600,
            Some(_) => -rest.clock(24)?,
        };
        let (begin, end) = match rest.0.is_empty() {
            // What everybody takes where nothing is said.
            true => ((Day::Weekday(3, 2, 0), 7_200), (Day::Weekday(11, 1, 0), 7_200)),
            false => (rest.day()?, rest.day()?),
        };
        rest.0.is_empty().then_some(Rule { standard, summer: Some(Summer { east, begin, end }) })
    }

    fn east_of_utc(&self, unix: i64) -> i64 {
        let Some(summer) = &self.summer else { return self.standard };
        let is_summer = || -> Option<bool> {
            let year = year_of(unix + self.standard)?;
            let begin = moment(year, summer.begin)? - self.standard;
            let end = moment(year, summer.end)? - summer.east;
            Some(match begin < end {
                true => (begin..end).contains(&unix),
                // South of the equator.
                false => !(end..begin).contains(&unix),
            })
        };
        if is_summer().unwrap_or(false) { summer.east } else { self.standard }
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    /// A name of a zone: letters, or whatever stands in angle brackets.
    fn name(&mut self) -> Option<()> {
        if self.take(b'<').is_some() {
            let end = self.0.iter().position(|byte| *byte == b'>')?;
            self.0 = self.0.get(end + 1..)?;
            return Some(());
        }
        let letters = self.0.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        self.0 = self.0.get(letters..)?;
        (letters >= 3).then_some(())
    }

    fn number(&mut self) -> Option<i64> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count().min(3);
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        std::str::from_utf8(number).ok()?.parse().ok()
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    fn clock(&mut self, most: i64) -> Option<i64> {
        let sign = if self.take(b'-').is_some() { -1 } else { self.take(b'+').map_or(1, |()| 1) };
        let mut seconds = self.number().filter(|hours| *hours <= most)? * 3_600;
        for unit in [60, 1] {
            if self.take(b':').is_none() {
                break;
            }
            seconds += self.number().filter(|part| *part < 60)? * unit;
        }
        Some(sign * seconds)
    }

    /// `,date[/time]`.
    fn day(&mut self) -> Option<(Day, i64)> {
        self.take(b',')?;
        let day = match self.0.first()? {
            b'M' => {
                self.take(b'M')?;
                let month = self.number().filter(|month| (1..=12).contains(month))?;
                self.take(b'.')?;
                let week = self.number().filter(|week| (1..=5).contains(week))?;
                self.take(b'.')?;
                Day::Weekday(month, week, self.number().filter(|day| *day <= 6)?)
            }
            b'J' => {
                self.take(b'J')?;
                Day::Julian(self.number().filter(|day| (1..=365).contains(day))?)
            }
            _ => Day::OfYear(self.number().filter(|day| *day <= 365)?),
        };
        let clock = if self.take(b'/').is_some() { self.clock(167)? } else { 7_200 };
        Some((day, clock))
    }
}

/// Seconds since 1970 on the clock of the place.
fn moment(year: i64, (day, clock): (Day, i64)) -> Option<i64> {
    let first = |month: i64| Time::from_utc((year, month, 1), (0, 0, 0)).ok().map(|time| time.as_unix() / DAY);
    let is_leap = first(3)? - first(2)? == 29;
    let days = match day {
        Day::OfYear(day) => first(1)? + day,
        Day::Julian(day) => first(1)? + day - 1 + i64::from(is_leap && day >= 60),
        Day::Weekday(month, week, weekday) => {
            let begin = first(month)?;
            let next = if month == 12 { begin + 31 } else { first(month + 1)? };
            // 1970 began on a Thursday.
            let mut day = begin + (weekday - (begin + 4)).rem_euclid(7) + (week - 1) * 7;
            while day >= next {
                day -= 7;
            }
            day
        }
    };
    Some(days * DAY + clock)
}

fn year_of(unix: i64) -> Option<i64> {
    Time::from_unix(unix).ok()?.to_string().get(..4)?.parse().ok()
}

const HEAD: usize = 44;
const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    fn east(zone: &Zone, time: &str) -> i64 {
        zone.east_of_utc(Time::parse_rfc3339(time).unwrap().as_unix())
    }

    #[test]
    fn rules_of_both_halves_of_the_earth() {
        for (rule, time, expected) in [
            ("UTC0", "2026-07-01T00:00:00Z", 0),
            ("<+0545>-5:45", "2026-07-01T00:00:00Z", 20_700),
            ("EST5EDT", "2026-07-01T00:00:00Z", -14_400),
            ("EST5EDT", "2026-01-01T00:00:00Z", -18_000),
            ("EET-2EEST,M3.5.0/3,M10.5.0/4", "2026-03-29T00:59:59Z", 7_200),
            ("EET-2EEST,M3.5.0/3,M10.5.0/4", "2026-03-29T01:00:00Z", 10_800),
            ("EET-2EEST,M3.5.0/3,M10.5.0/4", "2026-10-25T00:59:59Z", 10_800),
            ("EET-2EEST,M3.5.0/3,M10.5.0/4", "2026-10-25T01:00:00Z", 7_200),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01T00:00:00Z", 39_600),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-07-01T00:00:00Z", 36_000),
            ("XXX0YYY,J60/0,J61/0", "2024-03-01T12:00:00Z", 3_600),
            ("XXX0YYY,J60/0,J61/0", "2024-02-29T12:00:00Z", 0),
            ("XXX0YYY,59/0,60/0", "2024-02-29T12:00:00Z", 3_600),
        ] {
            assert_eq!(east(&Zone::rule(rule).unwrap(), time), expected, "{rule} {time}");
        }
        for text in ["", "UT", "UTC", "Riga", "EET-2EEST,M3", "EET-25", "EET-2EEST,M13.1.0,M1.1.0", "UTC0x", "<a-1"] {
            assert_eq!(Zone::rule(text), None, "{text}");
        }
    }

    #[test]
    fn files_have_changes_and_then_their_rule() {
        let part = |width: usize| {
            let mut bytes = b"TZif2".to_vec();
            bytes.resize(20, 0);
            for count in [0_u32, 0, 0, 2, 2, 4] {
                bytes.extend(count.to_be_bytes());
            }
            for moment in [1_000_i64, 2_000] {
                bytes.extend(&moment.to_be_bytes()[8 - width..]);
            }
            bytes.extend([1, 0]);
            for (east, is_summer) in [(7_200_i32, 0), (10_800, 1)] {
                bytes.extend(east.to_be_bytes());
                bytes.extend([is_summer, 0]);
            }
            bytes.extend(b"EET\0");
            bytes
        };
        let file = [part(4), part(8), b"\nEET-2\n".to_vec()].concat();
        let zone = Zone::read(&file).unwrap();
        let seen: Vec<i64> = [0, 1_000, 1_999, 2_000, 9_000].map(|unix| zone.east_of_utc(unix)).to_vec();
        assert_eq!(seen, [7_200, 10_800, 10_800, 7_200, 7_200]);
        for end in 0..file.len() - 8 {
            assert_eq!(Zone::read(&file[..end]), None, "{end}");
        }
        assert_eq!(Zone::read(b"no file"), None);
    }
}
