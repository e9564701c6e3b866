//! `eseal completions` and `eseal man`.

use std::io::{self, Write};

use super::args::Completions;
use super::config::command;
use super::{Exit, Outcome, Stop};

/// `eseal completions SHELL`.
pub(crate) fn completions(args: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "eseal", &mut script);
    write(&script)
}

/// `eseal man`: one page for the command and its verbs.
pub(crate) fn manual() -> Outcome {
    let mut command = command();
    command.build();
    let mut page = Vec::new();
    let fault = |e: io::Error| Stop::Error("manual".into(), e.into());
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(fault)?;
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        writeln!(page, ".SH ESEAL {}", verb.get_name().to_uppercase()).map_err(fault)?;
        let man = clap_mangen::Man::new(verb.clone());
        man.render_description_section(&mut page).map_err(fault)?;
        man.render_options_section(&mut page).map_err(fault)?;
        if verb.has_subcommands() {
            man.render_subcommands_section(&mut page).map_err(fault)?;
        }
    }
    write(&page)
}

/// Writes bytes to standard output.
pub(crate) fn write(bytes: &[u8]) -> Outcome {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Err(Stop::ReaderGone),
        Err(e) => Err(Stop::Error("standard output".into(), e.into())),
        Ok(()) => Ok(Exit::Good),
    }
}
