//! What counts: atomic numbers that cost an addition each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Upper bounds of the buckets of a histogram, in microseconds: from a point read in memory to half a minute.
pub(super) const BUCKETS_US: [u64; 17] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000, 30_000_000,
];

/// A number that only grows.
pub struct Counter {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    value: AtomicU64,
}

impl Counter {
    pub(super) const fn new(name: &'static str, help: &'static str) -> Self {
        Counter { name, help, value: AtomicU64::new(0) }
    }

    pub fn add(&self, count: u64) {
        self.value.fetch_add(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.value.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
pub struct Gauge(pub(super) Counter);

impl Gauge {
    pub(super) const fn new(name: &'static str, help: &'static str) -> Self {
        Gauge(Counter::new(name, help))
    }

    pub fn add(&self, count: u64) {
        self.0.value.fetch_add(count, Ordering::Relaxed);
    }

    pub fn subtract(&self, count: u64) {
        self.0.value.fetch_sub(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// How often something took how long.
pub struct Histogram {
    /// How often it took at most as long as each bound and longer than the one before; the last is for what took longer.
    counts: [AtomicU64; BUCKETS_US.len() + 1],
    nanoseconds: AtomicU64,
}

impl Histogram {
    pub(super) const fn new() -> Self {
        Histogram { counts: [const { AtomicU64::new(0) }; BUCKETS_US.len() + 1], nanoseconds: AtomicU64::new(0) }
    }

    /// It happened once more, and took so long.
    pub fn observe(&self, took: Duration) {
        let microseconds = took.as_micros();
        let bucket = BUCKETS_US.partition_point(|bound| u128::from(*bound) < microseconds);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.nanoseconds.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Begins something that ends when the timer is dropped.
    #[must_use]
    pub fn start(&'static self) -> Timer {
        Timer { histogram: self, began: Instant::now() }
    }

    /// How often it took at most as long as each bound, and how often in all.
    pub(super) fn cumulative(&self) -> ([u64; BUCKETS_US.len()], u64) {
        let mut sum = 0;
        let mut add = |count: &AtomicU64| {
            sum += count.load(Ordering::Relaxed);
            sum
        };
        let mut within = [0; BUCKETS_US.len()];
        let [counts @ .., beyond] = &self.counts;
        within.iter_mut().zip(counts).for_each(|(sum, count)| *sum = add(count));
        (within, add(beyond))
    }

    pub(super) fn seconds(&self) -> f64 {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64()
    }
}

/// Measures until it is dropped, on whatever way out.
pub struct Timer {
    histogram: &'static Histogram,
    began: Instant,
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.histogram.observe(self.began.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_what_is_longer_to_the_last() {
        let histogram = Histogram::new();
        for microseconds in [0, 100, 101, 30_000_000, 30_000_001] {
            histogram.observe(Duration::from_micros(microseconds));
        }
        let (within, all) = histogram.cumulative();
        assert_eq!((within[0], within[1], within[15], within[16], all), (2, 3, 3, 4, 5));
        assert!((histogram.seconds() - 60.000_202).abs() < 1e-9);
    }
}
