//! What each defence is for: without it, the lie that it keeps out gets through.
//!
//! To add one, ask [`is_down`](crate::defence::is_down) with a name of its own where it decides, and put a row here.

use std::process::Command;

use crate::sync::simulation::liars::lies::Lie;

/// Seeds that are tried from the named one on: a simulation that plays something new moves them.
const SEEDS: u64 = 60;

/// A defence, the lie that it keeps out, a seed in which that lie gets through without it, and how it shows.
struct Row {
    defence: &'static str,
    lie: Lie,
    seed: u64,
    shows: &'static str,
}

const fn row(defence: &'static str, lie: Lie, seed: u64, shows: &'static str) -> Row {
    Row { defence, lie, seed, shows }
}

/// Checks that lie behind others (drift of states, setting aside) show in `db::replica::tests::lies`: what a liar invents does not come
/// as far as they are any more. Two more can be taken down, and no seed fails, so that tests of their own show what they are for. Behind
/// "ends of postings" stands that states are compared: what waits for ever keeps its origin's log away, and the entries come all the
/// same. What "confirmed heads" is for `engine::tests::one_word` shows: here comparisons follow one another within seconds.
/// Without "signatures of votes" a liar would have to know what the round that it makes up hashes to; those it votes in are true.
const ROWS: &[Row] = &[
    row("absence", Lie::Absence, 4, "lost"),
    row("all authors", Lie::Deletes, 1, "lost"),
    row("blobs posted from here", Lie::OwnBait, 4, "would give the private blob"),
    row("drift of deltas", Lie::Clock, 1, "ms ahead"),
    row("edicts", Lie::Epoch, 0, ""),
    row("ends inside of runs", Lie::Deltas, 133, "do not agree"),
    row("keys of the right type", Lie::OwnBait, 0, "a key of another type"),
    row("owners", Lie::Epoch, 1, ""),
    row("proofs of states", Lie::Forged, 7, "a forged value"),
    row("rights", Lie::Deletes, 0, "lost"),
    row("signatures of addresses", Lie::Members, 0, "would dial"),
    row("signatures of heads", Lie::Heads, 0, ""),
];

/// Plays seeds with one lie, in a process of its own; what it printed, and whether all went well.
fn play(lie: Lie, (first, count): (u64, u64), down: &str) -> (String, bool) {
    let played = Command::new(std::env::current_exe().unwrap())
        .args(["sync::simulation::liars::runs::simulated_nodes_stand_up_to_liars", "--exact", "--nocapture"])
        .env("NEBULUSDB_SIM_LIES", lie.name())
        .env("NEBULUSDB_SIM_DOWN", down)
        .env("NEBULUSDB_SIM_FIRST", first.to_string())
        .env("NEBULUSDB_SIM_SEEDS", count.to_string())
        .env_remove("NEBULUSDB_SIM_SEED")
        .output()
        .unwrap();
    let printed = [played.stdout, played.stderr].concat();
    (String::from_utf8_lossy(&printed).into_owned(), played.status.success())
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

#[test]
#[expect(clippy::print_stderr, reason = "which seed shows what each defence is for")]
fn without_a_defence_its_lie_gets_through() {
    for Row { defence, lie, seed, shows } in ROWS {
        let (printed, is_well) = play(*lie, (*seed, SEEDS), defence);
        assert!(!is_well, "nothing shows what \"{defence}\" is for: {}", last_lines(&printed));
        assert!(printed.contains(shows), "without \"{defence}\": {}", last_lines(&printed));
        let line = printed.lines().find(|line| line.contains(" fails: ")).unwrap_or_default();
        eprintln!(
            "without \"{defence}\": {line} with NEBULUSDB_SIM_LIES={} NEBULUSDB_SIM_DOWN={defence:?}",
            lie.name()
        );
    }
}
