//! The archives apt is configured with, as places to ask for Debian packages.

use crate::deb::apt_client::{AptError, configured_sources};
use crate::deb::apt_state::roots_of;
use crate::deb::source_list::Source;
use crate::endpoints::base_url::BaseUrl;

/// The roots of every Debian archive this machine knows; none where there is no apt.
pub fn configured() -> Result<Vec<BaseUrl>, AptError> {
    match configured_sources() {
        Ok(sources) => Ok(roots_of(
            &sources
                .iter()
                .filter_map(Source::for_debian)
                .collect::<Vec<_>>(),
        )),
        Err(AptError::Absent { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
