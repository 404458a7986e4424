//! `vizavi serve`: REST, public links and console on one port, with the worker beside them.

use super::{Done, Failure, Place, print};
use crate::error::{Error, Result};
use crate::jobs::{self, Stop};
use crate::operations::{Workspace, access};
use crate::service;

/// How to serve.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Serve only; other nodes run `vizavi work`
    #[arg(long)]
    no_work: bool,
}

/// Serves until a signal comes, then lets requests and the message under way end.
pub fn run(place: &Place, args: &Args) -> Done {
    let ws = place.make()?;
    let no_user = access::user::list(&ws)?.is_empty();
    serve(&ws, !args.no_work, no_user).map_err(Failure::after_some)
}

/// Serves a workspace until a signal comes.
pub(super) fn serve(ws: &Workspace, with_worker: bool, no_user: bool) -> Result<()> {
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let worker = with_worker.then(|| scope.spawn(|| jobs::work(ws, &stop, false, None)));
        // The service catches the signals itself.
        let served = service::serve(ws, |address, _| {
            let mut text = format!("console at http://{address}/, API under /v1, described at /docs\n");
            if no_user {
                text += "nobody can log in yet: vizavi user add EMAIL --role admin\n";
            }
            print::text(&text).ok();
        });
        stop.set();
        if let Some(worker) = worker {
            worker.join().map_err(|_| Error::internal("the worker ended in a panic"))??;
        }
        served
    })
}
