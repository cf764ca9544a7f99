//! What to do about each of the pipeline's errors.

use std::path::Path;

use zwieback_model::bake::plan::LockProblem;
use zwieback_model::name::Name;
use zwieback_model::secrets::search_budget::SearchEnd;

use super::error::PipelineError;

impl PipelineError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Project(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::Locks(problems) => Some(lock_all(problems)),
            Self::Linked { .. } => Some("put the folder itself in its place".into()),
            Self::Ceiling(error) => Some(error.hint()),
            Self::AptState(error) => error.hint(),
            Self::Resolve(error) => error.hint(),
            Self::Source { source, .. } | Self::Repository { source, .. } => source.hint(),
            Self::FolderChanged { recipe, .. } => Some(lock_again(recipe)),
            Self::OutsideProject { .. } => {
                Some("run it in the folder, or in a folder above that holds `recipes/`".into())
            }
            Self::UnknownSystem { known } => Some(format!(
                "known are {known}: run it on a terminal and name one, or `zwieback init NAME` and change the recipe"
            )),
            Self::Circle(_) => Some("take one of them out of `needs`".into()),
            Self::Fetch(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Incomplete { source, .. } => source.hint(),
            Self::NeedsNetwork { .. } => Some("run it once without --offline".into()),
            Self::Vanished { .. } | Self::NotTheFolder { .. } => {
                Some("run `zwieback store verify`, then build again".into())
            }
            Self::StepFailed { hint, .. } => Some(hint.clone()),
            Self::SourcesTooLarge => Some(raised_in_recipe("disk")),
            Self::ShellLimited { limit } => Some(raised_in_recipe(limit)),
            Self::Unpack { source, .. } => source.hint(),
            Self::Toolchain(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Sandbox(error) => error.hint(),
            Self::LockAbsent { lock, .. } => Some(format!(
                "`zwieback doctor` says how to mend it; `[sandbox] allow_absent = [\"{lock}\"]` in your own \
                 configuration goes on without it, and the provenance says so"
            )),
            Self::Outputs { source, .. } => source.hint(),
            Self::InTheWay { way_out, .. } => Some((*way_out).to_owned()),
            Self::NoNeeded { name, .. } => Some(format!(
                "give it with --needs FILE; its builder exports it with `zwieback build {name} --export DIR`"
            )),
            Self::NoPatch { .. } => {
                Some("name its file with --patch; it is known by its digest".into())
            }
            Self::RebuiltDiffers {
                explained: None, ..
            } => Some(
                "name their files after the bundle: then the difference can be explained".into(),
            ),
            Self::Secrets { kept, .. } => Some(take_out(kept.as_deref())),
            Self::Unsearched { end, kept, .. } => Some(leave_out(*end, kept.as_deref())),
            Self::OtherRoot { .. } => Some(
                "the packages are the same: another version of zwieback may have put them together"
                    .into(),
            ),
            Self::Key(error) => error.hint(),
            Self::Sign(error) => error.hint(),
            Self::Stamp(error) => error.hint(),
            Self::NotSignable(error) => error.hint(),
            _ => None,
        }
    }
}

fn leave_out(end: SearchEnd, kept: Option<&Path>) -> String {
    let kept = kept_in(kept);
    let what = match end {
        SearchEnd::Steps => "such texts",
        SearchEnd::Hits => "a good part of them",
    };
    format!(
        "leave {what} out of the outputs and logs; the notice above says where the search ended{kept}"
    )
}

fn kept_in(kept: Option<&Path>) -> String {
    kept.map_or_else(String::new, |kept| {
        format!(". The outputs are kept in {}", kept.display())
    })
}

fn take_out(kept: Option<&Path>) -> String {
    let kept = kept_in(kept);
    format!(
        "take it out, and change it if others have seen it; what is meant to be there is named in an \
         `[[allow-secret]]` of the recipe, by rule, path, sha256 and reason{kept}"
    )
}

fn lock_again(recipe: &Name) -> String {
    format!("run `zwieback lock {recipe}`")
}

fn raised_in_recipe(key: &str) -> String {
    format!("raise `{key}` in the recipe's `[limits]`")
}

fn lock_all(problems: &[LockProblem]) -> String {
    let names: Vec<_> = problems
        .iter()
        .map(|problem| problem.name().as_str())
        .collect();
    format!(
        "run `zwieback lock {}` and commit the lockfiles",
        names.join(" ")
    )
}
