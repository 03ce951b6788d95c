//! Receiving: what peers send is verified by its signatures and proofs, logged and merged, and nothing of it is believed before.

pub(in crate::db) mod adoption;
pub(in crate::db) mod hearsay;
pub(in crate::db) mod proofs;
pub(in crate::db) mod public_view;
pub(in crate::db) mod receive;
pub(in crate::db) mod schema_merge;
pub(in crate::db) mod shapes;
pub(in crate::db) mod sweep;
pub(in crate::db) mod verify_run;
pub(in crate::db) mod verify_states;
