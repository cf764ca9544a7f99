//! The inputs of a statement that were fetched, read back as the entries of a lock, and held against the
//! manifests in the same statement.

use std::collections::BTreeMap;

use zwieback_model::json::canonical;
use zwieback_model::json::value::Value;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::claim::{self, Listed, Unclaimed};
use zwieback_model::manifest::lockfile::LockedFolder;
use zwieback_model::manifest::part::Form;
use zwieback_model::manifest::source::{Origin, Source};
use zwieback_model::manifest::toolchain::Toolchain;
use zwieback_model::name::Name;
use zwieback_model::shown_name::escaped;

use super::build_type::{self, FOLDER};
use super::provenance::Provenance;
use super::reason::{Reason, Refusal};
use super::resource::ResourceDescriptor;

/// An input that was fetched, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatedInput {
    /// A file of a source.
    Source(LockedInput),
    /// A file of a toolchain.
    Package(Name, LockedInput),
}

impl StatedInput {
    /// Reads an input that has a role; nothing, where it is not spelt as zwieback spells it.
    pub fn of(one: &ResourceDescriptor) -> Option<Self> {
        let role = one.annotations.get("role").and_then(Value::as_str)?;
        let mut words = role.split(' ');
        let kind = words.next()?;
        let names: Vec<Name> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
        match (kind, names.as_slice()) {
            ("source", [of]) => Some(Self::Source(locked(one, Some(of.clone()))?)),
            ("toolchain", [of, part @ ..]) if part.len() < 2 => {
                let package = locked(one, part.first().cloned())?;
                Some(Self::Package(of.clone(), package))
            }
            _ => None,
        }
    }
}

/// Refuses a statement with an input that its own recipe or toolchains do not claim, or without one that
/// they ask for. What a lockfile inside a source claims is in the source, and is seen by a recheck.
pub fn check(provenance: &Provenance) -> Result<(), Refusal> {
    let (mut inputs, mut folders) = (Vec::new(), Vec::new());
    let mut toolchains = Toolchains::default();
    let sources = sources(provenance)?;
    for one in &provenance.resolved_dependencies {
        if let Some(role) = one.annotations.get("role") {
            let stray = || refused(format!("`{}` has no known form", escaped(one.label())));
            if let Some((of, listed)) = listed(role, one) {
                toolchains.packages.entry(of).or_default().push(listed);
                continue;
            }
            match StatedInput::of(one).ok_or_else(stray)? {
                StatedInput::Source(input) => inputs.push(input),
                StatedInput::Package(of, input) => {
                    toolchains.parts.entry(of).or_default().push(input);
                }
            }
        } else if let Some(name) = one
            .name
            .as_deref()
            .and_then(|name| name.strip_prefix(FOLDER))
        {
            let stray = || refused(format!("`{}` is no source", escaped(one.label())));
            folders.push(folder(&sources, name, one).ok_or_else(stray)?);
        }
    }
    let unclaimed = |unclaimed: Unclaimed| refused(unclaimed.to_string());
    claim::check_sources(&sources, &inputs, &folders).map_err(unclaimed)?;
    for (name, value) in build_type::toolchains(provenance) {
        toolchains.check(name, value)?;
    }
    toolchains.nothing_left()
}

/// The files of toolchains, by name. Packages are a hundred in each statement: they are not taken apart.
#[derive(Default)]
struct Toolchains<'a> {
    packages: BTreeMap<&'a str, Vec<Listed<'a>>>,
    parts: BTreeMap<Name, Vec<LockedInput>>,
}

impl Toolchains<'_> {
    fn check(&mut self, name: &str, value: &Value) -> Result<(), Refusal> {
        let unclaimed = |unclaimed: Unclaimed| refused(unclaimed.to_string());
        let deb = value.get("deb");
        let text = |key| deb.and_then(|deb| deb.get(key)).and_then(Value::as_str);
        let platform = text("release").zip(text("architecture"));
        let packages = self.packages.remove(name).unwrap_or_default();
        claim::check_closure(name, platform, packages.into_iter()).map_err(unclaimed)?;
        let parsed: Option<Name> = name.parse().ok();
        let parts = parsed.and_then(|name| self.parts.remove(&name));
        let tables = [Form::Wheel, Form::Npm, Form::Archive];
        let has_parts = tables
            .iter()
            .any(|table| value.get(table.as_str()).is_some());
        if parts.is_none() && !has_parts {
            return Ok(());
        }
        let toolchain: Toolchain = typed(name, value)?;
        let parts = parts.unwrap_or_default();
        claim::check_parts(&toolchain, &parts.iter().collect::<Vec<_>>()).map_err(unclaimed)
    }

    fn nothing_left(&self) -> Result<(), Refusal> {
        let packages = self.packages.values().flatten().map(|listed| listed.file);
        let parts = self.parts.values().flatten();
        match packages.chain(parts.map(|part| part.file.as_str())).next() {
            Some(stray) => Err(refused(format!("`{stray}` is of no toolchain"))),
            None => Ok(()),
        }
    }
}

/// A package of a toolchain, with the toolchain's name, if it is one.
fn listed<'a>(role: &'a Value, one: &'a ResourceDescriptor) -> Option<(&'a str, Listed<'a>)> {
    let of = role.as_str()?.strip_prefix("toolchain ")?;
    let locations = one.annotations.get("locations").and_then(Value::as_array);
    let locations = locations.unwrap_or_default().iter().map(Value::as_str);
    let is_whole = matches!(one.annotations.get("size")?, Value::Integer(size) if *size >= 0);
    let listed = Listed {
        purl: one.uri.as_deref()?,
        file: one.name.as_deref()?,
        locations: locations.collect::<Option<_>>()?,
    };
    (is_whole && !of.contains(' ')).then_some((of, listed))
}

fn sources(provenance: &Provenance) -> Result<BTreeMap<Name, Source>, Refusal> {
    let recipe = build_type::recipe(provenance);
    match recipe.and_then(|recipe| recipe.get("sources")) {
        Some(sources) => typed("sources", sources),
        None => Ok(BTreeMap::new()),
    }
}

/// Where a folder lies is said in the recipe alone.
fn folder(
    sources: &BTreeMap<Name, Source>,
    name: &str,
    one: &ResourceDescriptor,
) -> Option<LockedFolder> {
    let source: Name = name.parse().ok()?;
    match sources.get(&source)?.origin() {
        Ok(Origin::Folder(path)) => Some(LockedFolder {
            path: path.clone(),
            source,
            tree: one.digest.get_sha256()?,
        }),
        _ => None,
    }
}

fn typed<T: serde::de::DeserializeOwned>(what: &str, value: &Value) -> Result<T, Refusal> {
    let read = serde_json::from_str(&canonical::to_string(value));
    read.map_err(|error| {
        Refusal::new(
            Reason::ParameterMalformed,
            format!("`{}`: {error}", escaped(what)),
        )
    })
}

fn refused(saw: String) -> Refusal {
    Refusal::new(Reason::DependencyUnclaimed, saw)
}

fn locked(one: &ResourceDescriptor, source: Option<Name>) -> Option<LockedInput> {
    let size = match one.annotations.get("size")? {
        Value::Integer(size) => u64::try_from(*size).ok()?,
        _ => return None,
    };
    let locations = one.annotations.get("locations").and_then(Value::as_array);
    let path = |value: &Value| value.as_str()?.parse().ok();
    Some(LockedInput {
        source,
        purl: one.uri.as_deref()?.parse().ok()?,
        file: one.name.as_deref()?.parse().ok()?,
        sha256: one.digest.get_sha256()?,
        blake3: None,
        size,
        locations: locations
            .unwrap_or_default()
            .iter()
            .map(path)
            .collect::<Option<_>>()?,
    })
}
