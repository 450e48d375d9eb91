//! One page of a list, with the totals that platformOS returns.

/// The page size when a query names none.
pub const PER_PAGE: u32 = 20;
/// How far the rows of a list are counted: a count that reads a million rows would be the slowest
/// part of every page.
pub const COUNT_MAX: u32 = 10_000;

/// One page of the results.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows of this page, in order.
    pub results: Vec<T>,
    /// True when a later page has rows.
    pub has_next_page: bool,
    /// The number of rows over all pages; of a longer list, as many as the query counts, and at
    /// least those up to the end of this page.
    pub total_entries: u64,
    /// The number of this page; the first is 1.
    pub current_page: u32,
    /// The number of rows of a full page.
    pub per_page: u32,
}

/// Which rows a page has, and what is known of its list once they are read.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// The number of the page; the first is 1.
    page: u32,
    /// The number of rows of a full page.
    per_page: u32,
    /// How far the rows are counted; 0 to count none.
    count_up_to: u32,
}

impl Paging {
    /// Page `page` with `per_page` rows of a list that is counted up to `count_up_to`.
    pub fn new(page: u32, per_page: u32, count_up_to: u32) -> Self {
        Self { page: page.max(1), per_page: per_page.max(1), count_up_to }
    }

    /// The number of the page, the rows of a full page, and how far rows are counted.
    pub fn parts(self) -> (u32, u32, u32) {
        (self.page, self.per_page, self.count_up_to)
    }

    /// How many rows are read: one more than a page has, to see whether another page follows.
    pub fn limit(self) -> i64 {
        i64::from(self.per_page) + 1
    }

    /// How many rows come before.
    pub fn offset(self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.per_page)
    }

    /// How far the rows are counted.
    pub fn count_up_to(self) -> u32 {
        self.count_up_to
    }

    /// True when the rows that were read do not say how many there are in all.
    pub fn must_count(self, rows_read: usize) -> bool {
        self.count_up_to > 0 && self.last_page_total(rows_read).is_none()
    }

    /// The page, from the rows that were read and the count, if there was one.
    pub fn page<T>(self, mut rows: Vec<T>, count: Option<u64>) -> Page<T> {
        let full = usize::try_from(self.per_page).unwrap_or(usize::MAX);
        let known = self.last_page_total(rows.len());
        let has_next_page = rows.len() > full;
        rows.truncate(full);
        let before = u64::from(self.page - 1) * u64::from(self.per_page);
        let seen = if rows.is_empty() { 0 } else { before + rows.len() as u64 };
        let total_entries = known.unwrap_or_else(|| count.unwrap_or(0).max(seen));
        Page {
            results: rows,
            has_next_page,
            total_entries,
            current_page: self.page,
            per_page: self.per_page,
        }
    }

    /// The page of a list that is in memory.
    pub fn of_all<T>(self, all: Vec<T>) -> Page<T> {
        let count = all.len() as u64;
        let skipped = usize::try_from(self.offset()).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        self.page(all.into_iter().skip(skipped).take(limit).collect(), Some(count))
    }

    /// The number of rows over all pages, if a page with this many rows is the last one.
    fn last_page_total(self, rows: usize) -> Option<u64> {
        let rows = u64::try_from(rows).ok()?;
        let is_last = rows <= u64::from(self.per_page) && (rows > 0 || self.page <= 1);
        is_last.then(|| u64::from(self.page - 1) * u64::from(self.per_page) + rows)
    }
}

impl<T> Page<T> {
    /// The number of pages; 0 when there are no rows.
    pub fn total_pages(&self) -> u64 {
        self.total_entries.div_ceil(u64::from(self.per_page.max(1)))
    }

    /// True when this is not the first page.
    pub fn has_previous_page(&self) -> bool {
        self.current_page > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(page: u32, rows: usize, count: Option<u64>) -> Page<usize> {
        Paging::new(page, 20, COUNT_MAX).page((0..rows).collect(), count)
    }

    #[test]
    fn the_last_page_has_the_total() {
        let counts = |page: u32, rows: usize| Paging::new(page, 20, COUNT_MAX).must_count(rows);
        for (number, rows, total) in [(1, 0, 0), (1, 7, 7), (3, 7, 47), (2, 20, 40)] {
            assert!(!counts(number, rows));
            let page = page(number, rows, None);
            assert_eq!((page.total_entries, page.has_next_page), (total, false));
        }
        // Another page follows, or this one is beyond the end: only a count returns the total.
        assert!(counts(1, 21) && counts(2, 0));
        assert!(!Paging::new(1, 20, 0).must_count(21));
    }

    #[test]
    fn a_list_in_memory_is_cut_into_pages() {
        let of = |page: u32| Paging::new(page, 2, 0).of_all(vec![1, 2, 3, 4, 5]);
        let seen = |page: Page<i32>| (page.results, page.has_next_page, page.total_entries);
        assert_eq!(seen(of(1)), (vec![1, 2], true, 5));
        assert_eq!(seen(of(3)), (vec![5], false, 5));
        assert_eq!(seen(of(4)), (vec![], false, 5));
    }

    #[test]
    fn a_page_has_its_rows_and_says_whether_another_follows() {
        let first = page(1, 21, Some(500));
        assert_eq!((first.results.len(), first.has_next_page), (20, true));
        assert_eq!((first.total_entries, first.total_pages()), (500, 25));
        // Counted no further than the end of the page, or not at all.
        assert_eq!(page(9, 21, Some(100)).total_entries, 180);
        assert_eq!(page(9, 21, None).total_entries, 180);
        assert_eq!(page(9, 0, Some(100)).total_entries, 100);
    }
}
