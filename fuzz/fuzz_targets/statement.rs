//! Statements, down to the plan that a recheck would build.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_core::attest::provenance::Provenance;
use zwieback_core::attest::statement::Statement;
use zwieback_core::bake::recheck::claim;

fuzz_target!(|bytes: &[u8]| {
    let Ok(statement) = Statement::parse(bytes) else {
        return;
    };
    if let Ok(provenance) = Provenance::read(&statement.predicate) {
        drop(claim(&statement, &provenance, "linux/amd64"));
    }
});
