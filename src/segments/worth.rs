//! What a segment will be worth: measured numbers of its clients, planned numbers of new ones, and their net present value.
//!
//! With m the margin of a client a year before what keeps them, c what keeping costs a year, r the share who stay another year, d the
//! yearly discount rate and n years left, a client who has just been won is worth (Berger and Nasr 1998, case 1)
//!
//! ```text
//! new(n) = sum over t = 0..n-1 of m (r / (1 + d))^t  -  sum over t = 1..n-1 of c r^(t-1) / (1 + d)^(t - 1/2)  -  acquisition
//! ```
//!
//! and one who is there already what follows: their next margin comes in a year, if they stay, and keeping them begins now:
//!
//! ```text
//! there(n) = sum over t = 1..n of m (r / (1 + d))^t  -  c r^(t-1) / (1 + d)^(t - 1/2)
//! ```
//!
//! The segment's net present value over a horizon of H years, with `planned` new clients at the begin of each year y = 0..H-1:
//!
//! ```text
//! clients x there(H)  +  sum over y of planned x new(H - y) / (1 + d)^y
//! ```

use serde::{Deserialize, Serialize};

use crate::models::spec::segments::Plan;

/// What history says of a segment. Amounts in units of the currency, a client and year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Clients in it.
    pub clients: f64,
    /// Mean cost of winning a client, of those of whom it is known.
    pub acquisition_cost: Option<f64>,
    /// Margin less cost to serve, before the contacts that the company made.
    pub margin: Option<f64>,
    /// Cost of the contacts that the company made: what is spent on keeping them.
    pub retention_cost: Option<f64>,
    /// Share of clients who go on buying from one year to the next.
    pub retention: Option<f64>,
}

/// What a segment will be worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worth {
    /// What history says.
    pub measured: Measured,
    /// What is planned; a planned number stands before a measured one.
    pub planned: Plan,
    /// Years looked ahead.
    pub horizon_years: u32,
    /// Yearly rate.
    pub discount_rate: f64,
    /// Profit of a client a year: margin less what keeping them costs.
    pub profit_per_client: Option<f64>,
    /// Present value of a client who is there already.
    pub value_of_client: Option<f64>,
    /// Present value of a client won now, less the cost of winning; none where that cost is not known.
    pub value_of_new_client: Option<f64>,
    /// Present value of the clients who are there.
    pub value_of_clients: Option<f64>,
    /// Present value of the clients who are planned; 0 without a plan.
    pub value_of_planned: Option<f64>,
    /// Of both.
    pub net_present_value: Option<f64>,
    /// What is not known, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// The numbers of the formula.
#[derive(Debug, Clone, Copy)]
struct Terms {
    margin: f64,
    keeping: f64,
    stay: f64,
    discount: f64,
}

impl Terms {
    /// A client who is there, without the first margin.
    fn there(&self, years: u32) -> f64 {
        (1..=years).map(|t| self.margin_at(t) - self.keeping_at(t)).sum()
    }

    /// A client won now, without the cost of winning.
    fn of_new_customer(&self, years: u32) -> f64 {
        (0..years).map(|t| self.margin_at(t)).sum::<f64>() - (1..years).map(|t| self.keeping_at(t)).sum::<f64>()
    }

    fn margin_at(&self, t: u32) -> f64 {
        self.margin * (self.stay / (1.0 + self.discount)).powi(t as i32)
    }

    fn keeping_at(&self, t: u32) -> f64 {
        self.keeping * self.stay.powi(t as i32 - 1) / (1.0 + self.discount).powf(f64::from(t) - 0.5)
    }
}

/// What a segment will be worth over `horizon_years` at a yearly rate of `discount_rate`.
pub fn worth(measured: Measured, planned: Plan, horizon_years: u32, discount_rate: f64) -> Worth {
    let acquisition = planned.acquisition_cost.or(measured.acquisition_cost);
    let margin = planned.margin.or(measured.margin);
    let keeping = planned.retention_cost.or(measured.retention_cost);
    let stay = planned.retention.or(measured.retention);
    let mut unknown = Vec::new();
    for (known, name) in [
        (margin.is_some(), "the margin of a client"),
        (keeping.is_some(), "what keeping a client costs"),
        (stay.is_some(), "how many clients stay"),
        (acquisition.is_some(), "what winning a client costs"),
    ] {
        if !known {
            unknown.push(name.to_owned());
        }
    }
    let terms = match (margin, keeping, stay) {
        (Some(margin), Some(keeping), Some(stay)) => Some(Terms { margin, keeping, stay, discount: discount_rate }),
        _ => None,
    };
    let new = |years: u32| Some(terms?.of_new_customer(years) - acquisition?);
    let value_of_client = terms.map(|terms| terms.there(horizon_years));
    let value_of_clients = value_of_client.map(|value| value * measured.clients);
    let value_of_planned = if planned.new_clients > 0.0 {
        let of_year =
            |y: u32| Some(planned.new_clients * new(horizon_years - y)? / (1.0 + discount_rate).powi(y as i32));
        (0..horizon_years).map(of_year).sum()
    } else {
        Some(0.0)
    };
    Worth {
        measured,
        planned,
        horizon_years,
        discount_rate,
        profit_per_client: margin.zip(keeping).map(|(margin, keeping)| margin - keeping),
        value_of_client,
        value_of_new_client: new(horizon_years),
        value_of_clients,
        value_of_planned,
        net_present_value: value_of_clients.zip(value_of_planned).map(|(clients, planned)| clients + planned),
        unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> Measured {
        Measured {
            clients: 10.0,
            acquisition_cost: Some(30.0),
            margin: Some(100.0),
            retention_cost: Some(20.0),
            retention: Some(0.5),
        }
    }

    /// With the terms of the example of Berger and Nasr (1998): 260 of margin, 50 of promotion, 75 % who stay, 20 % interest. Both sums
    /// are geometric with the ratio 0.75 / 1.2 = 0.625.
    #[test]
    fn a_new_client_by_the_closed_form() {
        let terms = Terms { margin: 260.0, keeping: 50.0, stay: 0.75, discount: 0.2 };
        let margins = 260.0 * (1.0 - 0.625f64.powi(5)) / 0.375;
        let promotions = 50.0 / 1.2f64.sqrt() * (1.0 - 0.625f64.powi(4)) / 0.375;
        assert!((terms.of_new_customer(5) - (margins - promotions)).abs() < 1e-9, "{}", terms.of_new_customer(5));
    }

    #[test]
    fn two_years_without_discount_by_hand() {
        let plan = Plan { new_clients: 4.0, ..Plan::default() };
        let found = worth(measured(), plan, 2, 0.0);
        // there: 100 x .5 - 20 + 100 x .25 - 20 x .5 = 45; new, two years: 100 + 50 - 20 - 30 = 100; one year: 100 - 30 = 70
        assert_eq!((found.value_of_client, found.value_of_new_client), (Some(45.0), Some(100.0)));
        assert_eq!((found.value_of_clients, found.value_of_planned), (Some(450.0), Some(4.0 * 170.0)));
        assert_eq!(found.net_present_value, Some(1_130.0));
        assert_eq!(found.profit_per_client, Some(80.0));
        // A year later counts less.
        assert!(worth(measured(), plan, 2, 0.1).net_present_value.unwrap() < 1_130.0);
    }

    #[test]
    fn what_is_not_known_is_said_and_not_taken_for_nothing() {
        let without = Measured { acquisition_cost: None, ..measured() };
        let none_planned = worth(without, Plan::default(), 5, 0.1);
        assert!(none_planned.net_present_value.is_some() && none_planned.value_of_new_client.is_none());
        assert_eq!(none_planned.unknown, ["what winning a client costs"]);
        let planned = worth(without, Plan { new_clients: 1.0, ..Plan::default() }, 5, 0.1);
        assert_eq!(planned.net_present_value, None);
        let told = worth(without, Plan { new_clients: 1.0, acquisition_cost: Some(5.0), ..Plan::default() }, 5, 0.1);
        assert!(told.net_present_value > none_planned.net_present_value);
    }
}
