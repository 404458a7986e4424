//! A customer as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::customers::{Customer, CustomerState};
use crate::reports::lifetime::LifetimeShown;

/// Who a customer is, and what is known at once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerShown {
    /// The company's own key.
    pub external_id: String,
    /// `prospect`, `client` or `employee`.
    pub kind: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name, or the firm's.
    pub last_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Postal address.
    pub address: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// BCP 47 language tag.
    pub locale: Option<String>,
    /// IANA zone.
    pub zone: Option<String>,
    /// Household or account.
    pub household: Option<String>,
    /// Objects to profiling.
    pub profiling_objection: bool,
    /// Agreed that opens and clicks are tied to the person.
    pub tracking: bool,
    /// When the company won the customer, RFC 3339.
    pub acquired_at: Option<String>,
    /// What that cost, in minor units.
    pub acquisition_cost: Option<i64>,
    /// Further attributes.
    #[schema(value_type = Object)]
    pub attributes: serde_json::Map<String, serde_json::Value>,
    /// When the profile last changed, RFC 3339.
    pub updated_at: String,
    /// Rises with every change; the ETag.
    pub version: i64,
    /// What is known at once; absent until the first scoring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<StateShown>,
    /// Historic, predicted and total value apart, with intervals, and the next order; absent before the lifetime model serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub lifetime: Option<LifetimeShown>,
}

/// The serving row.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateShown {
    /// The segment.
    pub segment: Option<String>,
    /// Where the customer stands: prospect, new, active, loyal, at_risk, lapsed or won_back.
    pub stage: Option<String>,
    /// The level of service that the customer's needs ask for.
    pub service_level: Option<String>,
    /// Orders so far.
    pub orders: i64,
    /// Revenue so far, in minor units.
    pub revenue: i64,
    /// Cost of serving so far, in minor units.
    pub cost_to_serve: i64,
    /// Margin less cost to serve, in minor units.
    pub profit: i64,
    /// Complaints not yet closed.
    pub open_complaints: i64,
    /// The last purchase, RFC 3339.
    pub last_order_at: Option<String>,
    /// When models last scored the customer, RFC 3339.
    pub scored_at: Option<String>,
    /// Scores by model.
    pub scores: std::collections::BTreeMap<String, f64>,
    /// Features by name.
    pub features: std::collections::BTreeMap<String, f64>,
}

impl CustomerShown {
    /// Shows a profile, with what is known at once beside it.
    pub fn of(customer: Customer, state: Option<CustomerState>, lifetime: Option<LifetimeShown>) -> CustomerShown {
        CustomerShown {
            attributes: customer.attribute_map(),
            external_id: customer.external_id,
            kind: customer.kind,
            first_name: customer.first_name,
            last_name: customer.last_name,
            email: customer.email,
            phone: customer.phone,
            address: customer.address,
            country: customer.country,
            locale: customer.locale,
            zone: customer.zone,
            household: customer.household,
            profiling_objection: customer.profiling_objection,
            tracking: customer.tracking,
            acquired_at: customer.acquired_at.map(|at| at.to_string()),
            acquisition_cost: customer.acquisition_cost.map(|cost| cost.0),
            updated_at: customer.updated_at.to_string(),
            version: customer.version,
            state: state.map(StateShown::of),
            lifetime,
        }
    }
}

impl StateShown {
    fn of(state: CustomerState) -> StateShown {
        StateShown {
            scores: state.score_map(),
            features: state.feature_map(),
            segment: state.segment,
            stage: state.stage,
            service_level: state.service_level,
            orders: state.orders,
            revenue: state.revenue.0,
            cost_to_serve: state.cost_to_serve.0,
            profit: state.profit.0,
            open_complaints: state.open_complaints,
            last_order_at: state.last_order_at.map(|at| at.to_string()),
            scored_at: state.scored_at.map(|at| at.to_string()),
        }
    }
}
