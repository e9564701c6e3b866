//! `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).

use ureq::http::{Response, header};

use crate::time::Time;

/// The moment before which the service does not want to be asked.
pub(super) fn retry_after<T>(answer: &Response<T>, now: Time) -> Option<Time> {
    parse(answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim(), now)
}

fn parse(text: &str, now: Time) -> Option<Time> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Longer than a week is a week: nobody waits for it anyway.
        let seconds = text.parse::<i64>().unwrap_or(i64::MAX).min(WEEK_SECONDS);
        return Time::from_unix(now.as_unix().checked_add(seconds)?).ok();
    }
    // `Sun, 06 Nov 1994 08:49:37 GMT`; the two older forms are not sent any more.
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let (day, month, year, clock) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)?;
    let month = i64::try_from(month).ok()?.checked_add(1)?;
    let mut clock = clock.split(':').map(|part| part.parse::<i64>().ok());
    let clock = (clock.next()??, clock.next()??, clock.next()??);
    Time::from_utc((year.parse().ok()?, month, day.parse().ok()?), clock).ok()
}

const WEEK_SECONDS: i64 = 7 * 24 * 60 * 60;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_seconds_and_dates() {
        let now = Time::from_unix(1_000).unwrap();
        let at = |text| parse(text, now).map(Time::as_unix);
        assert_eq!(at("120"), Some(1_120));
        assert_eq!(at("99999999999999999999"), Some(1_000 + WEEK_SECONDS));
        assert_eq!(at("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for bad in ["-1", "soon", "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun, 40 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994"]
        {
            assert_eq!(at(bad), None, "{bad}");
        }
    }
}
