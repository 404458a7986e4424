//! `vizavi campaign list`.

use crate::campaigns::store;
use crate::cli::{Done, Place, print};

/// Prints all campaigns with their state.
pub fn run(place: &Place) -> Done {
    let ws = place.open()?;
    let campaigns = ws.store().read(store::all)?;
    if place.json {
        print::json(&campaigns)?;
        return Ok(());
    }
    let mut table = print::Table::new(&["campaign", "version", "state", "approved by", "next run"]);
    for campaign in campaigns {
        table.row(vec![
            campaign.name,
            campaign.version.to_string(),
            campaign.state,
            campaign.approved_by.unwrap_or_default(),
            campaign.next_run_at.map(|at| at.to_string()).unwrap_or_default(),
        ]);
    }
    if table.is_empty() {
        print::text("no campaigns yet; apply one with `vizavi campaign apply FOLDER`\n")?;
    } else {
        print::text(&table.to_string())?;
    }
    Ok(())
}
