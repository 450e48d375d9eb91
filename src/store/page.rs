//! One page of a longer list, with the totals that platformOS shows beside it.

/// The page size when a query names none.
pub const PER_PAGE: u32 = 20;

/// A slice of the results, and where it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows of this page, in order.
    pub results: Vec<T>,
    /// How many rows there are over all pages.
    pub total_entries: u64,
    /// The number of this page; the first is 1.
    pub current_page: u32,
    /// How many rows a full page has.
    pub per_page: u32,
}

impl<T> Page<T> {
    /// How many pages there are; none when nothing was found.
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
