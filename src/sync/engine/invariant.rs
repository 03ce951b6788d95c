//! What always holds, said where it holds: tests and the simulation, which run optimised, stop where it does not.

/// As `debug_assert!`, in tests of every profile. What a peer says is judged before, so that it can break none of them.
macro_rules! invariant {
    ($($what:tt)*) => {
        if cfg!(any(test, debug_assertions)) {
            assert!($($what)*);
        }
    };
}
