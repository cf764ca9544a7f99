//! A seed: a recipe with one defect, or with none.

use std::fs;
use std::path::{Path, PathBuf};

use zwieback_test_world::world::World;

use crate::expected::Expected;

/// A folder of this corpus.
pub(crate) struct Seed {
    /// What it and its recipe are called.
    pub(crate) name: String,
    /// What must be said of it.
    pub(crate) expected: Expected,
    folder: PathBuf,
    recipe: String,
}

/// Every seed, by name.
pub(crate) fn all(corpus: &Path) -> Vec<Seed> {
    let entries = fs::read_dir(corpus).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path());
    let mut seeds: Vec<_> = folders.filter(|folder| folder.is_dir()).map(read).collect();
    seeds.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(seeds.len() > 40, "only {} seeds", seeds.len());
    seeds
}

impl Seed {
    /// Puts the seed into a project, as it is.
    pub(crate) fn plant(&self, world: &World) {
        self.write(world, &self.name, &self.recipe);
    }

    /// Puts it there once more with the advice applied; answers the recipe's name.
    pub(crate) fn plant_mended(&self, world: &World) -> Option<String> {
        let fix = self.expected.fix.as_ref()?;
        let mut recipe = self.recipe.clone();
        for (text, better) in &fix.replace {
            assert!(recipe.contains(text), "{}: no {text:?}", self.name);
            recipe = recipe.replace(text, better);
        }
        let name = format!("{}-mended", self.name);
        self.write(world, &name, &recipe);
        Some(name)
    }

    fn write(&self, world: &World, name: &str, recipe: &str) {
        let old = format!("name = \"{}\"", self.name);
        let recipe = recipe.replacen(&old, &format!("name = \"{name}\""), 1);
        world.write(&format!("project/recipes/{name}/recipe.toml"), recipe);
        let source = self.folder.join("src");
        if source.is_dir() {
            let to = world.path(&format!("project/recipes/{}/src", self.name));
            fs::create_dir_all(&to).unwrap();
            for file in fs::read_dir(source).unwrap().map(Result::unwrap) {
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
            world.run(&["lock", name]).expect(0, &[]);
        }
    }
}

fn read(folder: PathBuf) -> Seed {
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let expected = toml::from_str(&text("expected.toml"));
    Seed {
        expected: expected.unwrap_or_else(|problem| panic!("{name}: {problem}")),
        recipe: text("recipe.toml"),
        name,
        folder,
    }
}
