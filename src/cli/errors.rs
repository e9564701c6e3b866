//! `eseal errors`: what an error means and what to do, the same text as `docs/errors.md`.

use std::fmt::Write;

use eseal::ErrorCode;
use eseal::json::nearest;

use super::args::Errors;
use super::config::Common;
use super::lines::Explained;
use super::report::Report;
use super::{Exit, Outcome, Stop};

/// `eseal errors [CODE]`.
pub(crate) fn run(args: &Errors, common: &Common) -> Outcome {
    if args.markdown {
        return super::shell::write(markdown().as_bytes());
    }
    let mut report = Report::new(common);
    let wanted = |code: &&ErrorCode| args.code.as_ref().is_none_or(|name| code.as_str() == name);
    let codes: Vec<_> = ErrorCode::ALL.iter().filter(wanted).collect();
    if codes.is_empty() {
        let asked = args.code.as_deref().unwrap_or_default();
        let meant = nearest(asked, ErrorCode::ALL.iter().map(|code| code.as_str()));
        let advice =
            meant.map_or_else(|| "`eseal errors` lists them".to_owned(), |code| format!("did you mean {code}?"));
        return Err(Stop::Usage(format!("no error has the code {asked:?}; {advice}")));
    }
    let all = args.code.is_none();
    for code in codes {
        let text = if all { format!("{:28} {}", code.as_str(), code.message()) } else { explained(*code) };
        report.object(&line(*code), &text)?;
    }
    report.flush()?;
    Ok(Exit::Good)
}

fn line(code: ErrorCode) -> Explained {
    Explained {
        code: code.as_str(),
        message: code.message(),
        cause: code.cause(),
        remedy: code.remedy(),
        retry: code.retry().as_str(),
        scope: code.scope().as_str(),
    }
}

fn explained(code: ErrorCode) -> String {
    let Explained { code, message, cause, remedy, retry, scope } = line(code);
    format!("{code}: {message}\n\n  Cause   {cause}\n  Remedy  {remedy}\n  Retry   {retry}\n  Scope   {scope}")
}

/// The page of the documentation.
fn markdown() -> String {
    let mut page = String::from(HEAD);
    for code in ErrorCode::ALL {
        let Explained { code, message, cause, remedy, retry, scope } = line(*code);
        let _ = write!(page, "\n## {code}\n\n{message}\n\n");
        let _ = write!(page, "- Cause: {cause}\n- Remedy: {remedy}\n- Retry: {retry}\n- Scope: {scope}\n");
    }
    page
}

const HEAD: &str = "# Errors

What each error code means and what to do. `eseal errors CODE` prints the same. A code is added, never reworded,
never used again. This page is printed by the command; a test fails when it differs.

*Retry*: `never`: the same call fails again. `later`: it can succeed later. `prepare-again`: prepare the document
again, then sign the new digest. *Scope*: what else the fault concerns: this `document` alone, each that needs the
same `service`, or the whole `run`, which stops.
";
