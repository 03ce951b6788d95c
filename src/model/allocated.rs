//! What groups of threads have allocated and not freed: the memory that work really takes, whoever accounts for it.
//!
//! Operators and functions of a plan say what they keep, and much lies between them: batches on their way, copies, buffers that
//! grow by doubling. A thread that counts adds what it allocates to its group and takes off what it frees, so that work that
//! stays on the threads of one group can be measured. What is handed to other threads has to be [handed over](handing_over).
//! ClickHouse bounds its queries in this way.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Bytes that a thread collects before it tells its group.
const PENDING_BYTES_MAX: i64 = 64 * 1024;

thread_local! {
    /// The counter of this thread's group, which the thread keeps alive; null where it belongs to none.
    static GROUP: Cell<*const AtomicI64> = const { Cell::new(ptr::null()) };
    /// What the group has not been told yet.
    static PENDING: Cell<i64> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// The system's allocator, which counts on the threads of groups.
struct CountingAllocator;

fn count(bytes: i64) {
    let group = GROUP.get();
    if group.is_null() {
        return;
    }
    let pending = PENDING.get() + bytes;
    if pending.abs() < PENDING_BYTES_MAX {
        PENDING.set(pending);
        return;
    }
    PENDING.set(0);
    // SAFETY: a thread that belongs to a group holds a count of its counter until it has left, see `Allocated::join`.
    unsafe { &*group }.fetch_add(pending, Ordering::Relaxed);
}

/// A layout has at most `isize::MAX` bytes.
fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

// SAFETY: every call is passed on to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller's contract is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(signed(size) - signed(layout.size()));
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Gives memory that is free between blocks that are used back to the system. It takes milliseconds for each hundred megabytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn give_back_free_memory() {
    // SAFETY: it takes a number and may be called by any thread at any time (malloc_trim(3), MT-Safe); it touches only pages of
    // the allocator in which nothing is allocated, under the locks of their arenas.
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators give back what is free by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back_free_memory() {}

/// What the threads of one group have allocated and not freed. Clones are the same group.
#[derive(Clone, Debug, Default)]
pub struct Allocated(Arc<AtomicI64>);

impl Allocated {
    /// Counts this thread with the group, until it [leaves](Allocated::leave); a thread belongs to one group at most.
    pub fn join(&self) {
        Self::leave();
        GROUP.set(Arc::into_raw(Arc::clone(&self.0)));
    }

    /// Takes this thread out of its group, if it is in one.
    pub fn leave() {
        let group = GROUP.replace(ptr::null());
        if group.is_null() {
            return;
        }
        // SAFETY: `join` has put a counted pointer there, and it is gone from there now.
        let group = unsafe { Arc::from_raw(group) };
        group.fetch_add(PENDING.replace(0), Ordering::Relaxed);
    }

    /// Begins from nothing: all that the group held is of others now.
    pub fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Bytes that the group of this thread holds, up to what its other threads have not told yet; `None` for a thread that belongs
/// to none.
pub fn allocated_by_group() -> Option<usize> {
    let group = GROUP.get();
    if group.is_null() {
        return None;
    }
    // SAFETY: as in `count`.
    let told = unsafe { &*group }.load(Ordering::Relaxed);
    Some(usize::try_from(told + PENDING.get()).unwrap_or(0))
}

/// Makes something that another thread will free, and that the group holds no more.
pub fn handing_over<T>(make: impl FnOnce() -> T) -> T {
    let group = GROUP.replace(ptr::null());
    let _back = Back(group);
    make()
}

/// Puts a thread back into its group, also where a panic ends what it did.
struct Back(*const AtomicI64);

impl Drop for Back {
    fn drop(&mut self) {
        GROUP.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs something on a thread of a group.
    fn on_a_thread_of<T: Send>(group: &Allocated, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                group.join();
                let result = work();
                Allocated::leave();
                result
            });
            thread.join().unwrap()
        })
    }

    fn bytes(group: &Allocated) -> i64 {
        group.0.load(Ordering::Relaxed)
    }

    #[test]
    fn what_is_freed_is_gone_and_what_is_kept_counts() {
        let group = Allocated::default();
        let kept = on_a_thread_of(&group, || {
            let before = allocated_by_group().unwrap();
            let mut kept = vec![0_u8; 1 << 20];
            kept.reserve_exact(3 << 20);
            drop(vec![1_u8; 5 << 20]);
            assert_eq!(allocated_by_group().unwrap() - before, 4 << 20);
            kept
        });
        assert_eq!(bytes(&group), 4 << 20);
        on_a_thread_of(&group, || drop(kept));
        assert_eq!(bytes(&group), 0);
        assert_eq!(allocated_by_group(), None, "this thread is in no group");
    }

    #[test]
    fn what_is_handed_over_does_not_count() {
        let group = Allocated::default();
        let made = on_a_thread_of(&group, || handing_over(|| vec![0_u8; 1 << 20]));
        assert_eq!(bytes(&group), 0);
        drop(made);
        on_a_thread_of(&group, || {
            let result = std::panic::catch_unwind(|| handing_over(|| std::panic::panic_any(1)));
            assert!(result.is_err() && allocated_by_group().is_some(), "a panic leaves it in its group");
        });
    }

    #[test]
    fn more_is_freed_than_was_allocated_here() {
        let group = Allocated::default();
        let foreign = vec![0_u8; 1 << 20];
        on_a_thread_of(&group, || {
            drop(foreign);
            assert_eq!(allocated_by_group(), Some(0));
        });
        group.reset();
        assert_eq!(bytes(&group), 0);
    }
}
