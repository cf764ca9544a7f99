//! Secrets in one content and in all that is inside of it: members of archives, compressed bytes.
//!
//! What is plain in an archive is looked through with the archive itself, so that nothing hides between its
//! members; only what is compressed is looked through once more, behind its compression.

use std::io::{self, Read};
use std::ops::Range;
use std::rc::Rc;

use zwieback_model::secrets::filter::Filter;
use zwieback_model::secrets::hit::Hit;
use zwieback_model::secrets::scan::Scan;

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
    /// The hits, each with the nesting to it: a path, then the names of members.
    pub hits: Vec<(String, Hit)>,
    /// What a limit or a damaged byte kept from being looked at, and why.
    pub skipped: Vec<(String, String)>,
}

/// One search through many contents, within one budget.
#[derive(Debug)]
pub struct Search<'f> {
    filter: &'f Filter,
    limits: ExplainLimits,
    /// Bytes that may still be decompressed.
    left: u64,
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
    pub fn new(filter: &'f Filter, limits: ExplainLimits) -> Self {
        Self {
            filter,
            left: limits.decompressed,
            lists: ListBudget::default(),
            limits,
            searched: Searched::default(),
        }
    }

    /// Looks through a content, and through what is inside of it.
    pub fn content(&mut self, path: &str, content: &dyn Content) -> io::Result<()> {
        let nesting = Nesting {
            text: path.to_owned(),
            depth: 0,
        };
        let view = View::of(content);
        let hits = self.scan(&nesting, &view)?;
        self.enter(&nesting, &view, hits)
    }

    /// Looks through a text that is no archive.
    pub fn text(&mut self, path: &str, text: &[u8]) {
        let hits = Scan::of(self.filter, path, text);
        self.report(path, hits);
    }

    /// What was found.
    pub fn finish(self) -> Searched {
        self.searched
    }

    fn scan(&self, nesting: &Nesting, view: &View<'_>) -> io::Result<Vec<Hit>> {
        let mut scan = Scan::new(self.filter, &nesting.text);
        let mut reader = view.reader();
        let mut block = vec![0; 4 * BLOCK];
        loop {
            let read = reader.read(&mut block)?;
            match block.get(..read) {
                None | Some([]) => return Ok(scan.finish()),
                Some(bytes) => scan.feed(bytes),
            }
        }
    }

    /// Goes into what is inside, with the hits that the outside gave.
    fn enter(&mut self, nesting: &Nesting, view: &View<'_>, hits: Vec<Hit>) -> io::Result<()> {
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
            if self.left == 0 {
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
        if hits.iter().any(is_inside) && cost <= self.left {
            self.left -= cost;
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
        let (mut scan, mut held) = (Scan::new(self.filter, &nesting.text), Blocks::default());
        let mut is_whole = true;
        loop {
            let (block, end) = block(&mut stream);
            self.left = self.left.saturating_sub(block.len() as u64);
            scan.feed(&block);
            let may_hold = held.size() + BLOCK as u64 <= self.limits.inflated;
            if may_hold && is_whole {
                held.push(block.into());
            } else {
                is_whole = false;
            }
            match end {
                Ok(false) if self.left > 0 => {}
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

    fn report(&mut self, place: &str, hits: Vec<Hit>) {
        let placed = hits.into_iter().map(|hit| (place.to_owned(), hit));
        self.searched.hits.extend(placed);
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
