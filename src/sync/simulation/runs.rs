//! The tests: many seeds in turn, one seed with its story, or very many for hours.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use crate::sync::simulation::world::{Event, World};

/// Seeds that the usual test run plays: a minute and a little on two cores.
const SEEDS: u64 = 1_000;
/// Seeds of a long run.
const SOAK_SEEDS: u64 = 20_000;
/// Threads that play.
const THREADS: usize = 2;

/// What seeds did, all in all.
#[derive(Default)]
struct Sum {
    steps: AtomicU64,
    frames: AtomicU64,
    bytes: AtomicU64,
    virtual_ms: AtomicU64,
    happened: Mutex<BTreeMap<String, u64>>,
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// Makes the world of a seed: its directory, and whether its story is printed as it happens.
pub(super) type Make = fn(u64, &Path, bool) -> World;

/// Plays one seed; the story where it fails.
fn play(seed: u64, is_loud: bool, sum: &Sum, make: Make) -> Result<(), String> {
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let mut world = make(seed, directory.path(), is_loud);
    let played = catch_unwind(AssertUnwindSafe(|| {
        let late = usize::from(world.plan.has_newcomer);
        world.plan_faults();
        for node in 0..world.nodes.len() - late {
            world.start(node);
        }
        world.schedule(100, Event::Operation);
        let length_ms = 2 * u64::from(world.plan.operations) * world.plan.operation_gap_ms;
        world.play_until(length_ms + 5_000);
        world.come_to_rest();
    }));
    sum.steps.fetch_add(world.steps, Ordering::Relaxed);
    sum.frames.fetch_add(world.frames, Ordering::Relaxed);
    sum.bytes.fetch_add(world.bytes, Ordering::Relaxed);
    sum.virtual_ms.fetch_add(world.now_ms, Ordering::Relaxed);
    *sum.happened.lock().entry("seeds".to_string()).or_default() += 1;
    for (name, count) in &world.happened {
        *sum.happened.lock().entry((*name).to_string()).or_default() += count;
    }
    for (name, count) in &world.liars.told {
        *sum.happened.lock().entry(format!("lies: {name}")).or_default() += count;
    }
    played.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        format!("{}\n{}", world.story(), text.unwrap_or("a panic without words"))
    })
}

/// Plays seeds on all threads; how often what happened.
#[expect(clippy::print_stderr, reason = "how much was played, for who reads the output of the tests")]
pub(super) fn play_all(count: u64, make: Make) -> BTreeMap<String, u64> {
    let (sum, started) = (Sum::default(), Instant::now());
    if let Some(seed) = number_of("NEBULUSDB_SIM_SEED") {
        play(seed, true, &sum, make).unwrap_or_else(|story| panic!("{story}\nseed {seed} fails"));
        return sum.happened.into_inner();
    }
    let first = number_of("NEBULUSDB_SIM_FIRST").unwrap_or(0);
    let count = number_of("NEBULUSDB_SIM_SEEDS").unwrap_or(count);
    // A soak says how many steps it wants at least.
    let steps_min = number_of("NEBULUSDB_SOAK_STEPS").unwrap_or(0);
    let (next, end, has_failed) = (AtomicU64::new(first), first + count, AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let seed = next.fetch_add(1, Ordering::Relaxed)
                    && (seed < end || sum.steps.load(Ordering::Relaxed) < steps_min)
                    && !has_failed.load(Ordering::Relaxed)
                {
                    if let Err(story) = play(seed, false, &sum, make) {
                        has_failed.store(true, Ordering::Relaxed);
                        panic!("{story}\nseed {seed} fails: NEBULUSDB_SIM_SEED={seed} plays it again");
                    }
                }
            });
        }
    });
    let elapsed = started.elapsed().as_secs_f64();
    let [steps, frames, bytes, virtual_ms] =
        [&sum.steps, &sum.frames, &sum.bytes, &sum.virtual_ms].map(|number| number.load(Ordering::Relaxed));
    let hours = virtual_ms / 3_600_000;
    let count = sum.happened.lock().get("seeds").copied().unwrap_or(0);
    eprintln!("{count} seeds in {elapsed:.1} s: {steps} steps, {frames} frames, {bytes} bytes, {hours} hours");
    eprintln!("{:?}", sum.happened.lock());
    sum.happened.into_inner()
}

fn make(seed: u64, directory: &Path, is_loud: bool) -> World {
    let nodes = number_of("NEBULUSDB_SIM_NODES").map(|nodes| usize::try_from(nodes).unwrap());
    World::new(seed, nodes, directory, is_loud)
}

#[test]
fn simulated_nodes_agree_and_keep_their_promises() {
    play_all(SEEDS, make);
}

#[test]
#[ignore = "hours: see `make soak`"]
fn soak_simulated_nodes() {
    play_all(SOAK_SEEDS, make);
}
