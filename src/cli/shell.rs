//! `eseal completions`, and bytes on standard output.

use std::io::{self, Write};

use clap::Command;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;
use eseal::ErrorCode;

use super::args::Completions;
use super::config::command;
use super::{Exit, Outcome, Stop, choices};

/// `eseal completions SHELL`.
pub(crate) fn completions(args: &Completions) -> Outcome {
    let mut command = with_values(command());
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "eseal", &mut script);
    if args.shell == Shell::Fish {
        // For fish the library completes the values of options alone.
        for (verb, values) in [("errors", codes()), ("man", verbs()), ("completions", shells())] {
            let condition = format!("__fish_eseal_using_subcommand {verb}");
            script.extend(format!("complete -c eseal -n \"{condition}\" -f -a \"{}\"\n", values.join(" ")).bytes());
        }
    }
    write(&script)
}

/// The command with the values of each option that has a closed set of them: for completions alone, since an option
/// takes some of them in several ways.
fn with_values(command: Command) -> Command {
    let command = command.mut_args(|arg| match arg.get_long().and_then(choices::of) {
        Some(choice) => arg.value_parser(PossibleValuesParser::new(choice.names())),
        None => arg,
    });
    command.mut_subcommands(|verb| {
        let verb = with_values(verb);
        match verb.get_name() {
            "errors" => verb.mut_arg("code", |arg| arg.value_parser(PossibleValuesParser::new(codes()))),
            "man" => verb.mut_arg("verb", |arg| arg.value_parser(PossibleValuesParser::new(verbs()))),
            _ => verb,
        }
    })
}

fn codes() -> Vec<&'static str> {
    ErrorCode::ALL.iter().map(|code| code.as_str()).collect()
}

fn verbs() -> Vec<&'static str> {
    super::statuses::verbs().collect()
}

fn shells() -> Vec<&'static str> {
    vec!["bash", "elvish", "fish", "powershell", "zsh"]
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
