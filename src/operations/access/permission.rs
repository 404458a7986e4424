//! Permissions, and the roles that hold them.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// What a request may need. Every route names one, or says that it is public.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $($(#[$doc])* $name),* }

        impl Permission {
            /// All of them.
            pub const ALL: &[Permission] = &[$(Permission::$name),*];

            /// As people write it: `noun:verb`.
            pub fn as_str(self) -> &'static str {
                match self { $(Permission::$name => $text),* }
            }
        }
    };
}

permissions! {
    /// See profiles, timelines and values of customers.
    CustomersRead = "customers:read",
    /// Add and change profiles.
    CustomersWrite = "customers:write",
    /// Merge and erase customers, which cannot be taken back.
    CustomersManage = "customers:manage",
    /// Record consents and suppressions.
    ConsentsWrite = "consents:write",
    /// Post events, orders, interactions and outcomes.
    FactsWrite = "facts:write",
    /// Declare what events may carry.
    EventTypesWrite = "event-types:write",
    /// See offers.
    OffersRead = "offers:read",
    /// Add and change offers.
    OffersWrite = "offers:write",
    /// See campaigns, their plans, runs and results.
    CampaignsRead = "campaigns:read",
    /// Define and plan campaigns.
    CampaignsWrite = "campaigns:write",
    /// Answer for a campaign.
    CampaignsApprove = "campaigns:approve",
    /// Run, pause, resume, cancel and test campaigns; stop and start all sending.
    CampaignsRun = "campaigns:run",
    /// See decisions and their traces.
    DecisionsRead = "decisions:read",
    /// Ask for a decision in real time.
    DecisionsMake = "decisions:make",
    /// See deliveries and reconciliations.
    DeliveriesRead = "deliveries:read",
    /// See segments, models, experiments and indicators.
    AnalysisRead = "analysis:read",
    /// See the imports that one's own key sent; all of them with `jobs:read`.
    ImportsRead = "imports:read",
    /// See background work.
    JobsRead = "jobs:read",
    /// Add, change, try and remove webhooks, and send their events again.
    WebhooksManage = "webhooks:manage",
    /// See who did what.
    AuditRead = "audit:read",
    /// Add and remove users and keys.
    AccessManage = "access:manage",
}

/// What a user or key is to the workspace: `viewer < marketer < admin` for people and programs alike, `ingest` for machines
/// that only post facts, `decide` for real-time callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything but the audit and the keys.
    Viewer,
    /// Also defines, approves and runs campaigns; neither merges nor erases customers.
    Marketer,
    /// May do everything.
    Admin,
    /// Posts facts, consents and profiles, and sends files of them; sees nothing but what became of its own files.
    Ingest,
    /// Asks what now for this customer; nothing else.
    Decide,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 5] = [Role::Viewer, Role::Marketer, Role::Admin, Role::Ingest, Role::Decide];

    /// As it stands in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Marketer => "marketer",
            Role::Admin => "admin",
            Role::Ingest => "ingest",
            Role::Decide => "decide",
        }
    }

    /// Reads a role.
    ///
    /// # Errors
    /// Invalid, naming the roles there are.
    pub fn parse(text: &str) -> Result<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            Error::invalid(format!("`{text}` is no role; write one of viewer, marketer, admin, ingest, decide"))
        })
    }

    /// Whether the role holds a permission.
    pub fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Role::Admin => true,
            Role::Marketer => {
                !matches!(permission, P::AuditRead | P::AccessManage | P::CustomersManage | P::WebhooksManage)
            }
            Role::Viewer => matches!(
                permission,
                P::CustomersRead
                    | P::OffersRead
                    | P::CampaignsRead
                    | P::DecisionsRead
                    | P::DeliveriesRead
                    | P::AnalysisRead
                    | P::ImportsRead
                    | P::JobsRead
            ),
            Role::Ingest => {
                matches!(permission, P::FactsWrite | P::ConsentsWrite | P::CustomersWrite | P::ImportsRead)
            }
            Role::Decide => permission == P::DecisionsMake,
        }
    }

    /// Whether a person can hold the role and log in with it.
    pub fn is_for_people(self) -> bool {
        matches!(self, Role::Viewer | Role::Marketer | Role::Admin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_of_people_holds_all_that_the_lesser_one_holds() {
        for &permission in Permission::ALL {
            for pair in [Role::Viewer, Role::Marketer, Role::Admin].windows(2) {
                assert!(!pair[0].may(permission) || pair[1].may(permission), "{}", permission.as_str());
            }
        }
        assert!(!Role::Viewer.may(Permission::CampaignsWrite) && !Role::Marketer.may(Permission::AccessManage));
        assert!(!Role::Ingest.may(Permission::CustomersRead) && !Role::Decide.may(Permission::FactsWrite));
    }
}
