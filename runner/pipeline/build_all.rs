//! The story of `zwieback build a b c`: each recipe after what it needs, every output used by digest.

use std::collections::BTreeMap;

use zwieback_core::name::Name;
use zwieback_host::project::Project;

use super::build::build;
use super::context::{Context, Reuse, Wish};
use super::error::PipelineError;
use super::graph;
use super::keep::Built;

/// The outputs of recipes that are built, by name.
pub type Outputs = BTreeMap<Name, Built>;

/// Builds the named recipes, and first whatever they need.
pub fn build_all(
    project: &Project,
    named: &[String],
    wish: &Wish,
    ctx: &Context<'_>,
) -> Result<Outputs, PipelineError> {
    let wanted = graph::read(project, named)?;
    let for_others = only_needed(wish);
    let mut outputs = Outputs::new();
    for name in wanted.graph.order() {
        ctx.check_stop()?;
        let (given, wish) = match wanted.named.get(name) {
            Some(given) => (given.as_str(), wish),
            None => (name.as_str(), &for_others),
        };
        let built = build(project, given, &outputs, wish, ctx)?;
        outputs.insert(name.clone(), built);
    }
    Ok(outputs)
}

/// What nobody named is neither exported nor built without need.
fn only_needed(wish: &Wish) -> Wish {
    Wish {
        export: None,
        out_link: None,
        reuse: Reuse::Allowed,
        ..wish.clone()
    }
}
