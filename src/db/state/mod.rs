//! What all transactions and background threads of one database share, and what tells them of one another: the flag that stops a
//! statement, the list of who is connected and what runs, the clock.

pub(super) mod activity;
pub(super) mod cancel;
pub(super) mod clock;
pub(super) mod dimension_witnesses;
pub(super) mod fillers;
pub(super) mod index_builds;
pub(super) mod peers;
pub(super) mod row_rules;
pub(super) mod running_backup;
pub(super) mod sequences;
pub(super) mod spill_folder;
pub(super) mod state;
pub(super) mod sweeping;
pub(super) mod turns;
