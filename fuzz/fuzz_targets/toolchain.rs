//! Toolchains: like recipes, no text may do more than be refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_model::json::from_serde::value_of;
use zwieback_model::manifest::diagnostic::SourceText;
use zwieback_model::manifest::toolchain::Toolchain;

fuzz_target!(|text: &str| {
    if let Ok(toolchain) = Toolchain::parse(SourceText { path: "fuzz", text }) {
        value_of(&toolchain).expect("a toolchain has a JSON form");
    }
});
