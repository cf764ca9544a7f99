//! Secrets in one content and in all that is inside of it: members of archives, compressed bytes.
//!
//! What is plain in an archive is looked through with the archive itself, so that nothing hides between its
//! members; only what is compressed is looked through once more, behind its compression.

use std::io::{self, Read};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use zwieback_model::secrets::filter::Filter;
use zwieback_model::secrets::hit::Hit;
use zwieback_model::secrets::scan::Scan;
use zwieback_model::secrets::search_budget::SearchBudget;

use crate::archive::budget::ListBudget;
use crate::archive::list;
use crate::archive::member::{ArchiveMember, Extent, MemberList, Packing};
use crate::content::{BLOCK, Blocks, Content, View};
use crate::content_kind::ContentKind;
use crate::format::compressed;
use crate::limits::ExplainLimits;

/// What was found, and what was not looked at.
#[derive(Debug, Default)]
pub struct Searched {
    /// The hits.
    pub hits: Vec<PlacedHit>,
    /// What a limit or a damaged byte kept from being looked at, and why.
    pub skipped: Vec<(String, String)>,
}

/// A hit, and where it is.
#[derive(Clone, Debug)]
pub struct PlacedHit {
    /// Which of the contents it is in, by the order in which they were given.
    pub content: usize,
    /// The nesting to it: a path, then the names of members.
    pub path: Arc<str>,
    /// What was found.
    pub hit: Hit,
}

/// One search through many contents, within one budget. Others may share it.
#[derive(Debug)]
pub struct Search<'f> {
    filter: &'f Filter,
    limits: ExplainLimits,
    budget: &'f SearchBudget,
    /// Which content is looked through.
    content: usize,
    /// Whether it was told where the budget was used up.
    is_told: bool,
    /// What may still be listed: archives may name one range of bytes many times.
    lists: ListBudget,
    searched: Searched,
}

/// Where a content is: a path and the names of members.
#[derive(Clone, Debug)]
struct Nesting {
    text: String,
    depth: usize,
}

impl<'f> Search<'f> {
    /// A search that has not begun.
    pub fn new(filter: &'f Filter, limits: ExplainLimits, budget: &'f SearchBudget) -> Self {
        Self {
            filter,
            budget,
            content: 0,
            is_told: false,
            lists: ListBudget::default(),
            limits,
            searched: Searched::default(),
        }
    }

    /// Looks through a content, and through what is inside of it, unless the budget is used up.
    pub fn content(&mut self, path: &str, content: &dyn Content) -> io::Result<()> {
        let nesting = Nesting {
            text: path.to_owned(),
            depth: 0,
        };
        if self.is_over(&nesting) {
            return Ok(());
        }
        let view = View::of(content);
        let hits = self.scan(&nesting, &view)?;
        self.enter(&nesting, &view, hits)?;
        self.content += 1;
        Ok(())
    }

    /// What was found.
    pub fn finish(self) -> Searched {
        self.searched
    }

    fn scan(&mut self, nesting: &Nesting, view: &View<'_>) -> io::Result<Vec<Hit>> {
        let mut scan = Scan::new(self.filter, &nesting.text, self.budget);
        let mut reader = view.reader();
        let mut block = vec![0; 4 * BLOCK];
        loop {
            let read = reader.read(&mut block)?;
            if self.is_over(nesting) {
                return Ok(scan.finish());
            }
            match block.get(..read) {
                None | Some([]) => return Ok(scan.finish()),
                Some(bytes) => scan.feed(bytes),
            }
        }
    }

    /// Goes into what is inside, with the hits that the outside gave.
    fn enter(&mut self, nesting: &Nesting, view: &View<'_>, hits: Vec<Hit>) -> io::Result<()> {
        if self.is_over(nesting) {
            self.report(&nesting.text, hits);
            return Ok(());
        }
        let kind = ContentKind::of(&nesting.text, view)?;
        if kind.is_compression() && self.may_enter(nesting) {
            let before = self.searched.hits.len();
            self.compressed(nesting, kind, view)?;
            // What could not be compressed stands there as it is, and was found inside.
            if self.searched.hits.len() == before {
                self.report(&nesting.text, hits);
            }
            return Ok(());
        }
        // Whether there is room is asked before a list is read, which is the work.
        let is_archive = kind.holds_others() && !kind.is_compression();
        let may_list = is_archive && self.may_enter(nesting) && self.may_list(nesting);
        let list = if may_list {
            list::members(kind, view, self.limits.members, &mut self.lists)?
        } else {
            None
        };
        if let Some(list) = list {
            self.members(nesting, view, &list, hits)
        } else {
            self.report(&nesting.text, hits);
            Ok(())
        }
    }

    fn members(
        &mut self,
        nesting: &Nesting,
        view: &View<'_>,
        list: &MemberList<'_>,
        mut hits: Vec<Hit>,
    ) -> io::Result<()> {
        if list.extent == Extent::Cut {
            let read = list.members.len();
            self.skip(
                nesting,
                format!("only the first {read} members could be read"),
            );
        }
        if let Some(reason) = list.long_text() {
            self.skip(nesting, reason);
        }
        for member in &list.members {
            if self.is_over(nesting) {
                break;
            }
            if self.budget.unpackable() == 0 {
                self.skip(
                    nesting,
                    "the limit of decompressed bytes is used up".to_owned(),
                );
                break;
            }
            let inside = nesting.member(&member.name);
            match member.packing {
                Packing::Plain => self.plain(&inside, view, member, &mut hits)?,
                Packing::Deflated => self.deflated(&inside, view, member, &mut hits)?,
                Packing::Foreign => self.skip(&inside, "its compression cannot be read".to_owned()),
                Packing::Index => {}
            }
        }
        self.report(&nesting.text, hits);
        Ok(())
    }

    /// A member that is stored as it is was looked through with its archive: hits in it are found again, with
    /// its own lines.
    fn plain(
        &mut self,
        nesting: &Nesting,
        archive: &View<'_>,
        member: &ArchiveMember<'_>,
        hits: &mut Vec<Hit>,
    ) -> io::Result<()> {
        let range = range(archive, member);
        let is_inside = |hit: &Hit| range.contains(&hit.offset);
        let mut own = Vec::new();
        let cost = member.content.size();
        if hits.iter().any(is_inside) && cost <= self.budget.unpackable() {
            self.budget.unpack(cost);
            own = self.scan(nesting, &member.content)?;
            if !own.is_empty() {
                hits.retain(|hit| !is_inside(hit));
            }
        }
        self.enter(nesting, &member.content, own)
    }

    fn deflated(
        &mut self,
        nesting: &Nesting,
        archive: &View<'_>,
        member: &ArchiveMember<'_>,
        hits: &mut Vec<Hit>,
    ) -> io::Result<()> {
        let before = self.searched.hits.len();
        self.stream(nesting, member.stream())?;
        if self.searched.hits.len() > before {
            let range = range(archive, member);
            hits.retain(|hit| !range.contains(&hit.offset));
        }
        Ok(())
    }

    fn compressed(
        &mut self,
        nesting: &Nesting,
        kind: ContentKind,
        view: &View<'_>,
    ) -> io::Result<()> {
        let inside = nesting.member(&compressed::inner_name(nesting.name()));
        match compressed::decoder(kind, view) {
            Ok(stream) => self.stream(&inside, Some(stream)),
            Err(error) => {
                self.skip(nesting, format!("cannot be decompressed: {error}"));
                Ok(())
            }
        }
    }

    /// Decompresses, looks through all of it, and goes into as much of it as may be held.
    fn stream<'r>(
        &mut self,
        nesting: &Nesting,
        stream: Option<Box<dyn Read + 'r>>,
    ) -> io::Result<()> {
        let Some(mut stream) = stream else {
            self.skip(nesting, "its compression cannot be read".to_owned());
            return Ok(());
        };
        let mut scan = Scan::new(self.filter, &nesting.text, self.budget);
        let mut held = Blocks::default();
        let mut is_whole = true;
        loop {
            let (block, end) = block(&mut stream);
            self.budget.unpack(block.len() as u64);
            scan.feed(&block);
            let may_hold = held.size() + BLOCK as u64 <= self.limits.inflated;
            if may_hold && is_whole {
                held.push(block.into());
            } else {
                is_whole = false;
            }
            if self.is_over(nesting) {
                break;
            }
            match end {
                Ok(false) if self.budget.unpackable() > 0 => {}
                Ok(false) => {
                    self.skip(
                        nesting,
                        "the limit of decompressed bytes is used up".to_owned(),
                    );
                    break;
                }
                Ok(true) => break,
                Err(error) => {
                    self.skip(nesting, format!("the compressed data is damaged: {error}"));
                    break;
                }
            }
        }
        let hits = scan.finish();
        let view = View::inflated(Rc::new(held));
        if !is_whole && ContentKind::of(&nesting.text, &view)?.holds_others() {
            let size = view.size();
            self.skip(nesting, format!("only its first {size} bytes were entered"));
        }
        // What is held here is held until its inside is done.
        let held = self.limits.inflated;
        self.limits.inflated = held.saturating_sub(view.size());
        let entered = self.enter(nesting, &view, hits);
        self.limits.inflated = held;
        entered
    }

    fn may_enter(&mut self, nesting: &Nesting) -> bool {
        let may = nesting.depth < self.limits.depth;
        if !may {
            let depth = self.limits.depth;
            self.skip(nesting, format!("containers nest deeper than {depth}"));
        }
        may
    }

    fn may_list(&mut self, nesting: &Nesting) -> bool {
        let may = !self.lists.is_used_up();
        if !may {
            self.skip(nesting, "the limit of listed members is used up".to_owned());
        }
        may
    }

    /// Keeps hits, as long as there is room for them: how many there are besides makes no difference.
    fn report(&mut self, place: &str, hits: Vec<Hit>) {
        if hits.is_empty() || !self.budget.keep(hits.len()) {
            return;
        }
        let (path, content) = (Arc::<str>::from(place), self.content);
        let placed = |hit| PlacedHit {
            content,
            path: Arc::clone(&path),
            hit,
        };
        self.searched.hits.extend(hits.into_iter().map(placed));
    }

    /// Whether the whole search has ended; where it did is told once.
    fn is_over(&mut self, nesting: &Nesting) -> bool {
        let Some(end) = self.budget.end() else {
            return false;
        };
        if !self.is_told {
            self.is_told = true;
            self.skip(nesting, end.to_string());
        }
        true
    }

    fn skip(&mut self, nesting: &Nesting, reason: String) {
        if self.searched.skipped.len() < self.limits.findings {
            self.searched.skipped.push((nesting.text.clone(), reason));
        }
    }
}

impl Nesting {
    fn name(&self) -> &str {
        self.text.rsplit('!').next().unwrap_or(&self.text)
    }

    fn member(&self, name: &str) -> Self {
        Self {
            text: format!("{}!{name}", self.text),
            depth: self.depth + 1,
        }
    }
}

/// Where a member stands in its archive.
fn range(archive: &View<'_>, member: &ArchiveMember<'_>) -> Range<u64> {
    let start = member.content.origin().saturating_sub(archive.origin());
    start..start.saturating_add(member.content.size())
}

/// The next block, and whether it is the last; a short one is, for only full blocks may be followed by others.
fn block(stream: &mut impl Read) -> (Vec<u8>, io::Result<bool>) {
    let mut block = Vec::with_capacity(BLOCK);
    let read = stream.take(BLOCK as u64).read_to_end(&mut block);
    let end = read.map(|_| block.len() < BLOCK);
    (block, end)
}
