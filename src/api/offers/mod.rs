//! Offers over REST.

pub mod codes;
pub mod get;
pub mod list;
pub mod put;
pub mod together;

use serde::Serialize;

use crate::offers::OfferSpec;
use crate::offers::store::Offer;

/// An offer as the API shows it: its definition, and how much is left.
#[derive(Debug, Serialize)]
pub struct OfferShown {
    /// The definition, which can be put back as it is.
    pub definition: OfferSpec,
    /// Pieces given out or reserved.
    pub used: i64,
    /// Single-use codes that are free; absent for an offer without a list of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codes: Option<i64>,
    /// Pieces left; absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<i64>,
    /// Rises with every change; the ETag.
    pub version: i64,
}

impl From<Offer> for OfferShown {
    fn from(offer: Offer) -> OfferShown {
        OfferShown {
            left: offer.left(),
            used: offer.used,
            codes: offer.codes,
            version: offer.version,
            definition: offer.spec,
        }
    }
}
