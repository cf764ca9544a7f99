//! The wish to stop, and all that has to hear of it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zwieback_host::fetch::canceller::Canceller as FetchCanceller;
use zwieback_sandbox::canceller::Canceller;

/// The user's wish to stop. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    fetching: FetchCanceller,
    sandboxes: Arc<Mutex<Vec<Canceller>>>,
}

impl Stop {
    /// Ends whatever is under way, and whatever would begin.
    pub fn stop(&self) {
        self.fetching.cancel();
        for sandbox in self.sandboxes().iter() {
            sandbox.cancel();
        }
    }

    /// Whether the user wants to stop.
    pub fn is_wanted(&self) -> bool {
        self.fetching.is_cancelled()
    }

    /// What ends a fetch.
    pub fn fetching(&self) -> &FetchCanceller {
        &self.fetching
    }

    /// A switch for a pair of runs, which can also be thrown for that pair alone.
    pub fn pair(&self) -> io::Result<Canceller> {
        let switch = Canceller::new()?;
        self.sandboxes().push(switch.clone());
        if self.is_wanted() {
            switch.cancel();
        }
        Ok(switch)
    }

    fn sandboxes(&self) -> MutexGuard<'_, Vec<Canceller>> {
        self.sandboxes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
