//! A fuzz target: runs a check over damaged copies of its corpus.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use std::{fs, panic, thread};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vgae::system::threads::{Caller, use_threads};

use crate::memory;
use crate::mutate::mutate;

/// The contents of files by their names in a directory.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Read or refused; otherwise the defect of the reader.
pub type Verdict = Result<Outcome, String>;

#[derive(Clone, Copy, PartialEq)]
pub enum Outcome {
    Read,
    Refused,
}

/// The duration of a target in an ordinary test, in seconds.
const QUICK_SECONDS: u64 = 1;
/// The maximum number of inputs in an ordinary test, so that a faster machine sees no others.
const QUICK_INPUTS: u64 = 3000;
/// The time limit for an input of at most about 64 kB, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);
/// The memory allowed for any input, including the blocks of text of a batch.
const FREE_BYTES: usize = 96 << 20;
/// The additional memory allowed for each byte of the input.
const BYTES_PER_BYTE: usize = 4096;
/// The number of crashes after which a target gives up.
const MAX_CRASHES: usize = 20;

/// Locked for reading while inputs are read concurrently, for writing while one is read alone.
static BESIDE: RwLock<()> = RwLock::new(());

/// Reads the files in the directory.
pub type Check = fn(&Path, &Files) -> Verdict;

/// Runs `check` over the corpus called `name`; each entry is a file or a directory. Unchanged entries must be
/// read, or refused if their name begins with `bad`. Then damaged copies follow; `mend` may repair what would
/// hide the damage.
///
/// `VGAE_FUZZ_SECONDS` sets the duration and `VGAE_FUZZ_SEED` the damage. The files of a crash are kept in
/// `target/tmp/fuzz/NAME-crash-…`; `VGAE_FUZZ_REPLAY` reads them again.
pub fn fuzz(name: &'static str, mend: fn(&mut Files, &mut ChaCha8Rng), check: Check) {
    let variable = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seconds = variable("VGAE_FUZZ_SECONDS");
    let max_inputs = if seconds.is_none() { QUICK_INPUTS } else { u64::MAX };
    let seconds = seconds.unwrap_or(QUICK_SECONDS);
    let seed = variable("VGAE_FUZZ_SEED").unwrap_or(0);
    let directory =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz").join(format!("{name}-{}", std::process::id()));
    // Results do not depend on the number of threads, and targets run concurrently.
    use_threads(1, Caller::Waits);
    if let Some(replayed) = std::env::var_os("VGAE_FUZZ_REPLAY").map(PathBuf::from) {
        if replayed.to_string_lossy().contains(name) {
            let verdict = examine(&directory, &files_in(&replayed), check);
            panic!("{name}, {}: {:?}", replayed.display(), verdict.map(|outcome| outcome == Outcome::Read));
        }
        return;
    }
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    for (entry, files) in &corpus {
        let verdict =
            examine(&directory, files, check).unwrap_or_else(|crash| panic!("{name}/{entry}: {crash}"));
        let is_as_named = entry.starts_with("bad") == (verdict == Outcome::Refused);
        assert!(
            is_as_named,
            "{name}/{entry} was {}",
            if verdict == Outcome::Read { "read" } else { "refused" }
        );
    }

    let begun = Instant::now();
    let progress = Arc::new(Progress::default());
    let worker = {
        let (progress, directory) = (progress.clone(), directory.clone());
        thread::spawn(move || {
            while begun.elapsed().as_secs() < seconds {
                let number = progress.num_inputs.load(SeqCst);
                if number >= max_inputs {
                    break;
                }
                let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(1 << 32).wrapping_add(number));
                let mut files = damaged(&mut rng, &corpus);
                mend(&mut files, &mut rng);
                progress.begun_ms.store(begun.elapsed().as_millis() as u64 + 1, SeqCst);
                let verdict = examine(&directory, &files, check);
                progress.begun_ms.store(0, SeqCst);
                match verdict {
                    Ok(Outcome::Read) => drop(progress.num_read.fetch_add(1, SeqCst)),
                    Ok(Outcome::Refused) => {}
                    Err(crash) => progress.note(&directory, seed, number, &files, &crash),
                }
                progress.num_inputs.fetch_add(1, SeqCst);
                if progress.crashes.lock().unwrap().len() >= MAX_CRASHES {
                    break;
                }
            }
        })
    };
    while !worker.is_finished() {
        thread::sleep(Duration::from_millis(20));
        let begun_ms = progress.begun_ms.load(SeqCst);
        let now = begun.elapsed().as_millis() as u64;
        if begun_ms > 0 && now.saturating_sub(begun_ms) > DEADLINE.as_millis() as u64 {
            panic!("fuzz {name}: the files in {} take more than {DEADLINE:?}", directory.display());
        }
    }
    worker.join().unwrap();
    let crashes = progress.crashes.lock().unwrap();
    let (num_inputs, num_read) = (progress.num_inputs.load(SeqCst), progress.num_read.load(SeqCst));
    eprintln!(
        "fuzz {name}: {num_inputs} inputs in {} s, {} crashes ({num_read} of the inputs were read, the others refused)",
        begun.elapsed().as_secs(),
        crashes.len(),
    );
    assert!(crashes.is_empty(), "{crashes:#?}");
    let _ = fs::remove_dir_all(&directory);
    assert!(num_read > 0, "{name}: no damaged input was read");
}

/// The progress of a target.
#[derive(Default)]
struct Progress {
    num_inputs: AtomicU64,
    num_read: AtomicU64,
    /// The start of the current input, in ms since the beginning plus 1; 0 between inputs.
    begun_ms: AtomicU64,
    crashes: Mutex<Vec<String>>,
}

impl Progress {
    /// Keeps the files of a crash unless the same crash is known.
    fn note(&self, directory: &Path, seed: u64, number: u64, files: &Files, crash: &str) {
        let mut crashes = self.crashes.lock().unwrap();
        let kind: String = crash.chars().filter(|letter| !letter.is_ascii_digit()).take(60).collect();
        if crashes.iter().any(|known| {
            known.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>().contains(&kind)
        }) {
            return;
        }
        let kept = PathBuf::from(format!("{}-crash-{seed}-{number}", directory.display()));
        write(&kept, files);
        let message = format!("{crash}: VGAE_FUZZ_REPLAY={}", kept.display());
        eprintln!("{message}");
        crashes.push(message);
    }
}

/// Writes `files` to `directory` and checks them; a panic or excessive memory becomes an error.
fn examine(directory: &Path, files: &Files, check: Check) -> Verdict {
    write(directory, files);
    let num_bytes: usize = files.values().map(Vec::len).sum();
    let measure = || {
        let held = memory::begin();
        let outcome = panic::catch_unwind(|| check(directory, files));
        (outcome, memory::grown(held))
    };
    let is_much = |grown: usize| grown > FREE_BYTES + BYTES_PER_BYTE * num_bytes;
    let beside = BESIDE.read().unwrap_or_else(PoisonError::into_inner);
    let (mut outcome, mut grown) = measure();
    drop(beside);
    if is_much(grown) {
        // Another target may have caused it; those wait here.
        let _alone = BESIDE.write().unwrap_or_else(PoisonError::into_inner);
        (outcome, grown) = measure();
    }
    if is_much(grown) {
        return Err(format!("took {grown} bytes of memory for {num_bytes}"));
    }
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
        Err(format!("panicked: {}", text.unwrap_or_default()))
    })
}

/// Returns an entry of the corpus with one file damaged, or sometimes two.
fn damaged(rng: &mut ChaCha8Rng, corpus: &[(String, Files)]) -> Files {
    let mut files = corpus[rng.random_range(0..corpus.len())].1.clone();
    let num_damaged = if rng.random_bool(0.8) { 1 } else { 2 };
    for _ in 0..num_damaged {
        let (_, others) = &corpus[rng.random_range(0..corpus.len())];
        let other = others.values().nth(rng.random_range(0..others.len())).unwrap();
        let at = rng.random_range(0..files.len());
        let bytes = files.values_mut().nth(at).unwrap();
        *bytes = mutate(rng, bytes, other);
    }
    files
}

fn write(directory: &Path, files: &Files) {
    let _ = fs::remove_dir_all(directory);
    for (name, bytes) in files {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn corpus(name: &str) -> Vec<(String, Files)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let mut entries: Vec<PathBuf> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
        .iter()
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_string(), files_in(path)))
        .collect()
}

/// Returns the file, or all files in the directory and below.
fn files_in(path: &Path) -> Files {
    if path.is_file() {
        return [(path.file_name().unwrap().to_str().unwrap().to_string(), fs::read(path).unwrap())].into();
    }
    let mut files = Files::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        for (inner, bytes) in files_in(&path) {
            files.insert(if path.is_dir() { format!("{name}/{inner}") } else { inner }, bytes);
        }
    }
    files
}
