//! Models: what customers will probably do, learned from features and logged decisions.
//!
//! A spec (`models/*.toml`) says what to predict, from what, and how good is good enough. Training is pure: matrices in, a fit out
//! with its parameters, its figures on later data, and a card that says all that in words. Only a fit that passes the gate of its
//! spec may serve; the registry keeps every fit.
//!
//! ```text
//!  spec -> training -> Fit { parameters, metrics, card } -> registry (gate) -> scoring
//!            |  churn: encoding + logistic, challenged by boosted trees, + calibration
//!            |  lifetime: purchases, amounts, contracts -> present value
//!            |  response: logged decisions -> P(convert | customer, offer, channel), challenged by boosted trees
//!            |  uplift: decisions left to chance -> what a contact changes
//!            |  timing: hours of activity -> a customer's week; contacts -> what the hour does to them
//! ```

pub mod algorithms;
pub mod calibration;
pub mod card;
pub mod challenge;
pub mod churn;
pub mod drift;
pub mod drift_store;
pub mod encoding;
pub mod evaluation;
pub mod isotonic;
pub mod lifetime;
pub mod lifetime_score;
pub mod matrix;
pub mod protected;
pub mod registry;

pub mod response;
pub mod scoring;

pub mod spec;
pub mod timing;
pub mod training;
pub mod uplift;

pub use card::Card;
pub use churn::ChurnModel;
pub use matrix::{FeatureMatrix, Labelled};
pub use protected::Protected;
pub use registry::{ModelVersion, Status};
pub use response::{LoggedDecision, OfferPrior, ResponseModel, ResponseParams};
pub use scoring::Score;
pub use spec::ModelSpec;
pub use training::{ChurnData, Fit, train_churn, train_churn_in_folds, train_response};
