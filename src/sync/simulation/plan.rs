//! What one seed plays: how many nodes, how bad the network, which misfortunes.

use crate::model::NetworkOptions;
use crate::sync::engine::Tuning;
use crate::sync::protocol::seeded_random::Random;
use crate::sync::simulation::departures::Departures;

/// The parameters of one simulation, all of them chosen by its seed.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub nodes: usize,
    /// Operations of users, and the mean time between two of them.
    pub operations: u32,
    pub operation_gap_ms: u64,
    /// Frames in ten thousand that are lost, and the session with them.
    pub loss: u64,
    /// Deltas that were pushed and arrive twice, in ten thousand.
    pub duplicates: u64,
    /// Longest way of a frame.
    pub delay_ms: u64,
    /// Longest time that work on the database waits.
    pub work_ms: u64,
    pub partitions: u32,
    pub crashes: u32,
    /// Data directories put back to an older copy.
    pub restores: u32,
    /// The copy takes the exact place of the files, so that only peers can know.
    pub are_restores_in_place: bool,
    /// Largest difference of a node's clock from the true time.
    pub skew_ms: u64,
    pub rotations: u32,
    /// Members that are removed; never where copies are put back, which may lose what only the removed one holds.
    pub removals: u32,
    /// The last node comes when the others have been at work for a while.
    pub has_newcomer: bool,
    /// One node attaches the second collection when others have used it for a while.
    pub attaches_late: bool,
    /// Logs are dropped early, so that reconciliation has work.
    pub is_log_small: bool,
    /// There is a table, with other columns on each node.
    pub has_tables: bool,
    pub departures: Departures,
    /// A member is down until an owner excuses it.
    pub has_silence: bool,
    /// All members may delete what others made.
    pub all_may_delete: bool,
    /// Copies of each entry, on those nodes that hold a share; never where copies of directories are put back.
    pub copies: Option<u32>,
    pub tuning: Tuning,
    pub options: NetworkOptions,
}

impl Plan {
    /// `nodes` overrides how many there are.
    pub fn new(random: &mut Random, nodes: Option<usize>) -> Plan {
        let default = Tuning::default();
        let is_small = one_in(random, 2);
        let is_log_small = one_in(random, 3);
        let tuning = Tuning {
            batch_bytes: if is_small { between(random, 200, 4_000) as usize } else { default.batch_bytes },
            apply_queue_bytes: if is_small { 8_000 } else { default.apply_queue_bytes },
            snapshot_deltas_min: if one_in(random, 2) { between(random, 1, 20) } else { default.snapshot_deltas_min },
            audit_interval_ms: if one_in(random, 3) { 20_000 } else { default.audit_interval_ms },
            stability_interval_ms: between(random, 3_000, 30_000),
        };
        let options = NetworkOptions {
            sync_interval_ms: between(random, 200, 2_000),
            log_bytes_max: if is_log_small { between(random, 300, 3_000) } else { 1 << 28 },
            ..NetworkOptions::default()
        };
        let greatest = if one_in(random, 50) { 20 } else { 8 };
        let usual = if one_in(random, 2) { 3 } else { between(random, 3, greatest) as usize };
        let misfortunes =
            |random: &mut Random, one: u64| if one_in(random, one) { between(random, 1, 2) as u32 } else { 0 };
        let restores = misfortunes(random, 8);
        let removes = restores == 0 && one_in(random, 6);
        let mut plan = Plan {
            nodes: nodes.unwrap_or(usual),
            operations: between(random, 10, 45) as u32,
            operation_gap_ms: between(random, 50, 1_500),
            loss: if one_in(random, 2) { 0 } else { between(random, 10, 500) },
            duplicates: if one_in(random, 2) { 0 } else { 1_000 },
            delay_ms: if one_in(random, 2) { 5 } else { between(random, 10, 2_000) },
            work_ms: if one_in(random, 2) { 0 } else { between(random, 1, 200) },
            partitions: misfortunes(random, 2),
            crashes: misfortunes(random, 2),
            restores,
            are_restores_in_place: one_in(random, 2),
            skew_ms: if one_in(random, 3) { 400_000 } else { 100 },
            rotations: misfortunes(random, if removes { 2 } else { 10 }),
            removals: u32::from(removes),
            has_newcomer: one_in(random, 4),
            attaches_late: one_in(random, 6),
            is_log_small,
            has_tables: one_in(random, 3),
            departures: Departures::default(),
            has_silence: false,
            all_may_delete: true,
            copies: None,
            tuning,
            options,
        };
        plan.departures = Departures::new(random, &plan);
        plan
    }

    /// Whether logs give everything that was posted, so that what was posted together shows together at any time: whoever is
    /// compared with takes from the logs what they give first.
    pub fn is_always_whole(&self) -> bool {
        !self.is_log_small
            && self.restores == 0
            && !self.has_silence
            && self.tuning.snapshot_deltas_min == Tuning::default().snapshot_deltas_min
    }

    /// Whether nodes compare their entries more often than they usually do.
    pub fn audits_often(&self) -> bool {
        self.tuning.audit_interval_ms < Tuning::default().audit_interval_ms
    }
}

/// True once in `count` times.
pub(super) fn one_in(random: &mut Random, count: u64) -> bool {
    random.below(count) == 0
}

/// A number within bounds, both included.
pub(super) fn between(random: &mut Random, least: u64, greatest: u64) -> u64 {
    least + random.below(greatest - least + 1)
}
