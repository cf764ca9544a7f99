//! `zwieback recheck`: build again what a bundle says, and compare. No project is needed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zwieback_attest::build::recheck::claim;
use zwieback_attest::build_type::ForeignBuildTypes;
use zwieback_attest::claimed::Claimed;
use zwieback_attest::output_tree::{StatedTree, with_files};
use zwieback_attest::provenance::Provenance;
use zwieback_attest::reason::{Reason, Refusal};
use zwieback_attest::statement::Statement;
use zwieback_attest::trust::Trust;
use zwieback_attest::verified::match_artifact;
use zwieback_attest::verify::{Request, Trees as _, verify_claim};
use zwieback_host::clock;
use zwieback_host::fs::given_file::{self, DOCUMENT};
use zwieback_model::digest::Digest;
use zwieback_model::event::Event;
use zwieback_model::rel_path::RelPath;
use zwieback_model::tree::Tree;

use super::evidence::{self, TrustOptions};
use super::needed;
use super::tree_file::TreeFiles;
use crate::pipeline::build::cache_lookup::PLATFORM;
use crate::pipeline::build::recheck::{AtHand, recheck};
use crate::pipeline::context::command_context::{Context, Wish};
use crate::pipeline::context::failure::{About as _, Failure};

/// What is built again, and what lies at hand for it.
#[derive(Clone, Debug)]
pub struct RecheckOptions {
    /// The bundle with the provenance.
    pub bundle: PathBuf,
    /// Files that it is about.
    pub artifacts: Vec<PathBuf>,
    /// Whom to believe.
    pub trust: TrustOptions,
    /// Patches that the bundle names and does not carry.
    pub patches: Vec<PathBuf>,
    /// Bundles of recipes that it needs, or folders of such.
    pub needs: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(options: &RecheckOptions, wish: &Wish, ctx: &Context<'_>) -> Result<(), Failure> {
    let trust = evidence::trust(&options.trust)?;
    let believe = |bundle: &[u8]| believe(bundle, trust.as_ref(), ctx);
    let (mut statement, provenance) = believe(&evidence::read(&options.bundle)?)?;
    if trust.is_none() {
        let message = "the signature was not checked against a trusted key (--key, --trust): \
             whoever wrote this bundle decides what is built again";
        ctx.tell(&Event::Notice {
            message: message.into(),
        });
    }
    let mut claim = claim(&statement, &provenance, PLATFORM)?;
    if let Some(tree) = tree(&statement, options)? {
        statement = with_files(statement, &tree);
        claim = claim.with_tree(tree);
    }
    let read = |bundle: &[u8]| {
        let (statement, provenance) = believe(bundle)?;
        Ok(self::claim(&statement, &provenance, PLATFORM)?)
    };
    let at_hand = AtHand {
        subjects: at_hand(&statement, &options.artifacts)?,
        patches: given(&options.patches)?,
        needed: needed::claims(&claim, &places(options), &read, ctx)?,
    };
    recheck(&claim, at_hand, wish, ctx)?;
    Ok(())
}

/// Where bundles of needed recipes may lie: what was named, and what lies beside the bundle.
fn places(options: &RecheckOptions) -> needed::Places<'_> {
    let beside = options
        .bundle
        .parent()
        .map(|folder| match folder.as_os_str() {
            empty if empty.is_empty() => PathBuf::from("."),
            _ => folder.to_owned(),
        });
    needed::Places {
        named: &options.needs,
        beside,
    }
}

/// What a bundle says, verified as far as the arguments tell whom to believe.
fn believe(
    bundle: &[u8],
    trust: Option<&Trust>,
    ctx: &Context<'_>,
) -> Result<(Statement, Provenance), Failure> {
    let Some(trust) = trust else {
        let claimed = Claimed::read(bundle).map_err(only_ours)?;
        return Ok((claimed.statement, claimed.provenance));
    };
    let request = Request {
        bundle,
        artifacts: &[],
        trust,
        foreign: &ForeignBuildTypes::new(),
        now: clock::now(),
    };
    let verified = verify_claim(&request).map_err(only_ours)?;
    let by = trust.attribution(verified.key(), &verified.provenance().builder.id);
    ctx.tell(&Event::Notice {
        message: format!("signed by {by}"),
    });
    Ok((verified.statement(), verified.provenance().clone()))
}

/// Whatever a policy says of other build types: nobody here knows how to repeat one.
fn only_ours(refusal: Refusal) -> Refusal {
    if refusal.reason != Reason::BuildType {
        return refusal;
    }
    let saw = format!(
        "{}: only a build by zwieback can be repeated here; another builder's provenance is held \
         against a policy that names its build type, by `zwieback verify`",
        refusal.saw()
    );
    Refusal::new(Reason::BuildType, saw)
}

/// The tree that the bundle is about, if its file lies beside the bundle or an artifact.
fn tree(statement: &Statement, options: &RecheckOptions) -> Result<Option<Tree>, Failure> {
    let Some(named) = StatedTree::of(statement)? else {
        return Ok(None);
    };
    let files = TreeFiles::beside([&options.bundle].into_iter().chain(&options.artifacts));
    let bytes = files.find(&named);
    Ok(bytes
        .map(|bytes| named.read(&bytes, statement))
        .transpose()?)
}

fn at_hand(
    statement: &Statement,
    artifacts: &[PathBuf],
) -> Result<BTreeMap<RelPath, PathBuf>, Failure> {
    let mut at_hand = BTreeMap::new();
    for path in artifacts {
        let subject = match_artifact(statement, &evidence::artifact(path)?)?;
        at_hand.insert(subject.parse()?, path.clone());
    }
    Ok(at_hand)
}

fn given(patches: &[PathBuf]) -> Result<BTreeMap<Digest, Vec<u8>>, Failure> {
    let one = |path: &PathBuf| {
        let path: &Path = path;
        let bytes = given_file::read(path, DOCUMENT).with_context(|| path.display().to_string())?;
        Ok((Digest::sha256(&bytes), bytes))
    };
    patches.iter().map(one).collect()
}
