//! Cursors that go both ways: the rows that were read stay, and the cursor stands before the first, on one, or behind the last.

use crate::db::Row;
use crate::error::{Error, ErrorKind, Result};
use crate::session::portal::{PORTAL_BYTES, Portal, PortalState, ROW_BYTES};
use crate::statement::CursorFetch;
use crate::types::Value;

/// What memory is taken in, so that not every row asks for some.
const GROWTH_BYTES: usize = 64 * 1024;

/// The rows of a cursor that was declared with SCROLL.
#[derive(Default)]
pub(super) struct Scroll {
    rows: Vec<Row>,
    /// The row that it stands on, from 1; 0 before the first, one more than there are behind the last.
    at: usize,
    /// All rows were read.
    is_whole: bool,
    bytes: usize,
}

impl Portal {
    /// The rows that a cursor with SCROLL goes to, and moves it; where `shows` is false they are counted alone.
    ///
    /// # Errors
    /// What reading fails with, and 53200 where the rows are more than the session may hold.
    pub(super) async fn scroll(
        &mut self,
        fetch: CursorFetch,
        take: &mut impl FnMut(&Row) -> Result<()>,
    ) -> Result<u64> {
        let all = usize::MAX;
        let whole = |count: u64| usize::try_from(count).unwrap_or(all);
        match fetch {
            // A fetch of none is one of the row that it stands on.
            CursorFetch::Forward(0) | CursorFetch::Backward(0) | CursorFetch::Relative(0) => {
                self.show_one(None, take).await
            }
            CursorFetch::Forward(count) => self.forward(whole(count), take).await,
            CursorFetch::ForwardAll => self.forward(all, take).await,
            CursorFetch::Backward(count) => self.backward(whole(count), take),
            CursorFetch::BackwardAll => self.backward(all, take),
            CursorFetch::Absolute(place) => {
                let place = match usize::try_from(place) {
                    Ok(place) => place,
                    Err(_) => {
                        self.read_to(all).await?;
                        let count = self.scroll.as_ref().map_or(0, |scroll| scroll.rows.len());
                        (count + 1).saturating_sub(whole(place.unsigned_abs()))
                    }
                };
                self.show_one(Some(place), take).await
            }
            CursorFetch::Relative(steps) => {
                let at = self.scroll.as_ref().map_or(0, |scroll| scroll.at);
                let steps_taken = whole(steps.unsigned_abs());
                let place = if steps > 0 { at.saturating_add(steps_taken) } else { at.saturating_sub(steps_taken) };
                self.show_one(Some(place), take).await
            }
        }
    }

    /// Goes to a place, `None` for the present one, and shows what is there.
    async fn show_one(&mut self, place: Option<usize>, take: &mut impl FnMut(&Row) -> Result<()>) -> Result<u64> {
        if let Some(place) = place {
            self.read_to(place).await?;
            if let Some(scroll) = &mut self.scroll {
                scroll.at = place.min(scroll.rows.len() + 1);
            }
        }
        let found = self.scroll.as_ref().and_then(|scroll| scroll.rows.get(scroll.at.checked_sub(1)?));
        found.map_or(Ok(0), |row| take(row).map(|()| 1))
    }

    async fn forward(&mut self, count: usize, take: &mut impl FnMut(&Row) -> Result<()>) -> Result<u64> {
        let from = self.scroll.as_ref().map_or(0, |scroll| scroll.at);
        let to = from.saturating_add(count);
        self.read_to(to).await?;
        let Some(scroll) = &mut self.scroll else { return Ok(0) };
        let shown = scroll.rows.get(from.min(scroll.rows.len())..to.min(scroll.rows.len())).unwrap_or_default();
        shown.iter().try_for_each(&mut *take)?;
        let count = shown.len() as u64;
        scroll.at = to.min(scroll.rows.len() + 1);
        Ok(count)
    }

    fn backward(&mut self, count: usize, take: &mut impl FnMut(&Row) -> Result<()>) -> Result<u64> {
        let Some(scroll) = &mut self.scroll else { return Ok(0) };
        let to = scroll.at.saturating_sub(count);
        // The rows before the present one, down to the one that it will stand on.
        let shown = scroll.rows.get(to.saturating_sub(1)..scroll.at.saturating_sub(1)).unwrap_or_default();
        let passed = if to == 0 { scroll.rows.get(..scroll.at.saturating_sub(1)).unwrap_or_default() } else { shown };
        passed.iter().rev().try_for_each(&mut *take)?;
        let count = passed.len() as u64;
        scroll.at = to;
        Ok(count)
    }

    /// Reads until there are so many rows, or no more.
    async fn read_to(&mut self, count: usize) -> Result<()> {
        let (Some(scroll), PortalState::Open(open)) = (&mut self.scroll, &mut self.state) else { return Ok(()) };
        while !scroll.is_whole && scroll.rows.len() < count {
            match open.next().await? {
                Some(row) => {
                    scroll.bytes += ROW_BYTES + row.iter().map(Value::bytes).sum::<usize>();
                    if PORTAL_BYTES + scroll.bytes > self.memory.bytes() {
                        self.memory.resize(PORTAL_BYTES + scroll.bytes + GROWTH_BYTES)?;
                    }
                    scroll.rows.push(row);
                }
                None => scroll.is_whole = true,
            }
        }
        Ok(())
    }

    /// Reads everything that is left.
    ///
    /// # Errors
    /// As [`Portal::scroll`].
    pub(super) async fn store_scroll(&mut self) -> Result<()> {
        self.read_to(usize::MAX).await
    }

    /// Passes over rows of a cursor without SCROLL: some, and others behind them, which are counted; `None` for all.
    ///
    /// # Errors
    /// What reading fails with.
    pub(super) async fn pass_over(&mut self, before: u64, count: Option<u64>) -> Result<u64> {
        let PortalState::Open(open) = &mut self.state else { return Ok(0) };
        let mut counted = 0;
        let mut left = before;
        while count.is_none_or(|count| counted < count) && open.next().await?.is_some() {
            self.passed += 1;
            match left.checked_sub(1) {
                Some(less) => left = less,
                None => counted += 1,
            }
        }
        Ok(counted)
    }

    /// What a fetch reads of a cursor without SCROLL: rows that it passes over, and rows that it takes, `None` for all.
    ///
    /// # Errors
    /// 55000 for one that goes back.
    pub(super) fn only_forward(&self, fetch: CursorFetch) -> Result<(u64, Option<u64>)> {
        let back = || {
            Error::new(ErrorKind::NotInPrerequisiteState, "cursor can only scan forward")
                .with_hint("Declare it with SCROLL option to enable backward scan.")
        };
        match fetch {
            CursorFetch::Forward(count) => Ok((0, Some(count))),
            CursorFetch::ForwardAll => Ok((0, None)),
            CursorFetch::Relative(steps) => match u64::try_from(steps) {
                Ok(steps) if steps > 0 => Ok((steps - 1, Some(1))),
                _ => Err(back()),
            },
            CursorFetch::Absolute(place) => {
                match u64::try_from(place).ok().and_then(|place| place.checked_sub(self.passed)) {
                    Some(steps) if steps > 0 => Ok((steps - 1, Some(1))),
                    _ => Err(back()),
                }
            }
            CursorFetch::Backward(_) | CursorFetch::BackwardAll => Err(back()),
        }
    }
}
