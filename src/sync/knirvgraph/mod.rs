//! Posting to a KNIRVGRAPH endpoint: a network whose option `posting_url` is set sends what is staged there over HTTP, in
//! place of peers.
//!
//! One staged entry: the [`Poster`] wakes because the network's interval has passed, something was staged, or a SYNC was
//! asked for. It reads the staged entries in pages, leaves out those whose last failure is too fresh ([`BackOff`]), makes of
//! each a signed [`KnirvgraphTransaction`] whose id depends on the entry's version alone, and submits it with [`Endpoint::submit`].
//! What was accepted loses its stage, provided that nobody wrote to the entry meanwhile; what was not stays staged. A crash
//! between the two sends the same transaction once more, under the same id.
//!
//! Nothing but staged entries is ever read here; entries of type AUTH are refused even if one were. Errors and log lines
//! hold numbers and the endpoint's host, never a name or a value of an entry.

mod backoff;
mod client;
mod outbox;
mod poster;
mod round;
mod transaction;

#[cfg(test)]
mod endpoint_tests;
#[cfg(test)]
mod poster_tests;
#[cfg(test)]
mod test_endpoint;

pub use backoff::{BACK_OFF_ENTRIES_MAX, BackOff, BackOffTimes};
pub use client::{Blame, Endpoint, EndpointOptions, KNIRVGRAPH_RESPONSE_BYTES_MAX, Rejected, check_url};
pub use outbox::Outbox;
pub use poster::{POST_REQUESTS_MAX, PostNow, Poster, PosterOptions, PosterStatus};
pub use round::{PostingReport, STAGED_PAGE_ENTRIES};
pub use transaction::{KnirvgraphPosting, KnirvgraphTransaction, TRANSACTION_BYTES_MAX, transaction};
