//! Which defences against lying members stand: all of them, except in a test that takes one down to show what it is for.
//!
//! A check that a lie must pass asks [`is_down`] with its own name. Outside of tests that is a constant, and costs nothing.
//! `src/sync/simulation/liars/defences.rs` lists the names, with the lie that gets through without each.

/// Whether a test has taken this defence down.
#[cfg(not(test))]
pub const fn is_down(_defence: &str) -> bool {
    false
}

/// Whether a test has taken this defence down: `NEBULUSDB_SIM_DOWN` names it, for the whole process.
#[cfg(test)]
pub fn is_down(defence: &str) -> bool {
    static DOWN: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    DOWN.get_or_init(|| std::env::var("NEBULUSDB_SIM_DOWN").ok()).as_deref() == Some(defence)
}
