//! What a bundle says, whoever signed it: enough to build again, never enough to believe.

use super::build_type::{self, ForeignBuildTypes};
use super::bundle::Bundle;
use super::provenance::Provenance;
use super::reason::Refusal;
use super::statement::Statement;
use super::verified::read_statement;
use super::verify::read_provenance;

/// Provenance that nobody has vouched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The statement.
    pub statement: Statement,
    /// Its predicate.
    pub provenance: Provenance,
}

impl Claimed {
    /// Reads a bundle without asking who signed it. All else that verification refuses is refused.
    pub fn read(bundle: &[u8]) -> Result<Self, Refusal> {
        let bundle = Bundle::parse(bundle)?;
        let statement = read_statement(&bundle.envelope().payload)?;
        let provenance = read_provenance(&statement)?;
        build_type::check(&provenance, &ForeignBuildTypes::new())?;
        Ok(Self {
            statement,
            provenance,
        })
    }
}
