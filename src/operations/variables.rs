//! What a message may say to one customer about one offer: frozen when the delivery is planned.

use url::Url;

use crate::clock::{DAY, Timestamp};
use crate::messages::Variables;
use crate::messages::context::{CampaignView, CustomerView, OfferView, SenderView, TierView};
use crate::offers::Benefit;
use crate::offers::store::Offer;
use crate::operations::people::Person;
use crate::operations::setup::Setup;
use crate::settings::Settings;

/// The variables of a message that goes by `channel`.
pub fn variables(
    setup: &Setup,
    settings: &Settings,
    person: &Person,
    offer: &Offer,
    variant: &str,
    channel: &str,
) -> Variables {
    let locale = person.customer.locale.as_deref().unwrap_or(&settings.locale);
    let mut made = Variables {
        variant: variant.to_owned(),
        locale: locale.to_owned(),
        currency: settings.currency,
        zone: person.customer.zone.clone().unwrap_or_else(|| settings.zone.clone()),
        tracking: person.customer.tracking,
        campaign: CampaignView { name: setup.campaign.name.clone() },
        customer: customer(person),
        offer: Some(offer_view(offer, locale, settings, person.view.state_at.unwrap_or_default())),
        products: Vec::new(),
        sender: SenderView {
            name: settings.brand.name.clone(),
            postal_address: settings.brand.postal_address.clone(),
            phone: settings.brand.phone.clone(),
            website: settings.brand.website.clone(),
        },
        properties: setup.folder.sample.get("properties").and_then(|p| p.as_object()).cloned().unwrap_or_default(),
    };
    if settings.mail.utm {
        let tags = [
            ("utm_source", settings.brand.name.as_str()),
            ("utm_medium", channel),
            ("utm_campaign", &setup.campaign.name),
            ("utm_content", variant),
        ];
        let links = made.offer.iter_mut().filter_map(|offer| offer.url.as_mut());
        for link in links.chain(made.products.iter_mut().map(|product| &mut product.url)) {
            *link = tagged(link, &tags);
        }
    }
    made
}

/// The address with tags by which web analytics tell where a visit came from; one that it has already is kept.
fn tagged(address: &str, tags: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse(address) else { return address.to_owned() };
    let present: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    url.query_pairs_mut().extend_pairs(tags.iter().filter(|(name, _)| !present.iter().any(|known| known == name)));
    url.into()
}

fn customer(person: &Person) -> CustomerView {
    let profile = &person.customer;
    let names: Vec<&str> =
        [&profile.first_name, &profile.last_name].into_iter().flatten().map(String::as_str).collect();
    CustomerView {
        name: names.join(" "),
        first_name: profile.first_name.clone(),
        phone: profile.phone.clone(),
        orders: person.state.as_ref().map_or(0, |state| state.orders),
        last_order_at: person.state.as_ref().and_then(|state| state.last_order_at),
        customer_since: profile.acquired_at,
    }
}

fn offer_view(offer: &Offer, locale: &str, settings: &Settings, now: Timestamp) -> OfferView {
    let spec = &offer.spec;
    let (discount_percent, discount) = match spec.benefit {
        Benefit::Percent(percent) => (Some(percent), None),
        Benefit::Amount(amount) => (None, Some(amount)),
        _ => (None, None),
    };
    let tiers = match &spec.benefit {
        Benefit::Tiers(tiers) => tiers
            .iter()
            .map(|tier| TierView { from: tier.from, discount_percent: None, discount: Some(tier.off) })
            .collect(),
        _ => Vec::new(),
    };
    OfferView {
        name: spec.title_in(locale).to_owned(),
        description: spec.description_in(locale).map(str::to_owned),
        discount_percent,
        discount,
        minimum_basket: (spec.least_basket.0 > 0).then_some(spec.least_basket),
        tiers,
        code: spec.code.clone(),
        // An offer without an end is promised for a month, no longer.
        valid_until: Some(spec.valid_until.unwrap_or(now.plus(30 * DAY))),
        image: None,
        partner: spec.partner.clone(),
        terms: None,
        url: Some(spec.url.clone().unwrap_or_else(|| settings.brand.website.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_say_where_a_visit_came_from_and_keep_what_they_said() {
        let tags = [("utm_source", "Shop & Co"), ("utm_medium", "email")];
        assert_eq!(
            tagged("https://a.example/p?x=1#top", &tags),
            "https://a.example/p?x=1&utm_source=Shop+%26+Co&utm_medium=email#top"
        );
        assert_eq!(
            tagged("https://a.example/?utm_source=partner", &tags),
            "https://a.example/?utm_source=partner&utm_medium=email"
        );
        assert_eq!(tagged("not an address", &tags), "not an address");
    }
}
