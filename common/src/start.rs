//! The frame of every `main`: parse, run, report, exit status.

use crate::failure::{FAILED, Failure, errno_of};
use crate::hint::table::SET_ID;
use crate::link::CommandArgs;
use crate::step::{name_tool, say, tool};
use crate::sys::{arguments, has_rights_of_its_file, restore_inherited};
use clap::Parser;
use clap::error::ErrorKind;
use std::convert::Infallible;
use std::io::Write;

/// Runs a tool. `run` becomes the command, so it returns only when something failed. `bare` gives the arguments of a
/// line that has no option.
pub fn start<Args: Parser, Words: From<CommandArgs>>(
    name: &'static str,
    run: fn(Args) -> anyhow::Result<Infallible>,
    bare: fn(Words) -> Args,
) -> u8 {
    name_tool(name);
    if let Err(failure) = refuse_set_id() {
        return report(&failure.into());
    }
    let parsed = match CommandArgs::bare(arguments()) {
        Some(command) => Ok(bare(command.into())),
        None => parse(),
    };
    let result = match parsed {
        Ok(args) => run(args),
        Err(answer) if matches!(answer.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            match print(&fitted(&answer.to_string())) {
                Ok(()) => return 0,
                Err(failure) => Err(failure.into()),
            }
        }
        Err(mistake) => Err(usage(&mistake).into()),
    };
    let Err(error) = result;
    report(&error)
}

fn parse<Args: Parser>() -> clap::error::Result<Args> {
    let usage = format!("{} [OPTION]... [--] [COMMAND [ARG]...]", tool());
    Args::from_arg_matches(
        &Args::command().override_usage(usage).after_help(manual()).try_get_matches_from(arguments())?,
    )
}

/// Runs a tool that prints and ends: `run` gives the text for standard output. As everywhere, a reader that has seen
/// enough (`| head`) ends it by SIGPIPE.
pub fn start_printing<Args: Parser>(name: &'static str, run: fn(Args) -> anyhow::Result<String>) -> u8 {
    name_tool(name);
    if let Err(failure) = refuse_set_id() {
        return report(&failure.into());
    }
    let command = Args::command().after_help(manual());
    let text = match command.try_get_matches_from(arguments()).and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => run(args),
        Err(answer) if matches!(answer.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(fitted(&answer.to_string()))
        }
        Err(mistake) => Err(usage(&mistake).into()),
    };
    let printed = text.and_then(|text| {
        restore_inherited();
        Ok(print(&text)?)
    });
    match printed {
        Ok(()) => 0,
        Err(error) => report(&error),
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
    Failure::input(line).hint(format!("see '{} --help'", tool()))
}
