//! Sizes and numbers as people write them, and as the kernel's control files take them.

use common::failure::Failure;
use common::text::quoted;
use std::ffi::OsStr;

/// The period of `cpu.max`, in microseconds: the kernel's default.
const PERIOD: u128 = 100_000;
/// The smallest share of a period that the kernel takes, in microseconds.
const SMALLEST_QUOTA: u128 = 1_000;
/// More CPUs than any machine has. The kernel's own sum would overflow.
const MOST_CPUS: u128 = 1_000_000;
/// The smallest page: no limit of memory can be less.
const PAGE: u128 = 4096;
/// `PID_MAX_LIMIT` on 64 bits.
const MOST_PIDS: u128 = 4_194_304;

/// `--memory SIZE`, in bytes, for `memory.max`: `max`, or a number with one of K, M, G, T, P (powers of 1024).
///
/// # Errors
/// Not a size; less than a page; more than the kernel can count.
pub fn memory(text: &OsStr) -> Result<String, Failure> {
    let wrong = |why: &str| wrong("--memory", text, why);
    if text == "max" {
        return Ok("max".to_owned());
    }
    let bytes = text.to_str().and_then(bytes).ok_or_else(|| {
        wrong("not a size").hint("bytes, or a number with one of K, M, G, T: 512M, 1.5G; or max".to_owned())
    })?;
    if bytes < PAGE {
        return Err(wrong("less than a page, 4096 bytes: no command could run"));
    }
    if bytes > i64::MAX as u128 {
        return Err(wrong("out of range").hint("'max' is no limit".to_owned()));
    }
    Ok(bytes.to_string())
}

/// `--cpus NUMBER`, for `cpu.max`: microseconds of CPU time in a period. `max`, or a number from 0.01 on.
///
/// # Errors
/// Not a number; less than the kernel takes, or more.
pub fn cpus(text: &OsStr) -> Result<String, Failure> {
    let wrong = |why: &str| wrong("--cpus", text, why);
    if text == "max" {
        return Ok(format!("max {PERIOD}"));
    }
    let number = text.to_str().and_then(Decimal::parse);
    let number = number.ok_or_else(|| wrong("not a number").hint("CPUs' worth of time: 0.5, 2; or max".to_owned()))?;
    let quota = number.times(PERIOD);
    if quota < SMALLEST_QUOTA {
        return Err(wrong("less than 0.01, the least that the kernel takes"));
    }
    if quota > MOST_CPUS * PERIOD {
        return Err(wrong("out of range").hint("'max' is no limit".to_owned()));
    }
    Ok(format!("{quota} {PERIOD}"))
}

/// `--pids-limit NUMBER`, for `pids.max`: `max`, or a count of processes and threads.
///
/// # Errors
/// Not a whole number; 0, since the command is one; more than there are.
pub fn pids(text: &OsStr) -> Result<String, Failure> {
    let wrong = |why: &str| wrong("--pids-limit", text, why);
    if text == "max" {
        return Ok("max".to_owned());
    }
    let digits = text.to_str().filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
    let digits = digits.ok_or_else(|| wrong("not a number of processes").hint("a whole number, or max".to_owned()))?;
    match digits.parse() {
        Ok(0) => Err(wrong("the command itself is one")),
        Ok(1..=MOST_PIDS) => Ok(digits.parse::<u128>().unwrap_or_default().to_string()),
        _ => Err(wrong("out of range").hint("'max' is no limit".to_owned())),
    }
}

/// A size in bytes: digits, perhaps a fraction, perhaps a unit, which may be written `m`, `M`, `MB` or `MiB`, as docker
/// reads it.
pub fn bytes(text: &str) -> Option<u128> {
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.to_ascii_uppercase();
    let letter = unit.strip_suffix("IB").filter(|letter| !letter.is_empty()).or_else(|| unit.strip_suffix('B'));
    let power = match letter.unwrap_or(&unit) {
        "" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        "P" => 5,
        _ => return None,
    };
    Some(Decimal::parse(number)?.times(1024_u128.pow(power)))
}

fn wrong(option: &str, text: &OsStr, why: &str) -> Failure {
    Failure::input(format_args!("{option} {}: {why}", quoted(text)))
}

/// A number without a sign, with as many decimals as it was written with.
struct Decimal {
    digits: u128,
    decimals: u32,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        // What is longer is out of every range, or finer than every unit.
        if digits.is_empty() || digits.len() > 20 || text.ends_with('.') || !digits.bytes().all(|b| b.is_ascii_digit())
        {
            return None;
        }
        Some(Decimal { digits: digits.parse().ok()?, decimals: u32::try_from(fraction.len()).ok()? })
    }

    /// Its product, rounded down.
    fn times(&self, unit: u128) -> u128 {
        self.digits * unit / 10_u128.pow(self.decimals)
    }
}
