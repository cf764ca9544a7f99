//! Recipes: no text may do more than be refused, and what reads has one canonical form.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_model::json::from_serde::value_of;
use zwieback_model::manifest::diagnostic::SourceText;
use zwieback_model::manifest::recipe::Recipe;

fuzz_target!(|text: &str| {
    if let Ok(recipe) = Recipe::parse(SourceText { path: "fuzz", text }) {
        value_of(&recipe).expect("a recipe has a JSON form");
    }
});
