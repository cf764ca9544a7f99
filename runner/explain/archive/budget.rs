//! What the lists of archives may cost: headers may name one range of bytes, or one long name, many times.

/// The longest name or other text of a member that is read: the kernel takes no longer path (`PATH_MAX`).
pub const LONGEST_TEXT: usize = 4096;
/// Bytes of text that the members of one list may hold.
const TEXT: usize = 32 << 20;
/// Members of all lists together.
const MEMBERS: usize = 1_000_000;
/// Bytes that all lists together may be read from.
const READ: u64 = 2 << 30;

/// What may still be read for all lists of one search or one explanation.
#[derive(Debug)]
pub struct ListBudget {
    members: usize,
    read: u64,
}

/// What may still be read for one list.
#[derive(Debug)]
pub struct ListRoom<'b> {
    budget: &'b mut ListBudget,
    members: usize,
    text: usize,
    /// Whether a text was longer than what is read of it.
    pub has_long_text: bool,
}

impl Default for ListBudget {
    fn default() -> Self {
        Self {
            members: MEMBERS,
            read: READ,
        }
    }
}

impl ListBudget {
    /// Whether no list may be read any more.
    pub fn is_used_up(&self) -> bool {
        self.members == 0 || self.read == 0
    }

    /// The room of one list of at most so many members.
    pub fn room(&mut self, members: usize) -> ListRoom<'_> {
        ListRoom {
            budget: self,
            members,
            text: TEXT,
            has_long_text: false,
        }
    }
}

impl ListRoom<'_> {
    /// Whether so many bytes more may be read, for one more member.
    pub fn may_read(&mut self, bytes: u64) -> bool {
        let left = self.budget.read.checked_sub(bytes);
        self.budget.read = left.unwrap_or(0);
        left.is_some() && self.members > 0 && self.text > 0 && self.budget.members > 0
    }

    /// Counts a member that was read.
    pub fn count(&mut self) {
        self.members = self.members.saturating_sub(1);
        self.budget.members = self.budget.members.saturating_sub(1);
    }

    /// A text of a member, cut off where it is longer than any path.
    pub fn text(&mut self, bytes: &[u8]) -> String {
        let kept = &bytes[..bytes.len().min(LONGEST_TEXT)];
        self.has_long_text |= kept.len() < bytes.len();
        let text = String::from_utf8_lossy(kept).into_owned();
        self.text = self.text.saturating_sub(text.len());
        text
    }
}
