//! `zwieback fetch`: fetch what the locks name into the store.

use zwieback_core::locked_input::LockedInput;
use zwieback_host::project::Project;

use crate::cli::args::build::FetchArgs;
use crate::cli::args::global::Global;
use crate::cli::exit;
use crate::cli::session::Session;
use crate::pipeline::error::PipelineError;
use crate::pipeline::{inputs, read};

/// Runs the command.
pub fn run(global: &Global, args: &FetchArgs) -> anyhow::Result<u8> {
    let session = Session::open(global)?;
    let project = session.project()?;
    let ctx = session.context(false)?;
    let names = if args.all {
        [project.toolchains(), project.recipes()].concat()
    } else {
        args.names.clone()
    };
    let mut wanted = Vec::new();
    for name in &names {
        wanted.extend(inputs_of(&project, name)?);
    }
    inputs::fetch(&wanted, &ctx)?;
    Ok(exit::DONE)
}

fn inputs_of(project: &Project, name: &str) -> Result<Vec<LockedInput>, PipelineError> {
    if project.toolchains().iter().any(|known| known == name) {
        let toolchain = project.toolchain(name)?;
        return Ok(read::locked(&toolchain).checked()?.to_vec());
    }
    let recipe = project.recipe(name)?;
    let mut inputs = read::locked(&recipe).checked()?.to_vec();
    for toolchain in read::toolchains(project, &recipe.manifest.recipe.toolchains)? {
        inputs.extend(read::locked(&toolchain).checked()?.iter().cloned());
    }
    Ok(inputs)
}
