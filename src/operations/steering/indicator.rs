//! The indicators of the scorecard: what each means, in words that leave nothing open.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What a figure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A part of 1; a change of it is told in points (percentage points), never in percent.
    Share,
    /// A whole number.
    Count,
    /// Minor units of the workspace's currency.
    Money,
    /// How many times.
    Ratio,
    /// Months.
    Months,
    /// 0 to 10, as clients were asked.
    Marks,
}

/// Which way a figure should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Up.
    Higher,
    /// Down.
    Lower,
}

macro_rules! indicators {
    ($($(#[$doc:meta])* $name:ident = $key:literal, $title:literal, $unit:ident, $better:ident, $words:literal;)*) => {
        /// A figure of the scorecard.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Indicator { $($(#[$doc])* $name),* }

        impl Indicator {
            /// All of them, in the order of the scorecard.
            pub const ALL: &[Indicator] = &[$(Indicator::$name),*];

            /// Its name in files, REST and the store.
            pub fn key(self) -> &'static str {
                match self { $(Indicator::$name => $key),* }
            }

            /// Its name for people.
            pub fn title(self) -> &'static str {
                match self { $(Indicator::$name => $title),* }
            }

            /// What it is counted in.
            pub fn unit(self) -> Unit {
                match self { $(Indicator::$name => Unit::$unit),* }
            }

            /// Which way it should go.
            pub fn better(self) -> Better {
                match self { $(Indicator::$name => Better::$better),* }
            }

            /// What it is, in words.
            pub fn definition(self) -> &'static str {
                match self { $(Indicator::$name => $words),* }
            }
        }
    };
}

indicators! {
    /// Who stayed.
    RetentionRate = "retention_rate", "Retention rate", Share, Higher,
        "clients active at the opening of the window who are still active at its end / clients active at the opening. Active: an order within \
         365 days; who has contracts, while one runs. Who came within the window counts neither above nor below. A rise from 60 % to 65 % is \
         five points, not five percent";
    /// Who left.
    AttritionRate = "attrition_rate", "Attrition rate", Share, Lower,
        "clients active at the opening who are no longer active at the end / clients active at the opening: 1 less the retention rate";
    /// The base.
    ActiveClients = "active_clients", "Active clients", Count, Higher, "clients active at the end of the window";
    /// Who came.
    NewClients = "new_clients", "New clients", Count, Higher,
        "clients whose first order or contract lies in the window, whether they are still active or not";
    /// What winning one costs.
    AcquisitionCost = "acquisition_cost", "Acquisition cost", Money, Lower,
        "all that was spent on winning in the window / new clients: the cost of winning those who were won in it, and the cost of its leads \
         who have not become clients";
    /// What keeping one more costs.
    RetentionCost = "retention_cost", "Retention cost per additional client kept", Money, Lower,
        "what campaigns to existing clients cost (contacts, and discounts beyond those of the clients held out) / clients kept who would else \
         have left: over the runs decided in the window whose conversion window has ended, contacted clients x (share still active at the end \
         among them less that among those held out). Clients who would have stayed anyway are not counted as kept";
    /// Both compared.
    AcquisitionToRetention = "acquisition_to_retention", "Acquisition cost to retention cost", Ratio, Higher,
        "acquisition cost / retention cost per additional client kept: above 1, keeping is the cheaper of the two";
    /// When a client has repaid.
    PaybackMonths = "payback_months", "Payback", Months, Lower,
        "months after which half of the clients whose cost of winning is known have earned it, counted to the end of the window; none while \
         fewer than half have";
    /// Who costs.
    UnprofitableShare = "unprofitable_share", "Unprofitable clients", Share, Lower,
        "clients whose profit until the end of the window, less the cost of winning them, is not above 0 / clients with an order until then";
    /// What one brings.
    ProfitPerClient = "profit_per_client", "Profit per client", Money, Higher,
        "profit of the window (revenue, goods, returns, activities, expected claims; not the cost of winning) of all clients / clients active \
         at its opening or its end";
    /// What is to come.
    BaseValue = "base_value", "Lifetime value of the base", Money, Higher,
        "what the lifetime model expects clients still to bring, in present money, together, as of the last scoring; its series is what earlier \
         scorings said";
    /// How often clients are written to.
    ContactsPerClient = "contacts_per_client", "Contacts per client", Ratio, Lower,
        "contacts that the company made in the window with those who are clients at its end / clients active at its opening or its end";
    /// How often prospects are.
    ContactsPerProspect = "contacts_per_prospect", "Contacts per prospect", Ratio, Lower,
        "contacts that the company made in the window with people who are no clients at its end / those of them who got one";
    /// Who answers.
    ResponseRate = "response_rate", "Response", Share, Higher,
        "contacts made in the window that were clicked or answered / contacts made in it; opening alone is no response";
    /// What clients say.
    Satisfaction = "satisfaction", "Satisfaction", Marks, Higher,
        "mean of the answers to surveys in the window, from 0 to 10";
    /// What goes wrong.
    ComplaintsPerOrder = "complaints_per_order", "Complaints per order", Ratio, Lower,
        "complaints that clients made in the window / orders placed in it";
    /// What marketing earned.
    IncrementalProfit = "incremental_profit", "Incremental profit of marketing", Money, Higher,
        "over the runs decided in the window whose conversion window has ended: clients who might be contacted x (profit of each less that of \
         those held out), after contacts and discounts";
    /// Who was brought by a client.
    ReferredClients = "referred_clients", "Clients brought by clients", Count, Higher,
        "people whom a client brought within the window and who were clients at its end";
}

impl Indicator {
    /// Reads a name.
    ///
    /// # Errors
    /// Invalid, naming the indicators there are.
    pub fn parse(text: &str) -> Result<Indicator> {
        Indicator::ALL.iter().copied().find(|indicator| indicator.key() == text).ok_or_else(|| {
            let names: Vec<&str> = Indicator::ALL.iter().map(|indicator| indicator.key()).collect();
            Error::invalid(format!("`{text}` is no indicator; there are {}", names.join(", ")))
        })
    }

    /// Whether it is told for each segment too.
    pub fn is_by_segment(self) -> bool {
        matches!(
            self,
            Indicator::RetentionRate
                | Indicator::AttritionRate
                | Indicator::ActiveClients
                | Indicator::NewClients
                | Indicator::UnprofitableShare
                | Indicator::ProfitPerClient
                | Indicator::BaseValue
                | Indicator::ContactsPerClient
        )
    }
}

impl TryFrom<String> for Indicator {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Indicator, String> {
        Indicator::parse(&text).map_err(|error| error.message().to_owned())
    }
}

impl From<Indicator> for String {
    fn from(indicator: Indicator) -> String {
        indicator.key().to_owned()
    }
}
