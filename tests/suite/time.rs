//! `unshare-time`: uptime, monotonic clock and timers shift, inside only; the date never does.

use crate::support::{sh, user};
use nix::time::{ClockId, clock_gettime};

crate::tests![
    uptime_shifts_and_the_date_does_not,
    the_command_itself_is_inside,
    monotonic_shifts,
    offsets_add_up,
    waits_take_as_long,
    units,
    below_zero,
    range_when_nested,
    bad_input,
];

const CLOCKS: &str = "UNSHARE_SUITE_CLOCKS";

/// No program prints the clocks, so this one does when asked to: monotonic and boot time in whole seconds.
pub fn print_clocks_if_asked() {
    if std::env::var_os(CLOCKS).is_some() {
        let seconds = |clock| clock_gettime(clock).expect("a clock").tv_sec();
        println!("{} {}", seconds(ClockId::CLOCK_MONOTONIC), seconds(ClockId::CLOCK_BOOTTIME));
        std::process::exit(0);
    }
}

/// By how much the clocks differ from ours in a chain: monotonic and boot time, in seconds.
fn shifts(chain: &str) -> (i64, i64) {
    let me = std::env::current_exe().expect("this program");
    let clocks = |chain: &str| {
        let seen = sh(&format!("{}{chain} env {CLOCKS}=1 {}", user(), me.display()));
        let (monotonic, boot) = seen.ok().split_once(' ').expect("two numbers");
        (monotonic.parse::<i64>().expect("seconds"), boot.parse::<i64>().expect("seconds"))
    };
    let (ours, theirs) = (clocks(""), clocks(chain));
    (theirs.0 - ours.0, theirs.1 - ours.1)
}

#[track_caller]
fn about(shift: i64, expected: i64) {
    // The two looks at the clocks are some time apart.
    assert!((0..=20).contains(&(shift - expected)), "{shift}, not {expected}");
}

fn uptime_shifts_and_the_date_does_not() {
    let look = "cut -d. -f1 /proc/uptime; date +%s";
    let seen = sh(&format!("{look}; {}unshare-time --boottime 30d -- sh -c '{look}'", user()));
    let numbers: Vec<i64> = seen.ok().lines().map(|line| line.parse().expect("seconds")).collect();
    about(numbers[2] - numbers[0], 30 * 24 * 3600);
    about(numbers[3] - numbers[1], 0);
}

fn the_command_itself_is_inside() {
    let look = "readlink /proc/self/ns/time /proc/self/ns/time_for_children";
    let seen = sh(&format!("{look}; {}unshare-time -- {look}", user()));
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert_eq!(lines[2], lines[3], "{seen:?}");
    assert_ne!(lines[0], lines[2], "{seen:?}");
}

fn monotonic_shifts() {
    let (monotonic, boot) = shifts("unshare-time --monotonic 1h");
    about(monotonic, 3600);
    about(boot, 0);
    let (monotonic, boot) = shifts("unshare-time --monotonic 5 --boottime 2d");
    about(monotonic, 5);
    about(boot, 2 * 24 * 3600);
}

fn offsets_add_up() {
    let (monotonic, boot) = shifts("unshare-time --monotonic 1000 --boottime 7 -- unshare-time --monotonic -400");
    about(monotonic, 600);
    about(boot, 7);
}

fn waits_take_as_long() {
    let seen = sh(&format!("{}unshare-time --monotonic 30d --boottime 30d -- timeout 0.5 sleep 20", user()));
    assert_eq!(seen.code(), 124, "{seen:?}");
    assert!(seen.took.as_secs_f32() >= 0.5, "{seen:?}");
}

fn units() {
    for (offset, written) in [
        ("90", "90 0"),
        ("+90s", "90 0"),
        ("2m", "120 0"),
        ("1.5h", "5400 0"),
        ("1d", "86400 0"),
        ("1w", "604800 0"),
        ("-1.5s", "-2 500000000"),
        ("0.000000001", "0 1"),
    ] {
        let seen = sh(&format!("{}unshare-time --explain --boottime {offset} true", user()));
        seen.ok();
        assert!(seen.err.contains(&format!("\"boottime {written}\"")), "{offset}: {seen:?}");
    }
}

fn below_zero() {
    for clock in ["monotonic", "boottime"] {
        let seen = sh(&format!("{}unshare-time --{clock} -100000d true", user()));
        assert!(
            seen.refused().starts_with(&format!("unshare-time: --{clock} \"-100000d\": the clock would be below zero"))
        );
        assert!(seen.err.contains("the uptime: no more can be taken"), "{seen:?}");
    }
}

/// The range is that of the clocks as they are seen, whatever the namespaces around this one have added.
fn range_when_nested() {
    let outer = format!("{}unshare-time --boottime 50000d", user());
    let seen = sh(&format!("{outer} -- unshare-time --boottime 50000d true"));
    assert!(seen.refused().starts_with("unshare-time: --boottime \"50000d\": out of range"), "{seen:?}");
    let seen = sh(&format!("{outer} -- unshare-time --boottime -50001d true"));
    assert!(seen.refused().contains("\"-50001d\": the clock would be below zero"), "{seen:?}");
    let (_, boot) = shifts("unshare-time --boottime 50000d -- unshare-time --boottime -50000d");
    about(boot, 0);
}

fn bad_input() {
    for offset in [
        "''",
        "1e3",
        "1x",
        ".",
        "1.",
        "1h30",
        "1s2m",
        "0x10",
        "NaN",
        "+-5",
        "--5",
        "' 1'",
        "99999999999999",
        "99999999999999999999",
        "999999999999999999999",
        "1.0000000001",
        "--",
    ] {
        let seen = sh(&format!("unshare-time --monotonic {offset} true"));
        assert!(seen.refused().starts_with("unshare-time: --monotonic \""), "{offset}: {seen:?}");
    }
}
