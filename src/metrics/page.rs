//! The text form that Prometheus reads, version 0.0.4.

use std::fmt::{Display, Write};

use crate::metrics::instruments::{BUCKETS_US, Counter, Gauge, Histogram};

/// A page of numbers that is being written.
#[derive(Default)]
pub struct Page(String);

impl Page {
    /// One line; text grows without failing.
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        if self.0.write_fmt(line).is_ok() {
            self.0.push('\n');
        }
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    /// A number of this moment.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help, "gauge");
        self.line(format_args!("{name} {value}"));
    }

    /// A number that only grows.
    pub fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help, "counter");
        self.line(format_args!("{name} {value}"));
    }

    /// A number that is always 1, for what its labels say. They are this program's own words.
    pub fn info(&mut self, name: &str, help: &str, label: &str, value: &str) {
        self.head(name, help, "gauge");
        self.line(format_args!("{name}{{{label}=\"{value}\"}} 1"));
    }

    pub(super) fn counted(&mut self, counter: &Counter) {
        self.counter(counter.name, counter.help, counter.get());
    }

    pub(super) fn gauged(&mut self, gauge: &Gauge) {
        self.gauge(gauge.0.name, gauge.0.help, gauge.get());
    }

    /// The histograms of one name: each with the value of `label`, or the one without.
    pub(super) fn histograms(&mut self, name: &str, help: &str, label: &str, each: &[(&str, &Histogram)]) {
        self.head(name, help, "histogram");
        for (value, histogram) in each {
            let own = if value.is_empty() { String::new() } else { format!("{label}=\"{value}\"") };
            let (within, all) = histogram.cumulative();
            let separator = if own.is_empty() { "" } else { "," };
            for (bound, count) in BUCKETS_US.iter().zip(within) {
                let seconds = std::time::Duration::from_micros(*bound).as_secs_f64();
                self.line(format_args!("{name}_bucket{{{own}{separator}le=\"{seconds}\"}} {count}"));
            }
            self.line(format_args!("{name}_bucket{{{own}{separator}le=\"+Inf\"}} {all}"));
            let braces = if own.is_empty() { String::new() } else { format!("{{{own}}}") };
            self.line(format_args!("{name}_sum{braces} {}", histogram.seconds()));
            self.line(format_args!("{name}_count{braces} {all}"));
        }
    }

    pub fn into_text(self) -> String {
        self.0
    }
}
