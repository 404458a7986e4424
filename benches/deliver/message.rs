//! The message that is measured: HTML of 3 KB with fifteen variables, a loop of four and a condition, and a text part; about 4 KB
//! rendered and 5 KB on the wire.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};
use vizavi::clock::Timestamp;
use vizavi::deliveries::NewDelivery;
use vizavi::deliveries::outbox::plan;
use vizavi::ids::{CampaignRunId, CustomerId, IdKey};
use vizavi::messages::{CampaignTemplates, LinkKeys};
use vizavi::money::Money;
use vizavi::storage::Store;

pub const RUN: CampaignRunId = CampaignRunId(7);
/// Rows planned in one transaction.
const CHUNK: usize = 5_000;

const STYLE: &str = "body{margin:0;background:#f6f4f0;font-family:Georgia,serif;color:#222}table{border-collapse:collapse}\
    .page{width:600px;margin:0 auto;background:#fff;padding:24px}.head{font-size:22px;line-height:28px;color:#0b5d4b}\
    .go{display:inline-block;padding:12px 20px;background:#0b5d4b;color:#fff;text-decoration:none;border-radius:4px}\
    .foot{font-size:12px;line-height:18px;color:#777}";
const PARAGRAPH: &str = "<p>What you see below was chosen for you from what you looked at, ordered and kept during the last three \
    months; prices are those of the day on which this was written, and what is gone is gone. Whoever orders before the weekend has \
    everything at home by Monday, and whatever does not please goes back within thirty days at no cost.</p>";

fn html() -> String {
    format!(
        "<!DOCTYPE html><html lang=\"{{{{locale}}}}\"><head><meta charset=\"utf-8\"><title>{{{{campaign.name}}}}</title>\
         <style>{STYLE}</style></head><body><table role=\"presentation\" width=\"100%\"><tr><td align=\"center\"><div class=\"page\">\n\
         <p class=\"head\">Good morning {{{{customer.first_name}}}} ({{{{customer.name}}}}),</p>\n{PARAGRAPH}\n\
         <p>You have <b>{{{{properties.points}}}}</b> points in {{{{properties.city}}}}, and <b>{{{{offer.name}}}}</b> gives you \
         {{{{offer.discount_percent}}}}% with the code {{{{offer.code}}}} until {{{{properties.until}}}}. At {{{{properties.store}}}} \
         ask for {{{{properties.adviser}}}}.</p>\n\
         {{{{#if properties.vip}}}}<p><b>Because you have been with us for so long</b>, delivery is free until the end of the month, and \
         so is the second thing that goes back.</p>{{{{/if}}}}\n<table role=\"presentation\" width=\"100%\" cellpadding=\"8\">\n\
         {{{{#each products}}}}<tr><td><img src=\"{{{{url image}}}}\" width=\"120\" height=\"120\" alt=\"\"></td><td>\
         <a href=\"{{{{url url}}}}\">{{{{name}}}}</a><br>{{{{money price}}}}</td></tr>\n{{{{/each}}}}</table>\n\
         <p><a class=\"go\" href=\"{{{{url links.offer}}}}\">See what we chose</a></p>\n{PARAGRAPH}{PARAGRAPH}{PARAGRAPH}\n\
         <p>Customer {{{{properties.account}}}}.</p>\n<p class=\"foot\">{{{{sender.name}}}}, {{{{sender.postal_address}}}}. You get this because \
         you agreed to it. <a href=\"{{{{url links.unsubscribe}}}}\">End it here</a></p></div></td></tr></table></body></html>"
    )
}

const TEXT: &str = "Good morning {{customer.first_name}} ({{customer.name}}),\n\nYou have {{properties.points}} points in {{properties.city}}, and \
    {{offer.name}} gives you {{offer.discount_percent}}% with the code {{offer.code}} until {{properties.until}}.\n\n\
    {{#each products}}- {{name}}: {{money price}} ({{url url}})\n{{/each}}\nSee what we chose: {{url links.offer}}\n\n\
    {{sender.name}}, {{sender.postal_address}}. End it here: {{url links.unsubscribe}}\n";

/// The templates, and their version.
pub fn templates() -> (String, HashMap<String, Arc<CampaignTemplates>>) {
    let files = BTreeMap::from([
        ("a/en/subject.hbs".to_owned(), "{{customer.first_name}}, {{offer.name}}".to_owned()),
        ("a/en/html.hbs".to_owned(), html()),
        ("a/en/text.hbs".to_owned(), TEXT.to_owned()),
    ]);
    let made = CampaignTemplates::check(&files, &variables(0)).expect("the templates are good");
    (made.version().to_owned(), HashMap::from([(made.version().to_owned(), Arc::new(made))]))
}

/// The variables of message `i`.
pub fn variables(i: i64) -> Value {
    let products: Vec<Value> = (0..4)
        .map(|j| {
            json!({ "name": format!("Thing {j} <new>"), "price": 1_090 + j * 100,
                "image": format!("https://img.shop.example/{}.jpg", (i + j) % 999), "url": format!("https://shop.example/p/{}", (i + j) % 999) })
        })
        .collect();
    json!({
        "variant": "a", "locale": "en", "currency": "EUR", "zone": "Europe/Sofia", "tracking": false,
        "campaign": {"name": "spring"},
        "customer": {"name": format!("Ann{i} O'Neil & Sons"), "first_name": format!("Ann{i}"), "phone": null, "orders": 3,
            "last_order_at": null, "customer_since": null},
        "offer": {"name": format!("{} % off", i % 30), "description": null, "discount_percent": i % 30, "discount": null,
            "minimum_basket": null, "tiers": [], "code": format!("SPRING{i:06}"), "valid_until": null, "image": null, "partner": null,
            "terms": null, "url": "https://shop.example/offer"},
        "products": products,
        "sender": {"name": "Shop", "postal_address": "1 Vitosha Blvd, 1000 Sofia", "phone": null, "website": "https://shop.example/"},
        "properties": {"points": (i * 7) % 5_000, "city": "Lyon", "until": "31 December", "store": "Part-Dieu", "adviser": "Eve",
            "vip": i % 2 == 0, "account": 100_000 + i},
    })
}

/// Plans `count` messages on the channel of e-mails, durably, in the order in which one run of them all would be planned: an eighth of
/// the ids at a time, so that the bench holds little of its own.
pub fn plan_all(store: &Store, keys: &LinkKeys, version: &str, count: i64, now: Timestamp) {
    const PARTS: i64 = 8;
    let key = IdKey([1; 16]);
    for part in 0..PARTS {
        let ids = (0..count).map(|i| (delivery(i, version, now).id(&key).0, i));
        let mut order: Vec<(i64, i64)> = ids.filter(|(id, _)| id / (i64::MAX / PARTS + 1) == part).collect();
        order.sort_unstable();
        for chunk in order.chunks(CHUNK) {
            let wanted: Vec<NewDelivery> = chunk
                .iter()
                .map(|(_, i)| NewDelivery { variables: variables(*i).to_string(), ..delivery(*i, version, now) })
                .collect();
            let planned = store.write(|conn| plan::plan(conn, &key, keys, "shop.example", now, &wanted));
            assert_eq!(planned.expect("planned"), chunk.len());
        }
    }
}

fn delivery(i: i64, version: &str, now: Timestamp) -> NewDelivery {
    NewDelivery {
        campaign_run_id: RUN,
        customer_id: CustomerId(i),
        step: 0,
        occasion: "0".into(),
        channel: "email".into(),
        address: format!("u{i}@example.com"),
        next_at: now,
        template_version: version.to_owned(),
        variables: String::new(),
        cost: Money(1),
    }
}
