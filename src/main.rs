//! The command `eseal`; see `eseal help`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
