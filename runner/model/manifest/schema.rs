//! The JSON Schemas that editors use, made from the very types that parse the files.
//!
//! They are published as `docs/schema/*.json`. Run the tests with `ZWIEBACK_BLESS=1` to write them.

use std::borrow::Cow;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::project_folder::ProjectFolder;
use super::quantity::{ByteSize, Seconds};
use super::recipe::Recipe;
use super::toolchain::Toolchain;
use crate::digest::Digest;
use crate::locked_input::FileName;
use crate::name::Name;
use crate::purl::Purl;
use crate::rel_path::RelPath;

/// A newtype over text: its schema is a pattern and a sentence.
macro_rules! text_schema {
    ($($newtype:ty, $name:literal, $pattern:literal, $says:literal;)+) => {$(
        impl JsonSchema for $newtype {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $says })
            }
        }
    )+};
}

text_schema! {
    Name, "Name", "^[a-z0-9][a-z0-9+._-]{0,63}$", "A plain name.";
    Purl, "Purl", "^pkg:[a-z]", "A package URL with a version.";
    RelPath, "RelPath", "^[^/]", "A relative path without `.` and `..`.";
    ProjectFolder, "ProjectFolder", "^[^/]", "A folder of the project, or `.` for its top.";
    Digest, "Digest", "^[0-9a-f]{64}$", "A SHA-256 in hexadecimal.";
    FileName, "FileName", "^[^/]+$", "The name of one file.";
    ByteSize, "ByteSize", "^[0-9]+ ?([kMG]?B|[KMGT]iB)$", "A size such as `512 MiB`.";
    Seconds, "Seconds", "^[0-9]+ ?(s|min|h|d)$", "A time such as `10 min`.";
}

#[test]
fn the_published_schemas_are_these() {
    published("recipe", &schemars::schema_for!(Recipe));
    published("toolchain", &schemars::schema_for!(Toolchain));
}

fn published(name: &str, schema: &Schema) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    let file = folder.join(format!("{name}.json"));
    let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
    if std::env::var_os("ZWIEBACK_BLESS").is_some() {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(&file, &text).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        found,
        text,
        "{} is out of date: run with ZWIEBACK_BLESS=1",
        file.display()
    );
}
