//! `eseal man`: a page for the command, and one for each verb.
//!
//! Options come from clap; examples, files and exit statuses from `pages` and `statuses`.

use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use eseal::system::{Existing, Staged};

use super::args::Manual;
use super::config::command;
use super::pages::Page;
use super::shell::write;
use super::statuses::{self, Statuses};
use super::{Exit, Outcome, Stop, verbs};

/// `eseal man [VERB]`.
pub(crate) fn run(args: &Manual) -> Outcome {
    if args.statuses {
        return write(statuses::markdown().as_bytes());
    }
    let mut command = command();
    command.build();
    let fault = |e: io::Error| Stop::Error("manual".into(), e.into());
    if let Some(folder) = &args.pages {
        save(folder, "eseal.1", &whole(&command).map_err(fault)?)?;
        for verb in own(&command) {
            let name = format!("eseal-{}.1", verb.get_name());
            save(folder, &name, &page(verb).map_err(fault)?)?;
        }
        return Ok(Exit::Good);
    }
    let Some(name) = &args.verb else { return write(&whole(&command).map_err(fault)?) };
    let name = name.strip_prefix("eseal-").unwrap_or(name);
    match own(&command).find(|verb| verb.get_name() == name) {
        Some(verb) => write(&page(verb).map_err(fault)?),
        None => Err(Stop::Usage(format!(
            "there is no verb {name:?}{}",
            verbs::advice(name, own(&command).map(Command::get_name))
        ))),
    }
}

/// The verbs that are this program's own.
fn own(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| verb.get_name() != "help")
}

fn save(folder: &Path, name: &str, page: &[u8]) -> Outcome<()> {
    let about = || Stop::about(folder.display().to_string());
    std::fs::create_dir_all(folder).map_err(|e| about()(e.into()))?;
    let staged = Staged::write_bytes(page, &folder.join(name), None).map_err(about())?;
    staged.commit(Existing::Replace).map(drop).map_err(about())
}

/// The page of the command, with all verbs.
fn whole(command: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone());
    let mut out = Vec::new();
    head(&mut out, "ESEAL")?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    man.render_subcommands_section(&mut out)?;
    for verb in own(command) {
        writeln!(out, ".SH ESEAL {}", verb.get_name().to_uppercase())?;
        let man = Man::new(verb.clone());
        man.render_description_section(&mut out)?;
        man.render_options_section(&mut out)?;
        if verb.has_subcommands() {
            man.render_subcommands_section(&mut out)?;
        }
    }
    out.extend(b".SH EXIT STATUS\n");
    for (exit, what, _) in statuses::ALL {
        item(&mut out, &exit.status().to_string(), what)?;
    }
    paragraph(&mut out, "What each of them means for a verb stands in the page of the verb.")?;
    out.extend(b".SH FILES\n");
    let all = own(command).filter_map(|verb| Page::of(verb.get_name()));
    let mut files: Vec<_> = all.flat_map(|page| page.files).collect();
    files.sort_unstable();
    files.dedup();
    for (name, what) in files {
        item(&mut out, name, what)?;
    }
    out.extend(b".SH SEE ALSO\n");
    let pages: Vec<String> = own(command).map(|verb| format!("eseal-{}(1)", verb.get_name())).collect();
    text(&mut out, &pages.join(", "))?;
    Ok(tidy(&out))
}

/// The page of a verb.
fn page(verb: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(verb.clone());
    let mut out = Vec::new();
    head(&mut out, &format!("ESEAL-{}", verb.get_name().to_uppercase()))?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    let page = Page::of(verb.get_name());
    out.extend(b".SH EXAMPLES\n");
    for (call, what) in page.iter().flat_map(|page| page.examples) {
        item(&mut out, &format!("eseal {call}"), what)?;
    }
    man.render_options_section(&mut out)?;
    if verb.has_subcommands() {
        man.render_subcommands_section(&mut out)?;
    }
    out.extend(b".SH EXIT STATUS\n");
    for (exit, ..) in statuses::ALL {
        if let Some(what) = Statuses::of(verb.get_name()).and_then(|statuses| statuses.meaning(exit)) {
            item(&mut out, &exit.status().to_string(), what)?;
        }
    }
    out.extend(b".SH FILES\n");
    for (name, what) in page.iter().flat_map(|page| page.files) {
        item(&mut out, name, what)?;
    }
    out.extend(b".SH SEE ALSO\n");
    text(&mut out, "eseal(1)")?;
    Ok(tidy(&out))
}

fn head(out: &mut Vec<u8>, title: &str) -> io::Result<()> {
    writeln!(out, ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '")?;
    writeln!(out, ".TH {title} 1 {DATE} \"eseal {}\" eseal", env!("CARGO_PKG_VERSION"))
}

/// A name in bold, and what it is below it.
fn item(out: &mut Vec<u8>, name: &str, what: &str) -> io::Result<()> {
    write!(out, ".TP\n\\fB{}\\fR\n", escaped(name))?;
    text(out, what)
}

fn paragraph(out: &mut Vec<u8>, what: &str) -> io::Result<()> {
    writeln!(out, ".PP")?;
    text(out, what)
}

fn text(out: &mut Vec<u8>, text: &str) -> io::Result<()> {
    // A line that begins so would be a request.
    let guard = if text.starts_with(['.', '\'']) { "\\&" } else { "" };
    writeln!(out, "{guard}{}", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq")
}

/// What every reader of such pages takes without a warning: ASCII, and no break beside an empty line.
fn tidy(page: &[u8]) -> Vec<u8> {
    let page = String::from_utf8_lossy(page).replace(".br\n\n.br\n", ".sp\n");
    let mut out = String::with_capacity(page.len());
    for c in page.chars() {
        match c {
            c if c.is_ascii() => out.push(c),
            c => out.push_str(&format!("\\[u{:04X}]", u32::from(c))),
        }
    }
    out.into_bytes()
}

// When what the pages say was last looked over.
const DATE: &str = "2026-11-30";
