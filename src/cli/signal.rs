//! SIGINT and SIGTERM end the work before its next message, cleanly.

use std::sync::OnceLock;

use crate::jobs::Stop;

/// The flag that a signal sets; the handler is installed when it is first asked for.
pub fn stop() -> &'static Stop {
    static STOP: OnceLock<Stop> = OnceLock::new();
    let stop = STOP.get_or_init(Stop::default);
    static HANDLER: OnceLock<()> = OnceLock::new();
    HANDLER.get_or_init(|| {
        // Without a handler a signal ends the process at once; the next start recovers what it left.
        if let Err(error) = ctrlc::set_handler(stop_now) {
            tracing::warn!(%error, "signals cannot be caught");
        }
    });
    stop
}

fn stop_now() {
    stop().set();
}
