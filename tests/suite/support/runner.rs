//! Runs the tests on a few threads. What could not be run is listed and counted, and is a failure where `STRICT=1`.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// One test: a panic is a failure.
pub struct Test {
    pub name: &'static str,
    pub run: fn(),
}

struct Skip(String);

/// Ends this test as one that this machine or this user cannot run.
pub fn skip(why: impl Into<String>) -> ! {
    panic::panic_any(Skip(why.into()))
}

enum Outcome {
    Passed,
    Failed(String),
    /// Failed beside the other tests, and passed when it was run again, alone.
    Unsteady(String),
    Skipped(String),
}

/// So many tests may be unsteady in one run: the machine was busy. More are a defect, and one is worth a look.
const UNSTEADY: usize = 3;

pub fn run(groups: &[&[Test]]) -> ExitCode {
    let filters: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let name = |test: &Test| test.name.trim_start_matches("suite::").to_owned();
    let tests: Vec<&Test> = groups
        .iter()
        .flat_map(|group| group.iter())
        .filter(|test| filters.is_empty() || filters.iter().any(|filter| name(test).contains(filter.as_str())))
        .collect();
    // The panics are reported with their test.
    panic::set_hook(Box::new(|info| {
        if !info.payload().is::<Skip>() {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            LAST_PLACE.set(place);
        }
    }));
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    // One more than there are processors: many of them wait.
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 3) + 1;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begin = Instant::now();
                    let outcome = outcome(test);
                    let seconds = begin.elapsed().as_secs_f32();
                    let word = match &outcome {
                        Outcome::Passed => "ok",
                        Outcome::Failed(_) | Outcome::Unsteady(_) => "FAILED",
                        Outcome::Skipped(_) => "not run",
                    };
                    println!("{word:7} {} ({seconds:.1} s)", name(test));
                    results.lock().expect("no test holds this").push((test, outcome));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no test holds this");
    again(&mut results);
    let results: Vec<(String, Outcome)> = results.into_iter().map(|(test, outcome)| (name(test), outcome)).collect();
    let status = report(&results);
    super::clean();
    status
}

thread_local! {
    static LAST_PLACE: std::cell::Cell<String> = const { std::cell::Cell::new(String::new()) };
}

fn outcome(test: &Test) -> Outcome {
    match panic::catch_unwind(AssertUnwindSafe(test.run)) {
        Ok(()) => Outcome::Passed,
        Err(payload) => match payload.downcast::<Skip>() {
            Ok(skip) => Outcome::Skipped(skip.0),
            Err(payload) => Outcome::Failed(format!("{}\n{}", LAST_PLACE.take(), text(payload.as_ref()))),
        },
    }
}

/// Runs what failed once more, alone: scenes on a terminal and races depend on who else runs. It is told apart in the
/// report; what is broken fails again.
fn again(results: &mut [(&Test, Outcome)]) {
    let is_failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
    if results.iter().filter(|(_, outcome)| is_failed(outcome)).count() > UNSTEADY {
        return;
    }
    for (test, first) in results.iter_mut().filter(|(_, outcome)| is_failed(outcome)) {
        if let (Outcome::Passed, Outcome::Failed(why)) = (outcome(test), &*first) {
            *first = Outcome::Unsteady(why.clone());
        }
    }
}

fn text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        payload.downcast_ref::<&str>().map_or_else(String::new, |text| (*text).to_owned())
    }
}

fn report(results: &[(String, Outcome)]) -> ExitCode {
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, outcome) in results {
        match outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed(why) => {
                failed += 1;
                println!("\n---- {name}\n{why}");
            }
            Outcome::Unsteady(why) => {
                passed += 1;
                println!("\n---- {name}: failed beside the other tests, passed alone\n{why}");
            }
            Outcome::Skipped(_) => skipped += 1,
        }
    }
    if skipped > 0 {
        println!("\nNot run here:");
        for (name, outcome) in results {
            if let Outcome::Skipped(why) = outcome {
                println!("  {name}: {why}");
            }
        }
    }
    println!("\n{passed} passed, {failed} failed, {skipped} skipped");
    let strict = std::env::var("STRICT").is_ok_and(|value| value == "1");
    if failed > 0 || passed == 0 || (strict && skipped > 0) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
