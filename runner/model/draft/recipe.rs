//! The text of a first recipe, as a person would write it.

use super::system::System;
use crate::manifest::source::Source;
use crate::name::Name;

/// What a draft is made from.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The name of the recipe and of its source.
    pub name: Name,
    /// The version of what is built.
    pub version: String,
    /// Where it comes from; patches and lockfiles are not in it yet.
    pub source: Source,
    /// How it is built.
    pub system: System,
}

impl Draft {
    /// The recipe.
    pub fn to_text(&self) -> String {
        let mut text = self.head();
        for (step, run) in self.steps() {
            text.push_str(&step_text(step, &self.name, &run));
        }
        text.push_str(&format!("\n[outputs]\n{}\n", self.outputs()));
        text
    }

    fn head(&self) -> String {
        let name = &self.name;
        let toolchains: Vec<_> = self
            .system
            .toolchains()
            .iter()
            .map(|toolchain| quoted(toolchain))
            .collect();
        let mut text = format!(
            "[recipe]\nname = {}\nversion = {}\ntoolchains = [{}]\n\n[sources.{}]\n",
            quoted(name.as_str()),
            quoted(&self.version),
            toolchains.join(", "),
            key(name)
        );
        let mut source = self.source.clone();
        source.vendor = self.system.vendor();
        let table = toml::to_string(&source).expect("a source holds only strings and lists");
        text.push_str(&table);
        if let Some(env) = self.env() {
            text.push_str(&format!("\n[env]\n{env}\n"));
        }
        text
    }

    /// Debug information would hold the paths of a compiler's own library.
    fn env(&self) -> Option<&'static str> {
        match self.system {
            System::Cargo => Some("CARGO_PROFILE_RELEASE_DEBUG = \"0\""),
            System::Python { compiles: true } => Some("CFLAGS = \"-O2 -g0\""),
            _ => None,
        }
    }

    fn steps(&self) -> Vec<(&'static str, String)> {
        let make = ("compile", "make -j$ZWIEBACK_JOBS".to_owned());
        let install = ("install", "make install DESTDIR=$OUT".to_owned());
        match self.system {
            System::Cargo => vec![(
                "compile",
                "cargo install --path . --offline --locked --no-track --root $OUT/usr -j$ZWIEBACK_JOBS".into(),
            )],
            System::Npm => vec![
                ("install", "npm ci --offline --ignore-scripts".into()),
                ("build", "npm run build --if-present".into()),
                ("pack", "npm pack --ignore-scripts --pack-destination $OUT".into()),
            ],
            System::Bundle => vec![(
                "bundle",
                format!("esbuild . --bundle --packages=external --platform=node --format=esm --outfile=$OUT/{}.js", self.name),
            )],
            System::Python { .. } => vec![(
                "build",
                "python3 -m build --wheel --no-isolation --skip-dependency-check --outdir $OUT".into(),
            )],
            System::Go => vec![("compile", "mkdir -p $OUT/usr/bin && go build -ldflags=-buildid= -o $OUT/usr/bin/ ./...".into())],
            System::Configure => vec![("configure", "./configure --prefix=/usr".into()), make, install],
            System::Autoconf => vec![
                ("configure", "autoreconf --install\n./configure --prefix=/usr".into()),
                make,
                install,
            ],
            System::Make => vec![make, ("install", "make install PREFIX=$OUT/usr prefix=$OUT/usr".into())],
        }
    }

    fn outputs(&self) -> &'static str {
        match self.system {
            System::Cargo | System::Go => "programs = \"usr/bin/*\"",
            System::Npm => "package = \"*.tgz\"",
            System::Bundle => "bundle = \"*.js\"",
            System::Python { .. } => "wheel = \"*.whl\"",
            System::Configure | System::Autoconf | System::Make => "files = \"usr/**\"",
        }
    }
}

fn step_text(step: &str, dir: &Name, run: &str) -> String {
    let script = if run.contains('\n') {
        format!("\"\"\"\n{run}\n\"\"\"")
    } else {
        quoted(run)
    };
    let dir = quoted(dir.as_str());
    format!(
        "\n[[steps]]\nname = {}\ndir = {dir}\nrun = {script}\n",
        quoted(step)
    )
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A name may hold dots, which would open another table.
fn key(name: &Name) -> String {
    if name.as_str().contains(['.', '+']) {
        quoted(name.as_str())
    } else {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::diagnostic::SourceText;
    use crate::manifest::recipe::Recipe;

    #[test]
    fn every_draft_is_a_recipe() {
        for system in System::ALL {
            for name in ["a", "lua5.4", "g++"] {
                let draft = Draft {
                    name: name.parse().unwrap(),
                    version: "1.0".into(),
                    source: Source {
                        purl: Some("pkg:generic/a@1".parse().unwrap()),
                        url: vec!["http://mirror.example/a\"b".into()],
                        ..Source::default()
                    },
                    system,
                };
                let text = draft.to_text();
                let path = "recipe.toml";
                let recipe = Recipe::parse(SourceText { path, text: &text });
                let recipe = recipe.unwrap_or_else(|error| panic!("{error}\n{text}"));
                assert_eq!(recipe.sources[name].vendor, system.vendor());
            }
        }
    }
}
