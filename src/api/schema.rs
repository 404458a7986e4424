//! Schemas of the document: those of our own types come from their derives, the others are written here; a test compares the
//! latter with what the types really take.

use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, Ref, Schema, SchemaFormat, Type,
};
use utoipa::openapi::{KnownFormat, RefOr};

/// A named schema of the document.
pub fn named(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

/// Any text.
pub fn text() -> RefOr<Schema> {
    Object::with_type(Type::String).into()
}

/// Bytes.
pub fn binary() -> RefOr<Schema> {
    let binary = ObjectBuilder::new().schema_type(Type::String);
    binary.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary))).into()
}

/// An object of any keys.
pub fn object() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .into()
}

/// A page of items.
pub fn page_of(item: RefOr<Schema>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .property("items", ArrayBuilder::new().items(item))
        .property(
            "next",
            ObjectBuilder::new().schema_type(Type::String).description(Some("the cursor of the next page")),
        )
        .required("items")
        .into()
}

/// A list of items.
pub fn list_of(item: RefOr<Schema>) -> RefOr<Schema> {
    ArrayBuilder::new().items(item).into()
}

/// An object of these keys and no others; those with `!` at the end must be there. Types: `string`, `time`, `integer`, `money`,
/// `share`, `number`, `boolean`, `strings`, `object`, `objects`, `rule`, `binary`.
pub fn keys(description: &str, keys: &[(&str, &str)]) -> RefOr<Schema> {
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    for (name, kind) in keys {
        let plain = name.trim_end_matches('!');
        if plain.len() < name.len() {
            object = object.required(plain);
        }
        object = object.property(plain, of_kind(kind));
    }
    object.into()
}

fn of_kind(kind: &str) -> RefOr<Schema> {
    let object_of = |kind: Type| ObjectBuilder::new().schema_type(kind);
    match kind {
        "time" => object_of(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339"))
            .into(),
        "integer" => object_of(Type::Integer).into(),
        "money" => object_of(Type::Integer).description(Some("minor units (cents) of the workspace's currency")).into(),
        "number" => object_of(Type::Number).into(),
        "share" => object_of(Type::Number).minimum(Some(0.0)).maximum(Some(1.0)).into(),
        "boolean" => object_of(Type::Boolean).into(),
        "strings" => ArrayBuilder::new().items(object_of(Type::String)).into(),
        "objects" => ArrayBuilder::new().items(object()).into(),
        "object" => object(),
        "rule" => named("Rule"),
        "campaign" => named("Campaign"),
        "binary" => binary(),
        "any" => Schema::Object(Object::new()).into(),
        _ => object_of(Type::String).into(),
    }
}

/// The schemas of types that belong to other modules, by name.
pub fn written() -> Vec<(&'static str, RefOr<Schema>)> {
    vec![
        ("Rule", keys("Exactly one of `all`, `any`, `not`, or a comparison of `field`.", RULE)),
        ("Offer", keys("An offer. Amounts are in minor units.", OFFER)),
        ("Segment", keys("A segment by rule.", SEGMENT)),
        ("Lookalike", keys("Whom others should resemble, and how many of them to take.", LOOKALIKE)),
        ("Campaign", keys("A campaign's definition, as in `campaign.toml`.", CAMPAIGN)),
        ("Event", keys("Something that a customer did.", EVENT)),
        ("EventType", keys("What events of a name may carry: property -> kind, or {kind, personal}.", EVENT_TYPE)),
        ("EventTypeShown", keys("What events of a name may carry.", EVENT_TYPE_SHOWN)),
        ("Subscription", keys("One change of a contract.", SUBSCRIPTION)),
        ("Claim", keys("One step of a claim.", CLAIM)),
        ("Recorded", keys("How many facts were new, and how many had been reported before.", RECORDED)),
        ("Order", keys("An order, or a return of one.", ORDER)),
        ("Interaction", keys("A call, message, visit or complaint, in either direction.", INTERACTION)),
        ("DecisionRequest", keys("Who asks, for one `customer` or a few `customers`.", DECISION_REQUEST)),
        ("WhatIf", keys("Limits by name: `budget`, `channel:NAME`, `stock:OFFER`, `share:NAME`.", WHAT_IF)),
        ("TestSend", keys("Whose message, and where to.", TEST_SEND)),
        ("Target", keys("What an indicator should reach: money in minor units, shares as parts of 1.", TARGET)),
        ("Goal", keys("What a strategy wants. Actions have title, campaign, budget, owner, review_at, done.", GOAL)),
        ("GoalReview", keys("What a review came to.", GOAL_REVIEW)),
        ("Series", keys("Figures of somebody else; each point has `at` and `value`.", SERIES)),
        ("Objective", keys("profit, clients_kept, new_clients or base_value.", OBJECTIVE)),
        ("LeadSource", keys("What is expected of a source of leads.", LEAD_SOURCE)),
        (
            "KpiQuestion",
            keys("What would be different. Points are percentage points; amounts are minor units.", KPI_QUESTION),
        ),
        ("BudgetQuestion", keys("What may be spent, in minor units.", BUDGET_QUESTION)),
        ("Lead", keys("Interest that somebody showed.", LEAD)),
        ("LeadsRecorded", keys("How many leads were new, and how many were known.", RECORDED)),
        ("Conversion", keys("The company's own key of the client.", CONVERSION)),
        ("Note", keys("What to remember of a customer.", NOTE)),
        ("Task", keys("Something to do for a customer.", TASK)),
        ("AccountOwner", keys("Who looks after a customer.", ACCOUNT_OWNER)),
        ("Referral", keys("A client brought somebody.", REFERRAL)),
        ("Inquiry", keys("What a customer asks.", INQUIRY)),
        ("ExportQuestion", keys("What to export; everything as Parquet when empty.", EXPORT_QUESTION)),
        ("CampaignFolder", keys("A definition with its templates.", CAMPAIGN_FOLDER)),
    ]
}

/// Keys of a rule. `not` and `value` can be anything of the language.
pub const RULE: &[(&str, &str)] = &[
    ("all", "objects"),
    ("any", "objects"),
    ("not", "object"),
    ("field", "string"),
    ("op", "string"),
    ("value", "any"),
];

/// Keys of a target.
pub const TARGET: &[(&str, &str)] =
    &[("value!", "number"), ("by", "time"), ("owner!", "string"), ("tolerance", "number"), ("window_days", "integer")];

/// Keys of a goal.
pub const GOAL: &[(&str, &str)] = &[
    ("title!", "string"),
    ("indicator!", "string"),
    ("owner!", "string"),
    ("review_at!", "time"),
    ("actions", "objects"),
];

/// Keys of a review of a goal.
pub const GOAL_REVIEW: &[(&str, &str)] = &[("action", "string"), ("next!", "time"), ("note", "string")];

/// Keys of a series.
pub const SERIES: &[(&str, &str)] = &[("source!", "string"), ("points!", "objects")];

/// Keys of the objective.
pub const OBJECTIVE: &[(&str, &str)] = &[("objective!", "string")];

/// Keys of a source of leads.
pub const LEAD_SOURCE: &[(&str, &str)] =
    &[("cost!", "money"), ("rate!", "share"), ("weight", "number"), ("leads!", "integer")];

/// Keys of a question about profit and value of the base.
pub const KPI_QUESTION: &[(&str, &str)] = &[
    ("retention_points", "number"),
    ("margin_points", "number"),
    ("cost_to_serve_percent", "number"),
    ("rates", "object"),
    ("discount_rate", "share"),
    ("acquisition_cost_percent", "number"),
    ("segment", "string"),
];

/// Keys of a question about a budget.
pub const BUDGET_QUESTION: &[(&str, &str)] = &[("budget!", "money"), ("client_value", "money")];

/// Keys of a lead.
pub const LEAD: &[(&str, &str)] = &[
    ("customer!", "string"),
    ("source!", "string"),
    ("cost", "money"),
    ("occurred_at", "time"),
    ("campaign", "string"),
];

/// Keys of what to export.
pub const EXPORT_QUESTION: &[(&str, &str)] =
    &[("format", "string"), ("only", "strings"), ("from", "time"), ("until", "time")];

/// Keys of an inquiry.
pub const INQUIRY: &[(&str, &str)] = &[("customer!", "string"), ("channel!", "string"), ("text!", "string")];

/// Keys of a note.
pub const NOTE: &[(&str, &str)] = &[("text!", "string")];

/// Keys of a task.
pub const TASK: &[(&str, &str)] = &[("text!", "string"), ("owner!", "string"), ("due_at!", "time")];

/// Keys of who looks after a customer.
pub const ACCOUNT_OWNER: &[(&str, &str)] = &[("owner!", "string"), ("team!", "string")];

/// Keys of a referral.
pub const REFERRAL: &[(&str, &str)] = &[("customer!", "string"), ("referred!", "string"), ("occurred_at", "time")];

/// Keys of a conversion.
pub const CONVERSION: &[(&str, &str)] = &[("client!", "string")];

/// Keys of a question about other limits.
pub const WHAT_IF: &[(&str, &str)] = &[("limits!", "object")];

/// Keys of an offer.
pub const OFFER: &[(&str, &str)] = &[
    ("name!", "string"),
    ("title", "object"),
    ("description", "object"),
    ("url", "string"),
    ("partner", "string"),
    ("settlement", "object"),
    ("bundle", "strings"),
    ("benefit!", "any"),
    ("least_basket", "money"),
    ("cost", "money"),
    ("stock", "integer"),
    ("valid_from", "time"),
    ("valid_until", "time"),
    ("eligibility", "rule"),
    ("base_rate", "share"),
    ("base_weight", "number"),
    ("redeem", "share"),
    ("pull_forward", "share"),
    ("basket", "money"),
    ("earned", "boolean"),
    ("review", "boolean"),
    ("code", "string"),
    ("placements", "strings"),
];

/// Keys of a segment by rule.
pub const SEGMENT: &[(&str, &str)] =
    &[("name!", "string"), ("title", "string"), ("measures", "object"), ("rule!", "rule")];

/// Keys of what is asked of lookalikes.
pub const LOOKALIKE: &[(&str, &str)] = &[
    ("name!", "string"),
    ("of", "string"),
    ("ids", "strings"),
    ("size", "integer"),
    ("share", "share"),
    ("min_members", "integer"),
    ("features", "strings"),
];

/// Keys of a campaign's definition.
pub const CAMPAIGN: &[(&str, &str)] = &[
    ("name!", "string"),
    ("title", "string"),
    ("goal", "string"),
    ("owner", "string"),
    ("class", "string"),
    ("priority", "string"),
    ("offers!", "strings"),
    ("audience", "rule"),
    ("channels!", "objects"),
    ("budget", "money"),
    ("fallback", "string"),
    ("shares", "objects"),
    ("contact", "object"),
    ("holdout", "number"),
    ("exploration", "number"),
    ("experiments", "objects"),
    ("conversion_days", "integer"),
    ("retention_days", "integer"),
    ("fixed_cost", "money"),
    ("schedule", "object"),
    ("trigger", "object"),
    ("steps", "objects"),
    ("until", "objects"),
    ("salt", "string"),
];

/// What is put to define a campaign.
pub const CAMPAIGN_FOLDER: &[(&str, &str)] =
    &[("spec!", "campaign"), ("templates", "object"), ("sample", "any"), ("audience", "string")];

/// Keys of an order.
pub const ORDER: &[(&str, &str)] = &[
    ("customer!", "string"),
    ("order!", "string"),
    ("occurred_at", "time"),
    ("currency", "string"),
    ("channel", "string"),
    ("returned", "boolean"),
    ("items!", "objects"),
];

/// Keys of an event.
pub const EVENT: &[(&str, &str)] = &[
    ("customer!", "string"),
    ("name!", "string"),
    ("key", "string"),
    ("occurred_at", "time"),
    ("channel", "string"),
    ("campaign", "string"),
    ("value", "money"),
    ("properties", "object"),
];

/// Keys of the declaration of an event.
pub const EVENT_TYPE: &[(&str, &str)] = &[("title", "string"), ("properties", "object")];

/// Keys of the declaration as it is shown.
pub const EVENT_TYPE_SHOWN: &[(&str, &str)] = &[("name!", "string"), ("title", "string"), ("properties", "object")];

/// Keys of a step of a contract.
pub const SUBSCRIPTION: &[(&str, &str)] = &[
    ("customer!", "string"),
    ("subscription!", "string"),
    ("status!", "string"),
    ("key", "string"),
    ("occurred_at", "time"),
    ("plan", "string"),
    ("price", "money"),
    ("period_days", "integer"),
    ("paid_until", "time"),
    ("reason", "string"),
];

/// Keys of a step of a claim.
pub const CLAIM: &[(&str, &str)] = &[
    ("customer!", "string"),
    ("claim!", "string"),
    ("status!", "string"),
    ("key", "string"),
    ("occurred_at", "time"),
    ("kind", "string"),
    ("amount", "money"),
    ("order", "string"),
    ("reason", "string"),
];

/// Keys of what recording did.
pub const RECORDED: &[(&str, &str)] = &[("accepted!", "integer"), ("known!", "integer")];

/// Keys of an interaction.
pub const INTERACTION: &[(&str, &str)] = &[
    ("customer!", "string"),
    ("key", "string"),
    ("occurred_at", "time"),
    ("direction!", "string"),
    ("channel!", "string"),
    ("reason!", "string"),
    ("outcome", "string"),
    ("duration_s", "number"),
    ("cost", "money"),
    ("campaign", "string"),
];

/// Keys of a request in real time.
pub const DECISION_REQUEST: &[(&str, &str)] = &[
    ("customer", "string"),
    ("customers", "strings"),
    ("campaign", "string"),
    ("channel", "string"),
    ("placement", "string"),
    ("context", "object"),
    ("explain", "boolean"),
];

/// Keys of a test.
pub const TEST_SEND: &[(&str, &str)] =
    &[("customer!", "string"), ("channel!", "string"), ("to!", "string"), ("offer", "string"), ("variant", "string")];
