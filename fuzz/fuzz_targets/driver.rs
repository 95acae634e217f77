//! The entry of every target, for both drivers: cargo-fuzz's, and our own, which runs a target on its corpus and on what
//! random changes make of it, for so many seconds (the first argument; default 10).
#![cfg_attr(fuzzing, allow(dead_code, reason = "cargo-fuzz brings its own"))]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

/// What a change may put in, besides the target's own words: borders of numbers and of lines.
const WORDS: &[&str] = &[
    "0",
    "1",
    "-1",
    "+1",
    "00",
    "65535",
    "65536",
    "4294967294",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551616",
    "0.1",
    ".",
    ",",
    "=",
    "/",
    "%d",
    "..",
    ":",
    "-",
    "--",
    " ",
    "\t",
    "\n",
    "\0",
    "\\",
    "\\n",
    "\\040",
    "\\777",
    "\u{80}",
    "\u{a0}",
    "\u{202e}",
    "\u{fffd}",
];
/// How many accepted inputs are kept to be changed further.
const POOL: usize = 4096;
/// No change makes an input longer.
const LONGEST: usize = 1500;

/// `target!(read, [words])`: `read` is given an input, and gives how much of it was accepted; the words are its own, for
/// changes. The corpus has the target's name.
macro_rules! target {
    ($read:ident, [$($word:literal),* $(,)?]) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            $read(data);
        });

        #[cfg(not(fuzzing))]
        fn main() -> std::process::ExitCode {
            let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/", env!("CARGO_BIN_NAME"));
            driver::run(corpus, &[$($word),*], $read)
        }
    };
}
pub(crate) use target;

/// Runs it. `target` gives how much of an input it accepted.
pub fn run(corpus: &str, words: &[&str], target: impl Fn(&[u8]) -> usize) -> ExitCode {
    let words = [words, WORDS].concat();
    let seconds = std::env::args().nth(1).map_or(10, |word| word.parse().expect("a number of seconds"));
    let mut pool: Vec<Vec<u8>> = std::fs::read_dir(corpus)
        .expect("the corpus")
        .map(|entry| std::fs::read(entry.expect("an entry").path()).expect("a file"))
        .collect();
    let seeds = pool.len();
    let mut random =
        Random(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time").as_nanos() as u64 | 1);
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut runs, mut accepted) = (0_u64, 0_u64);
    while runs < seeds as u64 || Instant::now() < end {
        let input = match pool.get(runs as usize) {
            Some(seed) if runs < seeds as u64 => seed.clone(),
            _ => random.change(&pool, seeds, &words),
        };
        runs += 1;
        match catch_unwind(AssertUnwindSafe(|| target(&input))) {
            Ok(0) => {}
            Ok(_) => {
                accepted += 1;
                if pool.len() < POOL {
                    pool.push(input);
                } else {
                    let at = seeds + random.below(POOL - seeds);
                    pool[at] = input;
                }
            }
            Err(_) => {
                eprintln!("this input broke it; keep it in {corpus}: {:?}", String::from_utf8_lossy(&input));
                return ExitCode::FAILURE;
            }
        }
    }
    let name = corpus.rsplit('/').next().unwrap_or(corpus);
    println!("{name}: {seeds} seeds, {runs} inputs, {accepted} of them accepted, none broke it");
    ExitCode::SUCCESS
}

/// xorshift64
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }

    /// Changes a seed, or something that was accepted.
    fn change(&mut self, pool: &[Vec<u8>], seeds: usize, words: &[&str]) -> Vec<u8> {
        let among = if self.below(2) == 0 { seeds } else { pool.len() };
        let mut input = pool[self.below(among)].clone();
        for _ in 0..=self.below(6) {
            let at = self.below(input.len() + 1);
            let until = (at + self.below(12)).min(input.len());
            match self.below(6) {
                0 => drop(input.drain(at..until)),
                1 => input.insert(at, self.below(256) as u8),
                2 if at < input.len() => input[at] ^= 1 << self.below(8),
                3 => {
                    let piece = input[at..until].to_vec();
                    input.splice(until..until, piece);
                }
                4 => {
                    let other = &pool[self.below(pool.len())];
                    let from = self.below(other.len() + 1);
                    input.splice(at..until, other[from..].iter().copied());
                }
                _ => drop(input.splice(at..until, words[self.below(words.len())].bytes())),
            }
        }
        input.truncate(LONGEST);
        input
    }
}
