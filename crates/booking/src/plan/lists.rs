//! Lists in one piece of memory.

/// Some lists, one after another. Asked for a list that was never written, it is an empty one.
#[derive(Debug)]
pub(super) struct Lists<T> {
    items: Vec<T>,
    ends: Vec<usize>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { items: Vec::new(), ends: Vec::new() }
    }
}

impl<T> Lists<T> {
    /// With room for so many lists.
    pub(super) fn with_capacity(lists: usize) -> Self {
        Self { items: Vec::new(), ends: Vec::with_capacity(lists) }
    }

    /// The list that is being written.
    fn begun(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Adds to the list that is being written.
    pub(super) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    /// The last item of the list that is being written.
    pub(super) fn last_mut(&mut self) -> Option<&mut T> {
        let begun = self.begun();
        self.items[begun..].last_mut()
    }

    /// Ends the list that is being written, and begins the next.
    pub(super) fn close(&mut self) {
        self.ends.push(self.items.len());
    }

    /// The list at a place.
    pub(super) fn get(&self, place: usize) -> &[T] {
        let Some(end) = self.ends.get(place) else { return &[] };
        let begin = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[begin..*end]
    }

    /// How many items all lists have.
    pub(super) fn total(&self) -> usize {
        self.items.len()
    }
}
