//! Records of replication as they are stored on this node: heads, marks of the stage, the origin it posts as, the status of peers.

pub(super) mod log_entry;
pub(super) mod origin;
pub(super) mod peers_status;
pub(super) mod posted_entry;
pub(super) mod set_aside;
pub(super) mod stage_marks;
pub(super) mod stored_head;
