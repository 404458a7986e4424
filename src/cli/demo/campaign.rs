//! The example campaign of the demo: written where a marketer would copy it, and sized to the company.

use super::Demo;
use crate::campaigns::folder;
use crate::error::Result;
use crate::money::Money;
use crate::operations::{apply, examples};

/// The campaign's name.
pub const NAME: &str = "next-best-offer";

/// Applies the campaign. Its capacities are those of the company, however many clients it has.
pub fn apply(demo: &Demo<'_>) -> Result<()> {
    let root = demo.ws.data().join("campaigns").join(NAME);
    examples::write(NAME, &root)?;
    let mut folder = folder::read(&root)?;
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
    use std::path::Path;

    use super::*;

    #[test]
    fn the_example_has_the_capacities_of_the_standard_company() {
        let spec = folder::read(&Path::new(".").join("campaigns").join(NAME)).unwrap().spec;
        let capacities = crate::simulation::Capacities::for_customers(20_000);
        assert_eq!(spec.budget, Some(Money(capacities.budget as i64)));
        let channels: Vec<usize> = spec.channels.iter().map(|c| c.capacity.unwrap() as usize).collect();
        assert_eq!(channels, capacities.channel);
    }
}
