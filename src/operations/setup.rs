//! A campaign made ready to decide: its definition, offers, templates, rules, policy and the response model that serves.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::campaigns::experiment::Decides;
use crate::campaigns::folder::Folder;
use crate::campaigns::store::{self, Campaign};
use crate::campaigns::{CampaignSpec, ExperimentSpec, VariantSpec};
use crate::decisions::assignment::{AssignmentPolicy, Share};
use crate::decisions::exploration::Exploration;
use crate::decisions::{ContactPolicy, DecisionPolicy};
use crate::error::{Error, Fault, Result};
use crate::ids::{ModelVersionId, OfferId};
use crate::messages::CampaignTemplates;
use crate::models::{Protected, ResponseModel, ResponseParams, registry};
use crate::offers::store::{self as offers, Offer};
use crate::operations::shares::Shares;
use crate::operations::variants::{Part, Varied};
use crate::operations::{Workspace, facts, train};
use crate::outcomes::SignalKind;
use crate::rules::{Catalogue, Rule, RuleSpec};
use crate::segments::rule::FactsOf;
use crate::settings::Settings;
use crate::storage::Connection;

/// Everything about a campaign that a decision needs, checked against what there is.
#[derive(Debug)]
pub struct Setup {
    /// The campaign.
    pub campaign: Campaign,
    /// Its definition and templates.
    pub folder: Folder,
    /// Its offers, in the order of the definition.
    pub offers: Vec<Offer>,
    /// Its compiled templates.
    pub templates: Arc<CampaignTemplates>,
    /// The response model that serves, or the stated rates alone.
    pub response: ResponseModel,
    /// Who still buys after the window, where that was learned.
    pub retention: Option<ResponseModel>,
    /// Versions of the models behind it.
    pub models: ModelVersions,
    /// What governs the decision; exploration is salted by the occasion.
    pub policy: DecisionPolicy,
    /// Of whom how many may, and shall, be contacted.
    pub shares: Shares,
    /// What is proposed to whoever asks when nothing is worth its price.
    pub fallback: Option<OfferId>,
    /// What its experiment comes to for the occasion.
    pub varied: Varied,
    /// The stated rates alone, where a variant decides by them.
    pub rates: Option<ResponseModel>,
    /// Who takes each step that follows: the campaign's audience where the step's condition holds; none where it states none.
    takers: Vec<Option<Arc<Rule>>>,
}

/// Versions of the models behind a decision; 0 where none serves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ModelVersions {
    /// Churn.
    pub churn: i64,
    /// Response.
    pub response: i64,
    /// Segments.
    pub segments: i64,
    /// Retention.
    pub retention: i64,
}

impl Setup {
    /// The definition.
    pub fn spec(&self) -> &CampaignSpec {
        &self.folder.spec
    }

    /// Refuses a campaign that begins client by client.
    ///
    /// # Errors
    /// Conflict, when it has a trigger.
    pub fn refuse_trigger(&self) -> Result<()> {
        if self.spec().trigger.is_some() {
            let message = format!(
                "the campaign `{}` begins client by client: what its trigger names starts it",
                self.campaign.name
            );
            return Err(Error::conflict(message));
        }
        Ok(())
    }

    /// The same for a step of a journey: its own offers, channels and templates. Step 0 is the campaign itself.
    #[must_use]
    pub fn for_step(mut self, step: usize) -> Setup {
        // A wave is for whose step is due, whatever part of the audience a run would be for.
        self.varied.part = Part::Whole;
        let Some(at) = step.checked_sub(1).filter(|at| *at < self.folder.spec.steps.len()) else { return self };
        let step = self.folder.spec.steps[at].clone();
        if let Some(own) = &self.takers[at] {
            self.policy.audience = Some(own.clone());
        }
        let spec = &mut self.folder.spec;
        if !step.offers.is_empty() {
            spec.offers.retain(|offer| step.offers.contains(offer));
            self.offers.retain(|offer| step.offers.contains(&offer.spec.name));
        }
        if !step.channels.is_empty() {
            spec.channels.retain(|channel| step.channels.contains(&channel.channel));
        }
        if step.variant.is_some() {
            spec.experiments.clear();
            self.policy.assignment.experiments.clear();
            self.varied = Varied { chosen: step.variant, ..Varied::default() };
        }
        self
    }

    /// The variant of whoever draws none.
    pub fn standard_variant(&self) -> String {
        match (&self.varied.chosen, self.spec().experiments.first()) {
            (Some(chosen), _) => chosen.clone(),
            (None, Some(experiment)) => experiment.variants[0].name.clone(),
            (None, None) => first_variant(&self.templates),
        }
    }

    /// The folder of templates of a variant.
    pub fn template_of(&self, variant: Option<&str>) -> String {
        let standard = self.standard_variant();
        template_of(self.spec(), &self.templates, variant.unwrap_or(&standard))
    }

    /// The templates' version as deliveries keep it.
    pub fn template_version(&self) -> String {
        format!("{}/{}", self.campaign.id, self.campaign.version)
    }
}

/// Reads a campaign's present version and everything it names.
///
/// # Errors
/// Not found, or invalid with every fault, when something it names is gone.
pub fn load(ws: &Workspace, conn: &mut Connection, name: &str, occasion: &str) -> Result<Setup> {
    let campaign = store::by_name(conn, name)?;
    let folder = store::version(conn, campaign.id, campaign.version)?;
    of_version(ws, conn, campaign, folder, occasion)
}

/// The same for several campaigns, which run at once and not client by client.
///
/// # Errors
/// Invalid, when there are fewer than two; conflict, when one begins by a trigger.
pub fn load_all(ws: &Workspace, conn: &mut Connection, names: &[String], occasion: &str) -> Result<Vec<Setup>> {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    if names.len() < 2 {
        let fault = Fault::at("campaigns", "name two or more: one alone is planned and run by itself");
        return Err(Error::faults("there is nothing to decide together", vec![fault]));
    }
    let mut setups = Vec::with_capacity(names.len());
    for name in &names {
        let setup = load(ws, conn, name, occasion)?;
        setup.refuse_trigger()?;
        setups.push(setup);
    }
    Ok(setups)
}

/// The same for a version that is at hand.
pub fn of_version(
    ws: &Workspace,
    conn: &mut Connection,
    campaign: Campaign,
    folder: Folder,
    occasion: &str,
) -> Result<Setup> {
    let catalogue = facts::catalogue(ws, conn)?;
    let checked = check(&folder, &catalogue, &offers::all(conn)?, ws.settings(), occasion)?;
    let response = champion(ws, conn, "response")?;
    let retention = champion(ws, conn, "retention")?;
    let serving = |conn: &mut Connection, name: &str| {
        registry::champion(conn, name).map(|found| found.map_or(0, |version| version.id.0))
    };
    let models = ModelVersions {
        churn: serving(conn, "churn")?,
        response: response.as_ref().map_or(0, |(version, _)| version.0),
        segments: serving(conn, "segments")?,
        retention: retention.as_ref().map_or(0, |(version, _)| version.0),
    };
    let response = match response {
        Some((_, model)) => model,
        // Until something was learned, only what was stated speaks.
        None => ResponseModel::train(&[], &train::priors_of(conn)?, &ResponseParams::default())?,
    };
    let retention = retention.map(|(_, model)| model);
    let Checked { offers, templates, mut policy, shares, takers } = checked;
    let varied = Varied::of(conn, &campaign, &folder.spec, occasion)?;
    policy.assignment.experiments = varied.draws.iter().cloned().collect();
    let by_rates = |experiment: &ExperimentSpec| experiment.variants.iter().any(|v| v.decides == Decides::Rates);
    let rates = match folder.spec.experiments.first().is_some_and(by_rates) {
        true => Some(ResponseModel::train(&[], &train::priors_of(conn)?, &ResponseParams::default())?),
        false => None,
    };
    let by_default = folder.spec.fallback.as_ref();
    let fallback =
        by_default.and_then(|name| offers.iter().find(|offer| offer.spec.name == *name)).map(|offer| offer.id);
    Ok(Setup {
        campaign,
        folder,
        fallback,
        takers,
        offers,
        templates: Arc::new(templates),
        response,
        retention: retention.filter(ResponseModel::has_learned),
        models,
        policy,
        shares,
        varied,
        rates,
    })
}

/// The response model of this name that serves; none when it learned from what was declared protected afterwards.
fn champion(ws: &Workspace, conn: &mut Connection, name: &str) -> Result<Option<(ModelVersionId, ResponseModel)>> {
    let Some(version) = registry::champion(conn, name)? else { return Ok(None) };
    let model: ResponseModel = version.fit.parameters()?;
    if let Some(why) = Protected::of(ws.settings()).outdates(name, model.features()) {
        tracing::warn!("{why}");
        return Ok(None);
    }
    Ok(Some((version.id, model)))
}

/// What a definition names, found and checked.
#[derive(Debug)]
pub struct Checked {
    /// Its offers, in the order of the definition.
    pub offers: Vec<Offer>,
    /// Its compiled templates.
    pub templates: CampaignTemplates,
    /// What governs the decision.
    pub policy: DecisionPolicy,
    /// Of whom how many may, and shall, be contacted.
    pub shares: Shares,
    /// Who takes each step that follows.
    takers: Vec<Option<Arc<Rule>>>,
}

/// Checks a definition against everything it names: offers, facts in rules, templates, contact policy.
///
/// # Errors
/// Invalid, with every fault at once.
pub fn check(
    folder: &Folder,
    catalogue: &Catalogue,
    known: &[Offer],
    settings: &Settings,
    occasion: &str,
) -> Result<Checked> {
    let spec = folder.spec.clone().check()?;
    let mut faults = Vec::new();
    let mut eligibility = BTreeMap::new();
    let mut offers = Vec::new();
    for (i, name) in spec.offers.iter().enumerate() {
        match known.iter().find(|offer| offer.spec.name == *name) {
            None => faults.push(Fault::at(format!("offers[{i}]"), no_such_offer(name, known))),
            Some(offer) => {
                if let Some(rule) = &offer.spec.eligibility
                    && let Some(rule) = take(rule.check(&format!("offer {name}: eligibility"), catalogue), &mut faults)
                {
                    eligibility.insert(offer.id, Arc::new(rule));
                }
                offers.push(offer.clone());
            }
        }
    }
    let audience_rule = folder.audience_rule();
    let audience = audience_rule.as_ref().and_then(|rule| take(rule.check("audience", catalogue), &mut faults));
    let shares = take(Shares::check(&spec.shares, catalogue), &mut faults);
    let templates = take(CampaignTemplates::check(&folder.templates, &folder.sample), &mut faults);
    if let Some(templates) = &templates {
        faults.extend(missing_templates(&spec, templates));
    }
    let takers = check_journeys(&spec, audience_rule.as_ref(), catalogue, &mut faults);
    let contact = take(contact_policy(&spec, settings), &mut faults);
    let policy = take(decision_policy(&spec, settings, eligibility, occasion), &mut faults);
    match (templates, contact, policy, shares) {
        (Some(templates), Some(contact), Some(policy), Some(shares)) if faults.is_empty() => {
            let policy = DecisionPolicy { audience: audience.map(Arc::new), contact, ..policy };
            Ok(Checked { offers, templates, policy, shares, takers })
        }
        _ => Err(Error::faults(format!("the campaign `{}` cannot be used", spec.name), faults)),
    }
}

fn take<T>(result: Result<T>, faults: &mut Vec<Fault>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            if error.fault_list().is_empty() {
                faults.push(Fault::at("", error.message()));
            }
            faults.extend(error.fault_list().iter().cloned());
            None
        }
    }
}

fn no_such_offer(name: &str, known: &[Offer]) -> String {
    let names: Vec<&str> = known.iter().map(|offer| offer.spec.name.as_str()).collect();
    if names.is_empty() {
        return format!("there is no offer `{name}`, nor any other; import offers first (vizavi import offers FILE)");
    }
    format!("there is no offer `{name}`; there are: {}", names.join(", "))
}

/// Checks what begins and ends journeys; who takes which step.
fn check_journeys(
    spec: &CampaignSpec,
    audience: Option<&RuleSpec>,
    catalogue: &Catalogue,
    faults: &mut Vec<Fault>,
) -> Vec<Option<Arc<Rule>>> {
    if let Some(on) = spec.trigger.as_ref().and_then(|trigger| trigger.on.as_ref()) {
        FactsOf::check("trigger.on", &on.of, &on.only, faults);
    }
    for (i, goal) in spec.until.iter().enumerate() {
        FactsOf::check(&format!("until[{i}]"), &goal.of, &goal.only, faults);
    }
    let mut takers = Vec::with_capacity(spec.steps.len());
    for (i, step) in spec.steps.iter().enumerate() {
        let own = step.when.as_ref().and_then(|rule| {
            take(rule.clone().check(&format!("steps[{i}].when"), catalogue), faults)?;
            let both = audience.into_iter().chain([rule]).cloned().collect();
            RuleSpec { all: Some(both), ..RuleSpec::default() }.check("audience", catalogue).ok()
        });
        takers.push(own.map(Arc::new));
        for signal in step.unless.iter().filter(|signal| SignalKind::parse(signal).is_err()) {
            let names: Vec<&str> = SignalKind::ALL.iter().map(|kind| kind.name()).collect();
            let message = format!("`{signal}` is no answer to a message; there are {}", names.join(", "));
            faults.push(Fault::at(format!("steps[{i}].unless"), message));
        }
    }
    takers
}

/// Every variant must have a message for every channel.
fn missing_templates(spec: &CampaignSpec, templates: &CampaignTemplates) -> Vec<Fault> {
    let every: Vec<&str> = spec.channels.iter().map(|channel| channel.channel.as_str()).collect();
    let mut wanted: Vec<(String, Vec<&str>)> = match spec.experiments.first() {
        Some(experiment) => {
            let of = |variant: &VariantSpec| (template_of(spec, templates, &variant.name), every.clone());
            experiment.variants.iter().map(of).collect()
        }
        None => vec![(first_variant(templates), every.clone())],
    };
    wanted.extend(spec.steps.iter().filter_map(|step| {
        let own: Vec<&str> = step.channels.iter().map(String::as_str).collect();
        Some((step.variant.clone()?, if own.is_empty() { every.clone() } else { own }))
    }));
    let mut faults = Vec::new();
    for (variant, channels) in &wanted {
        for channel in channels {
            let at = every.iter().position(|known| known == channel).unwrap_or_default();
            let piece = crate::messages::Form::of_channel(channel).needs();
            if templates.locale_for(variant, "en", piece).is_none() {
                let message = format!("variant `{variant}` has no {piece:?} template; add templates/{variant}/en/");
                faults.push(Fault::at(format!("channels[{at}]"), message));
            }
        }
    }
    faults
}

/// The folder of templates of a variant: the one it names, its own, or, where it varies something else, the first.
fn template_of(spec: &CampaignSpec, templates: &CampaignTemplates, variant: &str) -> String {
    let known = spec.experiments.first().and_then(|experiment| experiment.variant(variant));
    match known {
        Some(VariantSpec { template: Some(template), .. }) => template.clone(),
        Some(other) if !other.varies_messages_only() && !templates.variants().any(|folder| folder == other.name) => {
            first_variant(templates)
        }
        _ => variant.to_owned(),
    }
}

/// The variant that is used where no experiment chooses one.
fn first_variant(templates: &CampaignTemplates) -> String {
    templates.variants().next().unwrap_or("a").to_owned()
}

/// The workspace's policy with the campaign's overrides.
fn contact_policy(spec: &CampaignSpec, settings: &Settings) -> Result<ContactPolicy> {
    let standard = ContactPolicy { quiet_hours: settings.quiet_hours, ..ContactPolicy::default() };
    let Some(overrides) = &spec.contact.policy else { return standard.check() };
    let mut merged = serde_json::to_value(&standard)?;
    match (merged.as_object_mut(), overrides.as_object()) {
        (Some(merged), Some(overrides)) => merged.extend(overrides.clone()),
        _ => return Err(Error::invalid("contact.policy must be a table such as { hours_between = 24 }")),
    }
    let policy: ContactPolicy = serde_json::from_value(merged).map_err(|error| {
        Error::faults("the contact policy does not parse", vec![Fault::at("contact.policy", error.to_string())])
    })?;
    policy.check()
}

fn decision_policy(
    spec: &CampaignSpec,
    settings: &Settings,
    eligibility: BTreeMap<OfferId, Arc<crate::rules::Rule>>,
    occasion: &str,
) -> Result<DecisionPolicy> {
    // Whoever explores once must not be the one who explores always.
    let salt = format!("{}/{occasion}", spec.draw_salt("exploration"));
    Ok(DecisionPolicy {
        eligibility,
        assignment: AssignmentPolicy {
            global_holdout: Share { salt: "global-holdout".into(), share: settings.holdout },
            campaign_holdout: Share { salt: spec.draw_salt("holdout").into(), share: spec.holdout },
            // What an experiment comes to depends on what was settled, and on the occasion.
            experiments: Vec::new(),
        },
        exploration: Exploration {
            share: Share { salt: salt.into(), share: spec.exploration.unwrap_or(settings.exploration) },
            ..Exploration::default()
        },
        per_customer: usize::from(spec.contact.per_customer),
        ..DecisionPolicy::default()
    })
}
