//! `vizavi demo`: a simulated company with known truth, through the whole loop twice or more often, and what came of it in words.
//!
//! ```text
//!  company -> files -> import -> [ train -> score -> plan -> approve -> run -> send (killed once) -> the month passes
//!                                  -> facts come back -> measured against the holdout ] again and again -> the story -> the console
//! ```

mod bars;
mod campaign;
mod company;
mod figures;
mod folder;
mod month;
mod people;
mod prices;
mod reconcile;
mod round;
mod scenes;
mod sender;
mod serve;
mod story;

use std::path::PathBuf;
use std::sync::Arc;

use super::print;
use crate::clock::{ManualClock, Timestamp};
use crate::error::Result;
use crate::operations::Workspace;
use crate::simulation::{Company, Shape, World};

/// Who acts in the audit trail.
const ACTOR: &str = "demo";

/// What the demo is to show.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// Clients and prospects of the simulated company
    #[arg(long, default_value_t = 20_000)]
    pub customers: usize,
    /// Which of all possible companies; the same seed gives the same decisions, byte for byte
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How often the loop is gone through
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=12))]
    pub rounds: u32,
    /// Print a JSON object a round instead of the story, and end
    #[arg(long)]
    pub json: bool,
    /// Folder of the demo's workspace; made anew at each start
    #[arg(long, default_value = "./vizavi-demo")]
    pub data: PathBuf,
    /// End after the story instead of serving the console
    #[arg(long)]
    pub no_serve: bool,
    /// Sends what is due at this instant (microseconds), and hangs after so many messages: the sender that the demo kills
    #[arg(long, hide = true, num_args = 2, value_names = ["AT", "MESSAGES"])]
    pub send: Option<Vec<i64>>,
}

/// What all steps of the demo share.
struct Demo<'a> {
    company: &'a Company,
    ws: Workspace,
    clock: Arc<ManualClock>,
    bars: bars::Bars,
}

/// Runs the demo and prints its story.
///
/// # Errors
/// Invalid, when the number of clients is out of range or the folder holds something else; else what a step says.
pub fn run(args: &DemoArgs) -> Result<()> {
    if let Some([at, messages]) = args.send.as_deref() {
        return sender::send_and_hang(&args.data, Timestamp(*at), *messages);
    }
    tell(args)
}

fn tell(args: &DemoArgs) -> Result<()> {
    let started = std::time::Instant::now();
    let shape = Shape { customers: args.customers, seed: args.seed, ..Shape::default() }.check()?;
    folder::prepare(&args.data)?;
    let bars = bars::Bars::new();
    bars.note("a company with known truth");
    let company = Company::generate(shape)?;
    let (ws, clock) = company::open(&args.data, &shape)?;
    let demo = Demo { company: &company, ws, clock, bars };
    if !args.json {
        print::text(&story::opening(&company))?;
    }
    company::import(&demo)?;
    campaign::apply(&demo)?;
    let mut world = World::new(&company, month::DAYS);
    let mut rounds: Vec<round::Round> = Vec::new();
    for number in 1..=args.rounds {
        let earlier = rounds.last().map_or(&[][..], |round| &round.played.profit);
        let round = round::run(&demo, number, &world, earlier)?;
        let text = match (args.json, number) {
            (true, _) => format!("{}\n", figures::line(&round)),
            (false, 1) => story::first(&demo, &round),
            (false, _) => story::later(&demo, &round),
        };
        demo.bars.aside(|| print::text(&text))?;
        world = world.advance(&round.played);
        rounds.push(round);
    }
    if !args.json {
        print::text(&story::closing(&demo, &rounds)?)?;
    }
    demo.bars.clear();
    let present = demo.ws.now();
    drop(demo);
    tracing::info!(seconds = started.elapsed().as_secs_f64(), "the demo has ended");
    if args.no_serve || args.json { Ok(()) } else { serve::serve(&args.data, present) }
}
