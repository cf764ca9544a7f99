//! SLSA provenance v1: what was built from what (`buildDefinition`), and by whom (`runDetails`).

use std::collections::BTreeMap;

use zwieback_model::json::fields::{FieldError, Fields};
use zwieback_model::json::value::{Object, Value};
use zwieback_model::timestamp::Timestamp;

use super::resource::{ResourceDescriptor, present, sorted_list};
use super::statement::Statement;

/// The predicate type of every 1.x version of the specification.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";

/// How artifacts were built.
///
/// The first four members are `buildDefinition`: byte-identical on every rebuild. The others are
/// `runDetails`: they tell one run from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// What the parameters mean; a URI that resolves to a page for people.
    pub build_type: String,
    /// All that a user could choose. Not trusted: whoever verifies must check each.
    pub external_parameters: Object,
    /// What the builder set by itself.
    pub internal_parameters: Object,
    /// Every input.
    pub resolved_dependencies: Vec<ResourceDescriptor>,
    /// Who built.
    pub builder: Builder,
    /// Which run it was.
    pub metadata: Metadata,
    /// What came about besides the artifacts: logs, reports.
    pub byproducts: Vec<ResourceDescriptor>,
}

/// Who built, and in which mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Builder {
    /// A URI; each mode with other security has another one.
    pub id: String,
    /// Versions of its parts.
    pub version: BTreeMap<String, String>,
    /// What it is itself built on, and does not vouch for.
    pub builder_dependencies: Vec<ResourceDescriptor>,
}

/// Which run it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// A name that this builder gave to no other run.
    pub invocation_id: Option<String>,
    /// When it started.
    pub started_on: Option<Timestamp>,
    /// When it ended.
    pub finished_on: Option<Timestamp>,
}

impl Provenance {
    /// The statement that these artifacts were built so.
    pub fn into_statement(self, subject: Vec<ResourceDescriptor>) -> Statement {
        Statement {
            subject,
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: self.to_value(),
        }
    }

    /// The predicate as JSON.
    pub fn to_value(&self) -> Value {
        Value::object([
            ("buildDefinition", self.build_definition()),
            ("runDetails", self.run_details()),
        ])
    }

    /// What must be the same on every rebuild.
    pub fn build_definition(&self) -> Value {
        let mut definition = present([
            (
                "internalParameters",
                Some(self.internal_parameters.clone().into()),
            ),
            (
                "resolvedDependencies",
                Some(sorted_list(&self.resolved_dependencies)),
            ),
        ]);
        if let Value::Object(members) = &mut definition {
            let parameters = self.external_parameters.clone().into();
            // Required members are written even when they are empty.
            members.extend([
                ("buildType".to_owned(), self.build_type.as_str().into()),
                ("externalParameters".to_owned(), parameters),
            ]);
        }
        definition
    }

    /// Reads the predicate of a statement; unknown members are ignored (the specification's parsing
    /// rules), except inside `externalParameters`, which are kept whole for whoever must check them.
    pub fn read(predicate: &Value) -> Result<Self, FieldError> {
        let fields = Fields::of(predicate, "predicate")?;
        let definition = fields.object("buildDefinition")?;
        let run = fields.object("runDetails")?;
        let internal = definition.optional_object("internalParameters")?;
        Ok(Self {
            build_type: definition.text("buildType")?.to_owned(),
            external_parameters: definition.object("externalParameters")?.members().clone(),
            internal_parameters: internal.map_or_else(Object::new, |it| it.members().clone()),
            resolved_dependencies: ResourceDescriptor::read_list(
                &definition,
                "resolvedDependencies",
            )?,
            builder: Builder::read(&run.object("builder")?)?,
            metadata: run
                .optional_object("metadata")?
                .map_or(Ok(Metadata::default()), |it| Metadata::read(&it))?,
            byproducts: ResourceDescriptor::read_list(&run, "byproducts")?,
        })
    }

    fn run_details(&self) -> Value {
        present([
            ("builder", Some(self.builder.to_value())),
            ("metadata", Some(self.metadata.to_value())),
            ("byproducts", Some(sorted_list(&self.byproducts))),
        ])
    }
}

impl Builder {
    fn to_value(&self) -> Value {
        let versions = self.version.iter();
        let text = |(name, version): (&String, &String)| (name.clone(), version.as_str().into());
        present([
            ("id", Some(self.id.as_str().into())),
            ("version", Some(Value::Object(versions.map(text).collect()))),
            (
                "builderDependencies",
                Some(sorted_list(&self.builder_dependencies)),
            ),
        ])
    }

    fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let mut version = BTreeMap::new();
        if let Some(versions) = fields.optional_object("version")? {
            for member in versions.texts() {
                let (name, text) = member?;
                version.insert(name.clone(), text.to_owned());
            }
        }
        Ok(Self {
            id: fields.text("id")?.to_owned(),
            version,
            builder_dependencies: ResourceDescriptor::read_list(fields, "builderDependencies")?,
        })
    }
}

impl Metadata {
    fn to_value(&self) -> Value {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string().into());
        present([
            (
                "invocationId",
                self.invocation_id.as_deref().map(Value::from),
            ),
            ("startedOn", time(self.started_on)),
            ("finishedOn", time(self.finished_on)),
        ])
    }

    fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        Ok(Self {
            invocation_id: fields.optional_text("invocationId")?.map(str::to_owned),
            started_on: fields.optional_time("startedOn")?,
            finished_on: fields.optional_time("finishedOn")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zwieback_model::digest::Fingerprint;
    use zwieback_model::json::canonical;

    fn provenance() -> Provenance {
        let input = |uri: &str| ResourceDescriptor::located(uri, &Fingerprint::of(b"input"));
        Provenance {
            build_type: "https://zwieback.example/build/v1".into(),
            external_parameters: [("recipe".into(), Value::object([]))].into(),
            internal_parameters: [("profile".into(), "hermetic".into())].into(),
            resolved_dependencies: vec![input("pkg:b/b@1"), input("pkg:a/a@1")],
            builder: Builder {
                id: "https://zwieback.example/sandbox/v1".into(),
                version: [("zwieback".into(), "0.1.0".into())].into(),
                builder_dependencies: vec![],
            },
            metadata: Metadata {
                invocation_id: Some("01k8q4".into()),
                started_on: Some("2026-01-01T00:00:00Z".parse().unwrap()),
                finished_on: None,
            },
            byproducts: vec![ResourceDescriptor::named("log", &Fingerprint::of(b"log"))],
        }
    }

    #[test]
    fn the_predicate_reads_back() {
        let value = provenance().to_value();
        let read = Provenance::read(&value).unwrap();
        assert_eq!(read.to_value(), value);
        assert_eq!(read.builder, provenance().builder);
        assert_eq!(read.metadata, provenance().metadata);
    }

    #[test]
    fn the_definition_does_not_depend_on_the_run_or_on_order() {
        let mut other = provenance();
        other.metadata = Metadata::default();
        other.byproducts.clear();
        other.resolved_dependencies.reverse();
        assert_eq!(
            canonical::to_string(&other.build_definition()),
            canonical::to_string(&provenance().build_definition())
        );
    }

    #[test]
    fn required_members_are_required() {
        for path in [
            "buildDefinition",
            "buildDefinition.buildType",
            "buildDefinition.externalParameters",
            "runDetails",
            "runDetails.builder",
            "runDetails.builder.id",
        ] {
            let mut value = provenance().to_value();
            remove(&mut value, path);
            let error = Provenance::read(&value).unwrap_err();
            assert_eq!(error.to_string(), format!("`predicate.{path}` is missing"));
        }
    }

    fn remove(value: &mut Value, path: &str) {
        let Value::Object(members) = value else {
            panic!("{path}");
        };
        match path.split_once('.') {
            Some((name, rest)) => remove(members.get_mut(name).unwrap(), rest),
            None => assert!(members.remove(path).is_some()),
        }
    }
}
