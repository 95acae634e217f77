//! Sizes, numbers, offsets and assignments, on any bytes: a line an option, as in `--memory 1.5G`. It must not panic, and
//! what it accepts must be within the kernel's range.
#![cfg_attr(fuzzing, no_main)]
#![allow(dead_code, reason = "the tools' modules, of which the readers are called")]

mod driver;

#[path = "../../limit-cgroup/src/amount.rs"]
mod amount;
#[path = "../../limit-cgroup/src/hint/mod.rs"]
mod hint;
#[path = "../../limit-cgroup/src/knob.rs"]
mod knob;
#[path = "../../unshare-time/src/offset.rs"]
mod offset;

use common::failure::Failure;
use common::sysctl::Sysctl;
use offset::{Clock, Offset};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Reads one line of options. Gives how many were accepted.
fn read(data: &[u8]) -> usize {
    let text = String::from_utf8_lossy(data);
    let accepted = data.split(|b| *b == b'\n').filter(|line| {
        let at = line.iter().position(|b| *b == b' ').unwrap_or(line.len());
        let value = OsStr::from_bytes(line.get(at + 1..).unwrap_or_default());
        match &line[..at] {
            b"--memory" => number(amount::memory(value), 4096, i64::MAX as u64),
            b"--cpus" => said(amount::cpus(value)).is_some_and(|written| {
                let (quota, period) = written.split_once(' ').expect("a quota and a period");
                assert_eq!(period, "100000");
                number(Ok(quota.to_owned()), 1000, 1_000_000 * 100_000)
            }),
            b"--pids-limit" => number(amount::pids(value), 1, 4_194_304),
            b"--set" => said(knob::Knob::parse(value)).is_some_and(|knob| {
                assert!(!knob.file.contains('/') && !knob.file.starts_with('.'));
                knob.controller().is_none_or(|name| !name.is_empty())
            }),
            b"--name" => said(knob::check_name(value)).is_some(),
            b"--sysctl" => said(Sysctl::parse(value, |key| {
                assert!(!key.split(['.', '/']).any(|name| name.is_empty() && !key.contains('/')), "{key}");
                assert!(!key.starts_with('/') && !key.contains(".."), "{key}");
                true
            }))
            .is_some(),
            b"--monotonic" => shift(Clock::Monotonic, value, &text),
            b"--boottime" => shift(Clock::Boottime, value, &text),
            _ => false,
        }
    });
    accepted.count()
}

/// A number is within these, or `max`.
fn number(read: Result<String, Failure>, least: u64, most: u64) -> bool {
    said(read).is_some_and(|text| {
        assert!(text == "max" || (least..=most).contains(&text.parse().expect("a number")), "{text}");
        true
    })
}

/// An offset leaves the clock above zero and within its range, and is written as the kernel reads it.
fn shift(clock: Clock, value: &OsStr, around: &str) -> bool {
    said(Offset::parse(clock, value)).is_some_and(|offset| {
        let written = offset.to_string();
        let words: Vec<&str> = written.split(' ').collect();
        let [_, seconds, rest] = words[..] else { panic!("{written}") };
        assert!(
            seconds.parse::<i64>().is_ok() && rest.parse::<u32>().is_ok_and(|rest| rest < 1_000_000_000),
            "{written}"
        );
        let _ = offset.on_top_of(around).to_string();
        true
    })
}

/// A refusal is one line of printable characters.
fn said<T>(result: Result<T, Failure>) -> Option<T> {
    result.map_err(|failure| assert!(!failure.to_string().contains(char::is_control), "{failure:?}")).ok()
}

driver::target!(
    read,
    [
        "--memory ",
        "--cpus ",
        "--pids-limit ",
        "--set ",
        "--name ",
        "--sysctl ",
        "--monotonic ",
        "--boottime ",
        "max",
        "K",
        "MiB",
        "B",
        "iB",
        "P",
        "1.5",
        "99999999999999999999",
        "0.0000000000000000001",
        "d",
        "w",
        "30d",
        "-5s",
        "\nmonotonic ",
        "memory.max=",
        "cgroup.freeze=",
        "net.",
        "kernel.shm",
    ]
);
