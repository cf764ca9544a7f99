//! Sources that exist for one test only: locked by hand and served by a mirror of the test's own.

use zwieback_model::bake::plan::Requests as _;
use zwieback_model::digest::Fingerprint;
use zwieback_model::locked_input::LockedInput;
use zwieback_model::manifest::diagnostic::SourceText;
use zwieback_model::manifest::lockfile::Lockfile;
use zwieback_model::manifest::recipe::Recipe;
use zwieback_model::purl::Purl;

use crate::world::World;

/// A recipe with one source, as a package of that version.
#[derive(Clone, Copy, Debug)]
pub struct Packed<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its package URL.
    pub purl: &'a str,
    /// The name of the source's file.
    pub file: &'a str,
    /// The source.
    pub bytes: &'a [u8],
    /// What its only step runs.
    pub run: &'a str,
}

/// Writes a recipe with one source and its lock; answers where a mirror must have the file.
pub fn recipe_with_source(world: &World, name: &str, file: &str, bytes: &[u8]) -> String {
    let purl = format!("pkg:deb/debian/{name}@1?arch=source");
    let folder = format!("project/recipes/{name}");
    recipe_of_purl(world, &folder, (name, "1", &purl), file, bytes)
}

/// The same, of any ecosystem, in some folder.
pub fn recipe_of_purl(
    world: &World,
    folder: &str,
    (name, version, purl): (&str, &str, &str),
    file: &str,
    bytes: &[u8],
) -> String {
    let packed = Packed {
        name,
        version,
        purl,
        file,
        bytes,
        run: &format!("cp -R {name} $OUT/"),
    };
    packed.write(world, folder)
}

impl Packed<'_> {
    /// Writes the recipe and its lock to a folder; answers where a mirror must have the file.
    pub fn write(&self, world: &World, folder: &str) -> String {
        let Self {
            name,
            version,
            purl,
            file,
            run,
            ..
        } = self;
        let text = format!(
            "[recipe]\nname = \"{name}\"\nversion = \"{version}\"\ntoolchains = [\"shell\"]\n\n\
             [sources.{name}]\npurl = \"{purl}\"\nfile = \"{file}\"\n\n\
             [[steps]]\nname = \"copy\"\nrun = '{run}'\n"
        );
        let recipe = Recipe::parse(SourceText {
            path: "recipe.toml",
            text: &text,
        })
        .unwrap();
        let purl: Purl = purl.parse().unwrap();
        let place = match purl.kind() {
            "deb" => format!("pool/{file}"),
            _ => (*file).to_owned(),
        };
        let has_place = ["deb", "generic"].contains(&purl.kind());
        let print = Fingerprint::of(self.bytes);
        let input = LockedInput {
            source: Some(name.parse().unwrap()),
            purl,
            file: file.parse().unwrap(),
            sha256: print.sha256,
            blake3: Some(print.blake3),
            size: print.size,
            locations: has_place
                .then(|| place.parse().unwrap())
                .into_iter()
                .collect(),
        };
        let lock = Lockfile::new(recipe.requests(), vec![input]);
        world.write(&format!("{folder}/recipe.toml"), &text);
        world.write(&format!("{folder}/zwieback.lock"), lock.to_text());
        place
    }
}

/// A source archive: one folder of this name, and one file with this text in it.
pub fn archive(world: &World, name: &str, text: &str) -> Vec<u8> {
    world.write(&format!("sources/{name}/{name}"), text);
    let mut tar = world.command("tar");
    tar.args([
        "c",
        "--sort=name",
        "--mtime=@1700000000",
        "--owner=0",
        "--group=0",
        "-C",
    ]);
    let tar = tar.arg(world.path("sources")).arg(name).output().unwrap();
    assert!(tar.status.success(), "{tar:?}");
    tar.stdout
}

/// Makes these mirrors the only places that are asked for Debian packages before apt's own.
pub fn use_mirrors(world: &World, roots: &[&str]) {
    let text = format!("[mirrors]\ndeb = {roots:?}\n");
    world.write("home/.config/zwieback/config.toml", text);
}
