//! Chapter of a verification: a folder held against what signed statements say lies in it.

use std::collections::BTreeMap;
use std::os::fd::AsFd as _;
use std::path::Path;

use zwieback_attest::folder::{Folder, Present, Stated, Unsaid, compare};
use zwieback_attest::output_tree::StatedTree;
use zwieback_attest::reason::Refusal;
use zwieback_attest::statement::Statement;
use zwieback_attest::verified::Artifact;
use zwieback_attest::verify::Trees as _;
use zwieback_host::fs::folder_content::{Asks, read};
use zwieback_host::fs::folder_walk::{FolderError, open_folder};
use zwieback_model::tree::Tree;

use super::companions::{Aside, Companions};
use super::folder_terms::{Terms, unreadable};

/// A folder that is what every statement says.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Its files, in order.
    pub files: Vec<Artifact>,
    /// The tree that it equals, if nothing was left out.
    pub tree: Option<StatedTree>,
    /// Whether a statement does not tell of folders, links and executable bits.
    pub is_unsaid: bool,
}

impl Held {
    /// The paths of its files.
    pub fn paths(&self) -> Vec<String> {
        self.files.iter().map(|file| file.name.clone()).collect()
    }
}

/// Makes sure that a folder is what every statement says lies in it.
pub fn hold(path: &Path, terms: &Terms<'_>) -> Result<Held, Refusal> {
    let unreadable = |error: FolderError| unreadable(path, &error);
    let folder = open_folder(path).map_err(|fault| unreadable(fault.into()))?;
    let aside = Aside::open(path)?;
    let trees = trees(path, &aside, terms)?;
    let stated = terms.statements.iter();
    let stated = stated
        .map(|stated| state(stated, &trees))
        .collect::<Result<Vec<_>, _>>()?;
    let companions = Companions::new(terms, &stated);
    let asks = Asked {
        stated: &stated,
        companions: &companions,
    };
    let mut content = read(folder.as_fd(), &asks).map_err(unreadable)?;
    companions.check_aside(&aside)?;
    companions.take_out(folder.as_fd(), &mut content);
    let mut files = Vec::new();
    for one in &stated {
        files = compare(one, &content, terms.leave)?;
    }
    let mut named = terms.statements.iter();
    let is_whole = !terms.leave.missing && stated.iter().all(|it| it.unsaid().is_none());
    Ok(Held {
        files: artifacts(files, &content),
        tree: named
            .next()
            .filter(|_| is_whole)
            .map(StatedTree::of)
            .transpose()?
            .flatten(),
        is_unsaid: stated.iter().any(|it| it.unsaid().is_some()),
    })
}

/// The trees that the statements name, as far as their files are there.
fn trees(
    path: &Path,
    aside: &Aside,
    terms: &Terms<'_>,
) -> Result<BTreeMap<StatedTree, Tree>, Refusal> {
    let places = [path.to_owned()]
        .into_iter()
        .chain(aside.path().map(Path::to_owned));
    let files = terms.trees.and_before(places);
    let mut trees = BTreeMap::new();
    for statement in terms.statements {
        let Some(named) = StatedTree::of(statement)? else {
            continue;
        };
        if !trees.contains_key(&named)
            && let Some(bytes) = files.find(&named)
        {
            trees.insert(named.clone(), named.parse(&bytes)?);
        }
        if let Some(tree) = trees.get(&named) {
            named.check(tree, statement)?;
        }
    }
    Ok(trees)
}

fn state<'a>(
    statement: &'a Statement,
    trees: &'a BTreeMap<StatedTree, Tree>,
) -> Result<Stated<'a>, Refusal> {
    let Some(named) = StatedTree::of(statement)? else {
        return Stated::files(statement, Unsaid::Older);
    };
    match trees.get(&named) {
        Some(tree) => Ok(Stated::tree(tree)),
        None => Stated::files(statement, Unsaid::NoTree { file: named.file }),
    }
}

/// What the statements and what may lie beside ask of a folder.
struct Asked<'a> {
    stated: &'a [Stated<'a>],
    companions: &'a Companions<'a>,
}

impl Asks for Asked<'_> {
    fn file(&self, path: &[u8], length: u64) -> bool {
        let mut stated = self.stated.iter();
        stated.any(|it| it.asks_for(path, length)) || self.companions.asks_for(path, length)
    }

    fn directory(&self, path: &[u8]) -> bool {
        self.stated.iter().any(|it| it.enters(path))
    }
}

fn artifacts(files: Vec<String>, content: &Folder) -> Vec<Artifact> {
    let artifact = |name: String| match content.get(name.as_bytes()) {
        Some(Present::File {
            sha256: Some(sha256),
            ..
        }) => Some(Artifact {
            name,
            sha256: *sha256,
            blake3: None,
        }),
        _ => None,
    };
    files.into_iter().filter_map(artifact).collect()
}
