//! `zwieback status`: every environment at one look.

use zwieback_trust::command::status::status;
use zwieback_trust::screen;

use super::session::ReleaseSession;
use crate::pipeline::context::answer::{End, Ended};

/// Runs the command.
pub fn run(session: &ReleaseSession<'_>) -> Ended {
    let status = status(&session.reader())?;
    let value = screen::json::status(&status);
    session.show(&screen::status::status(&status), &value)?;
    Ok(End::Done)
}
