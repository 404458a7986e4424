//! The company as a new workspace: written as files, imported like any company's.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::Demo;
use crate::clock::{Clock, ManualClock};
use crate::error::{Error, Result};
use crate::history::import::Report;
use crate::offers::{OfferSpec, store as offers};
use crate::operations::import::{self, Import};
use crate::operations::{Options, Workspace};
use crate::settings::{Brand, Settings};
use crate::simulation::company::Shape;
use crate::simulation::export;

/// Kinds of files in the order of their import.
const KINDS: [&str; 6] = ["customers", "consents", "orders", "returns", "interactions", "decisions"];

/// The demo's settings: one client in ten held out, one in twenty tried at random.
fn settings() -> Settings {
    let standard = Settings::default();
    Settings {
        holdout: 0.10,
        exploration: 0.05,
        zone: "Europe/London".into(),
        sender: "Vis-a-vis Shop <hello@shop.example>".into(),
        brand: Brand {
            name: "Vis-à-vis Shop".into(),
            postal_address: "1 Example Street, Sampleton".into(),
            phone: Some("+999 000 000".into()),
            website: "https://shop.example".into(),
        },
        base_url: format!("http://{}", standard.listen),
        ..standard
    }
}

/// Makes the workspace, its clock at the end of the company's record, its secrets from the seed.
pub fn open(data: &Path, shape: &Shape) -> Result<(Workspace, Arc<ManualClock>)> {
    let settings = settings();
    // On disk too, so that other processes and later commands on this folder see the same.
    let text = toml::to_string(&settings).map_err(|error| Error::internal("settings").caused_by(error))?;
    fs::write(data.join("vizavi.toml"), text)?;
    let clock = Arc::new(ManualClock::new(shape.now));
    let shared: Arc<dyn Clock> = clock.clone();
    let ws = Workspace::open(data, None, shared, Options { settings: Some(settings), seed: Some(shape.seed) })?;
    Ok((ws, clock))
}

/// Writes the company's files with their mappings, and imports them.
pub fn import(demo: &Demo<'_>) -> Result<()> {
    demo.bars.part("company");
    demo.bars.note("writing its files");
    let folder = demo.ws.data().join("company");
    fs::create_dir_all(&folder)?;
    export::write(demo.company, &folder)?;
    for kind in KINDS {
        import_file(demo, kind, &folder.join(format!("{kind}.csv")), &folder)?;
    }
    // Offers in tiers, in their own shape, as `PUT /v1/offers` takes them.
    let specs = export::offers(demo.company.clients.len())?;
    let now = demo.ws.now();
    demo.ws
        .store()
        .write(|conn| specs.into_iter().try_for_each(|spec| offers::put(conn, &spec.check()?, now).map(drop)))
}

/// Imports one file with the mapping of its kind; a rejected line would be a fault of the demo itself.
pub fn import_file(demo: &Demo<'_>, kind: &str, file: &Path, mappings: &Path) -> Result<Report> {
    let what = Import {
        kind: kind.into(),
        file: file.to_owned(),
        mapping: Some(mappings.join(format!("{kind}.toml"))),
        dry_run: false,
        again: false,
        sorted: None,
    };
    demo.bars.note(&format!("importing {kind}"));
    let report = import::import(&demo.ws, demo.ws.history(), &what, &demo.bars)?;
    if report.rejected > 0 {
        return Err(Error::internal(format!("the simulated company's own file was not taken whole: {report}")));
    }
    Ok(report)
}

/// Each month brings as many pieces of what can run out as the first; what was promised before stays promised.
pub fn restock(demo: &Demo<'_>, round: u32) -> Result<()> {
    let specs = export::offers(demo.company.clients.len())?;
    let now = demo.ws.now();
    demo.ws.store().write(|conn| {
        for fresh in specs.iter().filter_map(|spec| spec.stock.filter(|_| round > 1).map(|stock| (spec, stock))) {
            let known = offers::by_name(conn, &fresh.0.name)?;
            let spec = OfferSpec { stock: Some(known.used + fresh.1), ..known.spec };
            offers::put(conn, &spec.check()?, now)?;
        }
        Ok(())
    })
}
