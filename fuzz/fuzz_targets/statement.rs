//! Statements, down to the plan that a recheck would build.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zwieback_attest::provenance::Provenance;
use zwieback_attest::statement::Statement;
use zwieback_attest::build::recheck::claim;

fuzz_target!(|bytes: &[u8]| {
    let Ok(statement) = Statement::parse(bytes) else {
        return;
    };
    if let Ok(provenance) = Provenance::read(&statement.predicate) {
        drop(claim(&statement, &provenance, "linux/amd64"));
    }
});
