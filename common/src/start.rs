//! The frame of every `main`: parse, run, report, exit status.

use crate::failure::{FAILED, Failure, errno_of};
use crate::step::{name_tool, say, tool};
use crate::sys::restore_inherited;
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
    let command =
        command.override_usage(format!("{} [OPTION]... [--] [COMMAND [ARG]...]", tool())).after_help(manual());
    let result = match command.try_get_matches().and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => run(args),
        Err(answer) if matches!(answer.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            match print(&fitted(&answer.to_string())) {
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
    let command = Args::command();
    name_tool(command.get_name().to_owned().leak());
    let command = command.after_help(manual());
    let text = match command.try_get_matches().and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => run(args),
        Err(answer) if matches!(answer.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(fitted(&answer.to_string()))
        }
        Err(mistake) => Err(usage(&mistake).into()),
    };
    restore_inherited();
    match text.and_then(|text| Ok(print(&text)?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(report(&error)),
    }
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

/// The last line of `--help`.
fn manual() -> String {
    format!("The manual: man {}, man unshare-tools", tool())
}

/// The text with no line over 80 columns, where words allow: what is too much goes below the beginning of its column.
fn fitted(text: &str) -> String {
    const COLUMNS: usize = 80;
    let mut out = String::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        // An option and its text are two columns.
        let text = line[indent..].find("  ").map_or(indent, |gap| line.len() - line[indent + gap..].trim_start().len());
        let first = line[..text].chars().count();
        let mut column = first;
        out.push_str(&line[..text]);
        for (index, word) in line[text..].split(' ').enumerate() {
            let length = word.chars().count();
            if index > 0 && column + 1 + length > COLUMNS {
                out.extend(["\n", &" ".repeat(first)]);
                column = first;
            } else if index > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out.push('\n');
    }
    out
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
