//! `--until HH:MM`: when that is next, on the clock of this place.

use std::path::Path;

use eseal::Time;

use super::{Outcome, Stop};

mod zone;

use zone::Zone;

/// The next moment after `now` at which the clock here shows `text`.
pub(crate) fn until(text: &str, now: Time) -> Outcome<Time> {
    let wrong = || Stop::Usage(format!("--until wants a time of the day such as 05:30, found {text:?}"));
    let minutes = parse(text).ok_or_else(wrong)?;
    let zone = here().ok_or_else(|| Stop::Usage("--until: the time zone that TZ names is not known here".into()))?;
    next(&zone, minutes, now).ok_or_else(wrong)
}

/// Minutes after midnight.
fn parse(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|_| minutes.len() == 2)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// The zone as other programs have it: `TZ`, else the system's, else UTC.
fn here() -> Option<Zone> {
    #[expect(clippy::disallowed_methods, reason = "TZ is where every program looks for the zone")]
    let named = std::env::var_os("TZ");
    let Some(named) = named else {
        return Some(file(Path::new("/etc/localtime")).unwrap_or_default());
    };
    let named = named.into_string().ok()?;
    let name = named.strip_prefix(':').unwrap_or(&named);
    if name.is_empty() {
        return Some(Zone::default());
    }
    let path = Path::new(name);
    let is_inside = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    match path.is_absolute() {
        true => file(path),
        false if is_inside => FOLDERS.iter().find_map(|folder| file(&Path::new(folder).join(path))),
        false => None,
    }
    .or_else(|| Zone::rule(name))
}

fn file(path: &Path) -> Option<Zone> {
    let bytes = eseal::system::read_bounded(path, "line_bytes", ZONE_BYTES).ok()?;
    Zone::read(&bytes)
}

/// The first moment after `now` at which the clock comes to, or jumps over, so many minutes after midnight.
fn next(zone: &Zone, minutes: i64, now: Time) -> Option<Time> {
    // Days that this time of the day has come to, on the clock of the place.
    let passed = |unix: i64| (unix + zone.east_of_utc(unix) - minutes * 60).div_euclid(DAY);
    let mut at = now.as_unix();
    let before = passed(at);
    // To the minute first, then to the second: two days hold any change of the clock.
    let end = at.checked_add(2 * DAY)?;
    while at < end && passed(at) <= before {
        at += 60;
    }
    let mut second = at - 60;
    while passed(second) <= before {
        second += 1;
    }
    Time::from_unix(second).ok().filter(|_| at < end)
}

const DAY: i64 = 86_400;
const ZONE_BYTES: u64 = 1 << 20;
const FOLDERS: [&str; 3] = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo"];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse_rfc3339(text).unwrap()
    }

    fn next_in(zone: &str, clock: &str, now: &str) -> String {
        next(&Zone::rule(zone).unwrap(), parse(clock).unwrap(), at(now)).unwrap().to_string()
    }

    #[test]
    fn it_is_the_next_time_that_the_clock_shows_it() {
        for (clock, now, expected) in [
            ("02:00", "2026-01-01T22:00:00Z", "2026-01-02T02:00:00Z"),
            ("22:01", "2026-01-01T22:00:59Z", "2026-01-01T22:01:00Z"),
            ("22:00", "2026-01-01T22:00:00Z", "2026-01-02T22:00:00Z"),
            ("0:05", "2026-01-01T00:05:01Z", "2026-01-02T00:05:00Z"),
            ("00:00", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(next_in("UTC0", clock, now), expected, "{clock} {now}");
        }
        // Riga, in winter and in summer.
        let riga = "EET-2EEST,M3.5.0/3,M10.5.0/4";
        assert_eq!(next_in(riga, "02:00", "2026-01-01T20:00:00Z"), "2026-01-02T00:00:00Z");
        assert_eq!(next_in(riga, "02:00", "2026-07-01T20:00:00Z"), "2026-07-01T23:00:00Z");
        // The clock jumps from 03:00 to 04:00: half past three is when it does.
        assert_eq!(next_in(riga, "03:30", "2026-03-28T22:00:00Z"), "2026-03-29T01:00:00Z");
        // It shows half past three twice: the first one counts.
        assert_eq!(next_in(riga, "03:30", "2026-10-24T22:00:00Z"), "2026-10-25T00:30:00Z");
    }

    #[test]
    fn what_is_no_time_of_the_day_is_refused() {
        for text in ["", "2", "24:00", "02:60", "2:5", "-2:00", "02:00:00", "+2:00", "002:00", "aa:bb", " 2:00"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!((parse("02:05"), parse("2:05"), parse("23:59")), (Some(125), Some(125), Some(1439)));
    }
}
