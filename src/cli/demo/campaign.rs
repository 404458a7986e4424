//! The example campaign of the demo: embedded, written where a marketer would copy it, and sized to the company.

use std::fs;
use std::path::{Path, PathBuf};

use super::Demo;
use crate::campaigns::folder;
use crate::error::Result;
use crate::money::Money;
use crate::operations::apply;

/// The campaign's name.
pub const NAME: &str = "next-best-offer";

macro_rules! pieces {
    ($($path:literal,)*) => {
        [$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/campaigns/next-best-offer/", $path)))),*]
    };
}

/// Every file of the campaign, by its path in the folder.
const FILES: &[(&str, &str)] = &pieces![
    "campaign.toml",
    "README.md",
    "sample.json",
    "templates/a/bg/call.hbs",
    "templates/a/bg/html.hbs",
    "templates/a/bg/sms.hbs",
    "templates/a/bg/subject.hbs",
    "templates/a/bg/text.hbs",
    "templates/a/en/call.hbs",
    "templates/a/en/html.hbs",
    "templates/a/en/sms.hbs",
    "templates/a/en/subject.hbs",
    "templates/a/en/text.hbs",
    "templates/a/ru/call.hbs",
    "templates/a/ru/html.hbs",
    "templates/a/ru/sms.hbs",
    "templates/a/ru/subject.hbs",
    "templates/a/ru/text.hbs",
    "templates/b/bg/call.hbs",
    "templates/b/bg/html.hbs",
    "templates/b/bg/sms.hbs",
    "templates/b/bg/subject.hbs",
    "templates/b/bg/text.hbs",
    "templates/b/en/call.hbs",
    "templates/b/en/html.hbs",
    "templates/b/en/sms.hbs",
    "templates/b/en/subject.hbs",
    "templates/b/en/text.hbs",
    "templates/b/ru/call.hbs",
    "templates/b/ru/html.hbs",
    "templates/b/ru/sms.hbs",
    "templates/b/ru/subject.hbs",
    "templates/b/ru/text.hbs",
    "templates/parts/bg/foot-text.hbs",
    "templates/parts/bg/foot.hbs",
    "templates/parts/bg/offer-text.hbs",
    "templates/parts/bg/offer.hbs",
    "templates/parts/en/foot-text.hbs",
    "templates/parts/en/foot.hbs",
    "templates/parts/en/offer-text.hbs",
    "templates/parts/en/offer.hbs",
    "templates/parts/head.hbs",
    "templates/parts/products-text.hbs",
    "templates/parts/products.hbs",
    "templates/parts/ru/foot-text.hbs",
    "templates/parts/ru/foot.hbs",
    "templates/parts/ru/offer-text.hbs",
    "templates/parts/ru/offer.hbs",
    "templates/parts/top.hbs",
];

/// Writes the campaign's folder below `data` and answers where it is.
fn write(data: &Path) -> Result<PathBuf> {
    let root = data.join("campaigns").join(NAME);
    for (path, text) in FILES {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(root)
}

/// Applies the campaign. Its capacities are those of the company, however many clients it has.
pub fn apply(demo: &Demo<'_>) -> Result<()> {
    let mut folder = folder::read(&write(demo.ws.data())?)?;
    let capacities = demo.company.capacities();
    folder.spec.budget = Some(Money(capacities.budget as i64));
    for channel in &mut folder.spec.channels {
        let known = crate::simulation::Channel::parse(&channel.channel);
        channel.capacity = known.map(|known| capacities.channel[known.index()] as i64);
    }
    apply::apply(&demo.ws, &folder, super::ACTOR).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns").join(NAME);
        let written = tempfile::tempdir().unwrap();
        let root = write(written.path()).unwrap();
        assert_eq!(folder::read(&root).unwrap(), folder::read(&folder).unwrap());
    }

    #[test]
    fn the_example_has_the_capacities_of_the_standard_company() {
        let spec = folder::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns").join(NAME)).unwrap().spec;
        let capacities = crate::simulation::Capacities::for_customers(20_000);
        assert_eq!(spec.budget, Some(Money(capacities.budget as i64)));
        let channels: Vec<usize> = spec.channels.iter().map(|c| c.capacity.unwrap() as usize).collect();
        assert_eq!(channels, capacities.channel);
    }
}
