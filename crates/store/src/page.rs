//! One page of a list, with the totals that platformOS returns.

/// The page size when a query names none.
pub const PER_PAGE: u32 = 20;

/// One page of the results.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows of this page, in order.
    pub results: Vec<T>,
    /// The number of rows over all pages.
    pub total_entries: u64,
    /// The number of this page; the first is 1.
    pub current_page: u32,
    /// The number of rows of a full page.
    pub per_page: u32,
}

/// The number of rows over all pages, if a page with this many rows is the last one.
pub fn last_page_total(rows: usize, page: u32, per_page: u32) -> Option<u64> {
    let rows = u64::try_from(rows).ok()?;
    let is_last = rows < u64::from(per_page) && (rows > 0 || page <= 1);
    is_last.then(|| u64::from(page.saturating_sub(1)) * u64::from(per_page) + rows)
}

impl<T> Page<T> {
    /// A page with its totals; `count` is called only when the rows of the page are not enough to
    /// know them.
    ///
    /// # Errors
    /// Those of `count`.
    pub fn of<E>(
        results: Vec<T>,
        current_page: u32,
        per_page: u32,
        count: impl FnOnce() -> Result<u64, E>,
    ) -> Result<Self, E> {
        let total_entries = match last_page_total(results.len(), current_page, per_page) {
            Some(total) => total,
            None => count()?,
        };
        Ok(Self { results, total_entries, current_page, per_page })
    }

    /// The number of pages; 0 when there are no rows.
    pub fn total_pages(&self) -> u64 {
        self.total_entries.div_ceil(u64::from(self.per_page.max(1)))
    }

    /// True when a later page has rows.
    pub fn has_next_page(&self) -> bool {
        u64::from(self.current_page) < self.total_pages()
    }

    /// True when this is not the first page.
    pub fn has_previous_page(&self) -> bool {
        self.current_page > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_has_the_total() {
        assert_eq!(last_page_total(0, 1, 20), Some(0));
        assert_eq!(last_page_total(7, 1, 20), Some(7));
        assert_eq!(last_page_total(7, 3, 20), Some(47));
        // Full, or beyond the end: only a count returns it.
        assert_eq!(last_page_total(20, 1, 20), None);
        assert_eq!(last_page_total(0, 2, 20), None);
    }
}
