//! What can be imported, and the fields that each kind takes.

use crate::history::facts::{
    CLAIM, DECISION, EVENT, FactType, INTERACTION, Kind, ORDER_ITEM, RETURN_ITEM, SUBSCRIPTION,
};

/// What a field holds, once read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// An amount; read in units (12.34), kept in minor units.
    Money,
    /// A number.
    Float,
    /// Yes or no.
    Bool,
    /// An instant.
    Time,
}

/// A field of a target.
#[derive(Debug, Clone, Copy)]
pub struct TargetField {
    /// Its name in mappings.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether a line without it is rejected.
    pub required: bool,
}

/// A kind of thing that can be imported.
#[derive(Debug)]
pub struct Target {
    /// Its name on the command line and in mappings.
    pub name: &'static str,
    /// The facts it becomes; none for what goes to the store.
    pub fact_type: Option<&'static FactType>,
    /// The fields that are not columns of the fact type.
    fields: &'static [TargetField],
    /// The name under which a mapping lists free values: attributes of customers, properties of events, the context of
    /// decisions.
    pub free: Option<&'static str>,
}

const fn required(name: &'static str, kind: FieldKind) -> TargetField {
    TargetField { name, kind, required: true }
}

const fn optional(name: &'static str, kind: FieldKind) -> TargetField {
    TargetField { name, kind, required: false }
}

use FieldKind::{Bool, Float, Int, Money, Text, Time};

const FACT: &[TargetField] = &[
    required("customer", Text),
    required("occurred_at", Time),
    optional("source", Text),
    optional("fact_key", Text),
    optional("currency", Text),
];

/// A row of a contract may say one change, with its status and time, or the whole: when it began and, if it did, ended.
const SUBSCRIBED: &[TargetField] = &[
    required("customer", Text),
    optional("occurred_at", Time),
    optional("started_at", Time),
    optional("ended_at", Time),
    optional("source", Text),
    optional("fact_key", Text),
    optional("currency", Text),
];

const CUSTOMER: &[TargetField] = &[
    required("customer", Text),
    optional("kind", Text),
    optional("first_name", Text),
    optional("last_name", Text),
    optional("email", Text),
    optional("phone", Text),
    optional("address", Text),
    optional("country", Text),
    optional("locale", Text),
    optional("zone", Text),
    optional("household", Text),
    optional("profiling_objection", Bool),
    optional("tracking", Bool),
    optional("acquired_at", Time),
    optional("acquisition_cost", Money),
    optional("merge_into", Text),
];

const CONSENT: &[TargetField] = &[
    required("customer", Text),
    required("channel", Text),
    optional("purpose", Text),
    required("granted", Bool),
    optional("legal_basis", Text),
    optional("source", Text),
    optional("recorded_at", Time),
];

const SUPPRESSION: &[TargetField] =
    &[required("channel", Text), required("address", Text), optional("reason", Text), optional("created_at", Time)];

const OFFER: &[TargetField] = &[
    required("name", Text),
    optional("title", Text),
    optional("percent", Float),
    optional("amount", Money),
    optional("gift", Money),
    optional("least_basket", Money),
    optional("cost", Money),
    optional("stock", Int),
    optional("valid_from", Time),
    optional("valid_until", Time),
    optional("base_rate", Float),
    optional("code", Text),
];

const CODE: &[TargetField] = &[required("offer", Text), required("code", Text)];

/// All kinds.
pub static ALL: [&Target; 12] = [
    &Target { name: "customers", fact_type: None, fields: CUSTOMER, free: Some("attributes") },
    &Target { name: "consents", fact_type: None, fields: CONSENT, free: None },
    &Target { name: "suppressions", fact_type: None, fields: SUPPRESSION, free: None },
    &Target { name: "offers", fact_type: None, fields: OFFER, free: None },
    &Target { name: "codes", fact_type: None, fields: CODE, free: None },
    &Target { name: "orders", fact_type: Some(&ORDER_ITEM), fields: FACT, free: None },
    &Target { name: "returns", fact_type: Some(&RETURN_ITEM), fields: FACT, free: None },
    &Target { name: "interactions", fact_type: Some(&INTERACTION), fields: FACT, free: None },
    &Target { name: "events", fact_type: Some(&EVENT), fields: FACT, free: Some("properties") },
    &Target { name: "subscriptions", fact_type: Some(&SUBSCRIPTION), fields: SUBSCRIBED, free: None },
    &Target { name: "claims", fact_type: Some(&CLAIM), fields: FACT, free: None },
    &Target { name: "decisions", fact_type: Some(&DECISION), fields: FACT, free: Some("context") },
];

/// Personal properties of events: made of lines of `events`, and kept in the store.
pub static PERSONAL: Target = Target { name: "personal", fact_type: None, fields: &[], free: None };

/// Other names under which files commonly carry a field; used where there is no mapping.
const ALIASES: &[(&str, &str)] = &[
    ("customer_id", "customer"),
    ("external_id", "customer"),
    ("order_id", "order_key"),
    ("subscription_id", "subscription_key"),
    ("claim_id", "claim_key"),
    ("decision_id", "decision_key"),
];

impl Target {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Target> {
        ALL.into_iter().find(|target| target.name == name)
    }

    /// Every field, columns of the fact type among them.
    pub fn all_fields(&self) -> Vec<TargetField> {
        let mut fields = self.fields.to_vec();
        let columns = self.fact_type.map_or(&[][..], |fact_type| fact_type.columns);
        fields.extend(columns.iter().filter(|column| column.kind != Kind::Json).map(|column| {
            let kind = match column.kind {
                Kind::Int => Int,
                Kind::Money => Money,
                Kind::Time => Time,
                Kind::Float => Float,
                Kind::Text | Kind::Json => Text,
            };
            let required = column.required && default_of(column.name).is_none();
            TargetField { name: column.name, kind, required: required && !self.is_optional(column.name) }
        }));
        fields
    }

    /// Whether a field may be absent although facts need it: it follows from others.
    fn is_optional(&self, field: &str) -> bool {
        self.name == "subscriptions" && field == "status"
    }

    /// What is missing among the fields of a record, beyond those that each record needs.
    pub(super) fn lacks(&self, has: impl Fn(&str) -> bool) -> Option<&'static str> {
        if self.name != "subscriptions" {
            return None;
        }
        match (has("status"), has("occurred_at"), has("started_at"), has("ended_at")) {
            (true, true, false, false) | (false, false, true, _) => None,
            _ => Some("subscriptions need `status` with `occurred_at`, or `started_at` with an optional `ended_at`"),
        }
    }

    /// The field that a column of this name fills where there is no mapping.
    pub fn field_for(&self, column: &str) -> Option<&'static str> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == column).map_or(column, |(_, field)| field);
        self.all_fields().iter().find(|field| field.name == name).map(|field| field.name)
    }
}

/// What a required column holds when a mapping leaves it out.
pub(super) fn default_of(column: &str) -> Option<&'static str> {
    match column {
        "decision_key" => Some(""),
        "arm" => Some("explore"),
        _ => None,
    }
}
