//! The tests: many seeds with liars in turn, and very many for hours.

use std::path::Path;

use crate::sync::simulation::liars::lies::Lie;
use crate::sync::simulation::runs::play_all;
use crate::sync::simulation::world::World;

/// Seeds that the usual test run plays.
const SEEDS: u64 = 1_000;
/// Seeds of a long run. `NEBULUSDB_SOAK_STEPS` has more played where these are fewer steps than it says.
const SOAK_SEEDS: u64 = 20_000;
/// Seeds after which every lie has been told.
const ALL_TOLD: u64 = 500;

fn make(seed: u64, directory: &Path, is_loud: bool) -> World {
    World::with_liars(seed, directory, is_loud)
}

#[test]
fn simulated_nodes_stand_up_to_liars() {
    let happened = play_all(SEEDS, make);
    let is_told = |lie: &Lie| happened.contains_key(&format!("lies: {}", lie.name()));
    let untold: Vec<Lie> = Lie::played().into_iter().filter(|lie| *lie != Lie::Clock && !is_told(lie)).collect();
    let played = happened.get("seeds").copied().unwrap_or(0);
    assert!(untold.is_empty() || played < ALL_TOLD, "nobody told {untold:?}");
}

#[test]
#[ignore = "hours: see `make soak`"]
fn soak_simulated_liars() {
    play_all(SOAK_SEEDS, make);
}
