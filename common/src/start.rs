//! The frame of every `main`: parse, run, report, exit status.

use crate::failure::{FAILED, Failure, errno_of};
use crate::hint::table::SET_ID;
use crate::step::{name_tool, say, tool};
use crate::sys::{has_rights_of_its_file, restore_inherited};
use crate::text::harmless;
use clap::Parser;
use clap::error::ErrorKind;
use std::convert::Infallible;
use std::io::Write;
use std::process::ExitCode;

/// Runs a tool. `run` becomes the command, so it returns only when something failed.
pub fn start<Args: Parser>(run: fn(Args) -> anyhow::Result<Infallible>) -> ExitCode {
    let command = Args::command();
    name_tool(command.get_name().to_owned().leak());
    if let Err(failure) = refuse_set_id() {
        return ExitCode::from(report(&failure.into()));
    }
    let command = command.override_usage(format!("{} [OPTION]... [--] [COMMAND [ARG]...]", tool()));
    let result = match command.try_get_matches().and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => run(args),
        Err(answer) if matches!(answer.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            match print(&answer.to_string()) {
                Ok(()) => return ExitCode::SUCCESS,
                Err(failure) => Err(failure.into()),
            }
        }
        Err(mistake) => Err(usage(&mistake).into()),
    };
    let Err(error) = result;
    ExitCode::from(report(&error))
}

/// Runs a tool that prints and ends: `run` gives the text for standard output. As everywhere, a reader that has seen
/// enough (`| head`) ends it by SIGPIPE.
pub fn start_printing<Args: Parser>(run: fn(Args) -> anyhow::Result<String>) -> ExitCode {
    name_tool(Args::command().get_name().to_owned().leak());
    if let Err(failure) = refuse_set_id() {
        return ExitCode::from(report(&failure.into()));
    }
    let text = match Args::try_parse() {
        Ok(args) => run(args),
        Err(answer) if matches!(answer.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(answer.to_string())
        }
        Err(mistake) => Err(usage(&mistake).into()),
    };
    restore_inherited();
    match text.and_then(|text| Ok(print(&text)?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(report(&error)),
    }
}

/// Refuses rights that the caller has not. Whoever gave the program a set-ID bit would hand them to everybody: these tools
/// trust their environment, their PATH and their options, as the caller's own.
fn refuse_set_id() -> Result<(), Failure> {
    if has_rights_of_its_file() {
        return Err(Failure::input("started with rights that its caller has not (AT_SECURE)").hint(SET_ID.with([])));
    }
    Ok(())
}

/// Prints a failure in its one or two lines, and gives its exit status.
pub fn report(error: &anyhow::Error) -> u8 {
    say(format_args!("{error:#}"));
    let failure = error.downcast_ref::<Failure>();
    if let Some(hint) = failure.and_then(|failure| failure.hint.as_deref()) {
        say(format_args!("hint: {hint}"));
    }
    failure.map_or(FAILED, |failure| failure.status)
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::refused("write(standard output)", errno_of(error)))
}

/// clap's first paragraph as one line; its usage and tips stay with `--help`.
fn usage(mistake: &clap::Error) -> Failure {
    let text = mistake.to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let line: Vec<&str> = paragraph.lines().map(str::trim).collect();
    let line = line.join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    Failure::input(harmless(line)).hint(format!("see '{} --help'", tool()))
}
