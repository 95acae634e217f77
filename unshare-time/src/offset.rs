//! How far a clock is shifted: what people write, and what the kernel takes.

use common::failure::Failure;
use common::hint::table::NO_CAPABILITY;
use common::text::quoted;
use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};
use std::ffi::OsStr;
use std::fmt;

const NANOSECONDS: i128 = 1_000_000_000;
/// Half of what the kernel's clocks can hold: `KTIME_SEC_MAX / 2`, about 146 years.
const LATEST: i128 = i64::MAX as i128 / 2;

/// The clocks that a time namespace shifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// CLOCK_MONOTONIC: timers, timeouts, `dmesg`-like time stamps.
    Monotonic,
    /// CLOCK_BOOTTIME: the uptime.
    Boottime,
}

/// One clock's shift, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    clock: Clock,
    nanoseconds: i128,
}

impl Clock {
    /// As the option and the kernel's file call it.
    fn name(self) -> &'static str {
        match self {
            Clock::Monotonic => "monotonic",
            Clock::Boottime => "boottime",
        }
    }

    /// What it shows here and now, in nanoseconds.
    fn now(self) -> Result<i128, Failure> {
        let (id, name) = match self {
            Clock::Monotonic => (ClockId::CLOCK_MONOTONIC, "CLOCK_MONOTONIC"),
            Clock::Boottime => (ClockId::CLOCK_BOOTTIME, "CLOCK_BOOTTIME"),
        };
        let now = clock_gettime(id).map_err(|errno| Failure::refused(format_args!("clock_gettime({name})"), errno))?;
        Ok(i128::from(now.tv_sec()) * NANOSECONDS + i128::from(now.tv_nsec()))
    }
}

impl Offset {
    /// Reads seconds, or a number with a unit: `90`, `-5s`, `1.5h`, `30d`.
    ///
    /// # Errors
    /// Not a number; one that would set the clock before zero or beyond the kernel's range.
    pub fn parse(clock: Clock, text: &OsStr) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::input(format_args!("--{} {}: {why}", clock.name(), quoted(text)));
        let nanoseconds = text.to_str().and_then(nanoseconds).ok_or_else(|| {
            wrong("not an offset").hint("seconds, or a number with one of s, m, h, d, w: 90, -5s, 1.5h, 30d".to_owned())
        })?;
        let now = clock.now()?;
        // The kernel says ERANGE to both. It would say so after the namespace was made.
        if now + nanoseconds < 0 {
            let seconds = now / NANOSECONDS;
            return Err(wrong("the clock would be below zero")
                .hint(format!("it shows {seconds} seconds here, the uptime: no more can be taken from it")));
        }
        if now + nanoseconds > LATEST {
            return Err(wrong("out of range").hint("the kernel's clocks end at 146 years".to_owned()));
        }
        Ok(Offset { clock, nanoseconds })
    }

    /// The same shift on top of what `/proc/self/timens_offsets` says already: the kernel counts from the first time
    /// namespace, a caller who is in another one from the clock that it sees.
    pub fn on_top_of(self, offsets: &str) -> Self {
        let inherited = offsets.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            if words.next() != Some(self.clock.name()) {
                return None;
            }
            let mut number = || words.next()?.parse::<i64>().ok().map(i128::from);
            Some(number()? * NANOSECONDS + number()?)
        });
        Offset { nanoseconds: self.nanoseconds + inherited.unwrap_or(0), ..self }
    }

    /// What it is to change, in plain words.
    pub fn about(&self) -> &'static str {
        match self.clock {
            Clock::Monotonic => "the monotonic clock, which timers and waits go by, is to be shifted in there",
            Clock::Boottime => "the boot-time clock, and the uptime with it, is to be shifted in there",
        }
    }
}

/// As `/proc/self/timens_offsets` takes it: `monotonic -2 500000000` is one second and a half back.
impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, rest) = (self.nanoseconds.div_euclid(NANOSECONDS), self.nanoseconds.rem_euclid(NANOSECONDS));
        write!(f, "{} {seconds} {rest}", self.clock.name())
    }
}

/// A sign, digits, perhaps a point and up to nine digits, perhaps a unit.
fn nanoseconds(text: &str) -> Option<i128> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        "w" => 7 * 24 * 3600,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    // Longer numbers are out of range in any unit.
    if whole.is_empty() || whole.len() > 20 || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    let size = (whole * NANOSECONDS + fraction) * unit;
    Some(if negative { -size } else { size })
}

/// Why the kernel did not take an offset.
pub fn hint(errno: Errno) -> Option<String> {
    match errno {
        Errno::EPERM => NO_CAPABILITY.with(["CAP_SYS_TIME"]).into(),
        errno => common::hint::proc_file(errno),
    }
}
