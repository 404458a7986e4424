//! The mapping: which column of a file fills which field. As written, checked with every fault at once, then compiled.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::field::{Field, FieldSpec, Free};
use super::target::{self, Target};
use crate::clock;
use crate::error::{Error, Fault, Result};
use crate::money::Currency;

/// A mapping as written in TOML.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MappingSpec {
    /// How the file is laid out.
    pub file: FileSpec,
    /// What holds for every record.
    pub defaults: Defaults,
    /// Lines that are to be rejected, each with its reason; the first that applies counts.
    pub reject: Vec<RejectSpec>,
    /// What each line becomes; every record whose condition holds is made.
    pub record: Vec<RecordSpec>,
}

/// How the file is laid out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileSpec {
    /// `csv`, `ndjson` or `parquet`; by content and name when absent.
    pub format: Option<String>,
    /// One character, `tab`, or `blanks` (any run of them); a comma when absent.
    pub delimiter: Option<String>,
    /// Names of the columns, where the file has no header line.
    pub columns: Option<Vec<String>>,
}

/// What holds for every record.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// The system the facts come from; the file's name when absent.
    pub source: Option<String>,
    /// IANA zone of times without one; UTC when absent.
    pub zone: Option<String>,
    /// Currency of the amounts; must be the workspace's.
    pub currency: Option<String>,
    /// How times are written, as in strftime; ISO 8601 when absent.
    pub time_format: Option<String>,
}

/// Lines to be rejected.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RejectSpec {
    /// Said in the report.
    pub reason: String,
    /// All must hold.
    pub when: Vec<Condition>,
}

/// What a line becomes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordSpec {
    /// `orders`, `customers`, ...
    pub target: String,
    /// All must hold; always made when there are none.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// What fills each field.
    pub fields: BTreeMap<String, FieldSpec>,
    /// Free values of customers.
    #[serde(default)]
    pub attributes: BTreeMap<String, FieldSpec>,
    /// Free values of events.
    #[serde(default)]
    pub properties: BTreeMap<String, FieldSpec>,
    /// Free values of decisions.
    #[serde(default)]
    pub context: BTreeMap<String, FieldSpec>,
}

/// A test on one column. Numbers that do not parse fail it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// Whether it is empty.
    pub empty: Option<bool>,
    /// Its whole text.
    pub equals: Option<String>,
    /// Its beginning.
    pub starts_with: Option<String>,
    /// A bound it is above.
    pub above: Option<f64>,
    /// A bound it is at most.
    pub at_most: Option<f64>,
    /// Turns the test round.
    pub not: bool,
}

impl Condition {
    /// Whether a value passes.
    pub fn holds(&self, value: &str) -> bool {
        let number = || value.trim().parse::<f64>().unwrap_or(f64::NAN);
        let passes = self.empty.is_none_or(|empty| value.trim().is_empty() == empty)
            && self.equals.as_ref().is_none_or(|text| value == text)
            && self.starts_with.as_ref().is_none_or(|text| value.starts_with(text.as_str()))
            && self.above.is_none_or(|bound| number() > bound)
            && self.at_most.is_none_or(|bound| number() <= bound);
        passes != self.not
    }
}

/// A checked mapping.
#[derive(Debug, Clone)]
pub struct Mapping {
    pub(super) digest: String,
    pub(super) file: FileSpec,
    pub(super) source: Option<String>,
    pub(super) rejects: Vec<RejectSpec>,
    pub(super) records: Vec<RecordMapping>,
}

/// What a line becomes, checked.
#[derive(Debug, Clone)]
pub(super) struct RecordMapping {
    pub target: &'static Target,
    pub when: Vec<Condition>,
    pub fields: Vec<Field>,
    pub free: Vec<Free>,
}

impl Mapping {
    /// Reads and checks a mapping file.
    ///
    /// # Errors
    /// Invalid, with every fault, its file and key; not found, when there is no such file.
    pub fn load(path: &Path, currency: Currency) -> Result<Mapping> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|error| Error::from(error).context(format!("mapping {name}")))?;
        Mapping::parse(&text, &name, currency)
    }

    /// Reads and checks a mapping; `name` stands in its faults.
    ///
    /// # Errors
    /// Invalid, with every fault.
    pub fn parse(text: &str, name: &str, currency: Currency) -> Result<Mapping> {
        let spec: MappingSpec = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count() as u64);
            let fault = Fault { line, message: error.message().to_owned(), ..Fault::default() };
            Error::faults("the mapping does not parse", vec![fault.in_file(name)])
        })?;
        let mapping = spec.check(currency).map_err(|faults| {
            let faults = faults.into_iter().map(|fault| fault.in_file(name)).collect();
            Error::faults("the mapping cannot be used", faults)
        })?;
        Ok(Mapping { digest: blake3::hash(text.as_bytes()).to_hex().to_string(), ..mapping })
    }

    /// The mapping of a file whose columns already carry the fields' names. A column of another name becomes a free value
    /// when it is called `attributes.NAME` or `context.NAME`.
    ///
    /// # Errors
    /// Invalid, naming each column that is no field, and the fields there are.
    pub fn by_names(target: &'static Target, columns: &[String], file: &str) -> Result<Mapping> {
        let mut fields = BTreeMap::new();
        let mut free = BTreeMap::new();
        let mut faults = Vec::new();
        for column in columns.iter().filter(|column| !column.starts_with('_')) {
            let own = target.free.and_then(|kind| column.strip_prefix(kind)?.strip_prefix('.'));
            if let Some(field) = target.field_for(column) {
                fields.insert(field.to_owned(), FieldSpec::Column(column.clone()));
            } else if let Some(name) = own {
                free.insert(name.to_owned(), FieldSpec::Column(column.clone()));
            } else {
                let known: Vec<&str> = target.all_fields().iter().map(|field| field.name).collect();
                let message =
                    format!("is no field of {}; write a mapping, or name it one of {}", target.name, known.join(", "));
                faults.push(Fault::at(column, message).in_file(file).on_line(1));
            }
        }
        if !faults.is_empty() {
            return Err(Error::faults("the file cannot be imported without a mapping", faults));
        }
        let mut record = RecordSpec { target: target.name.to_owned(), fields, ..RecordSpec::default() };
        match target.free {
            Some("context") => record.context = free,
            Some("properties") => record.properties = free,
            _ => record.attributes = free,
        }
        let spec = MappingSpec { record: vec![record], ..MappingSpec::default() };
        let any = Currency::parse("EUR").expect("EUR is a currency code");
        spec.check(any).map_err(|faults| {
            let faults = faults.into_iter().map(|fault| fault.in_file(file)).collect();
            Error::faults("the file cannot be imported without a mapping", faults)
        })
    }

    /// Every column it reads, once.
    pub(super) fn columns(&self) -> Vec<String> {
        let conditions = self.rejects.iter().flat_map(|reject| &reject.when);
        let conditions = conditions.chain(self.records.iter().flat_map(|record| &record.when));
        let mut columns: Vec<String> = conditions.map(|condition| condition.column.clone()).collect();
        for record in &self.records {
            for field in record.fields.iter().map(|f| &f.expr).chain(record.free.iter().map(|f| &f.expr)) {
                columns.extend(field.columns().map(str::to_owned));
            }
        }
        columns.sort();
        columns.dedup();
        columns
    }

    /// BLAKE3 hash of the text it was read from, in hexadecimal; empty when it was made of columns' names.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether it makes records of this target.
    pub fn makes(&self, target: &Target) -> bool {
        self.targets().any(|made| made.name == target.name)
    }

    /// What it makes records of.
    pub fn targets(&self) -> impl Iterator<Item = &'static Target> {
        self.records.iter().map(|record| record.target)
    }
}

impl MappingSpec {
    /// Checks the mapping against the fields there are and the workspace's currency.
    ///
    /// # Errors
    /// Every fault.
    pub fn check(self, currency: Currency) -> Result<Mapping, Vec<Fault>> {
        let mut faults = Vec::new();
        if let Some(given) = &self.defaults.currency
            && given != currency.code()
        {
            let message = format!(
                "is {given}, but the workspace counts in {}; convert the file, or set `currency` in vizavi.toml",
                currency.code()
            );
            faults.push(Fault::at("defaults.currency", message));
        }
        if let Some(format) = &self.file.format
            && !["csv", "ndjson", "parquet"].contains(&format.as_str())
        {
            faults.push(Fault::at("file.format", format!("`{format}` is none of csv, ndjson, parquet")));
        }
        let zone = self.defaults.zone.as_deref().unwrap_or("UTC");
        if let Err(error) = clock::zone(zone) {
            faults.push(Fault::at("defaults.zone", error.message()));
        }
        if self.record.is_empty() {
            faults.push(Fault::at("record", "there is none; say with [[record]] what a line becomes"));
        }
        let mut records = Vec::new();
        for (index, record) in self.record.into_iter().enumerate() {
            records.extend(check_record(&format!("record[{index}]"), record, &self.defaults, &mut faults));
        }
        if faults.is_empty() {
            Ok(Mapping {
                digest: String::new(),
                file: self.file,
                source: self.defaults.source,
                rejects: self.reject,
                records,
            })
        } else {
            Err(faults)
        }
    }
}

fn check_record(key: &str, spec: RecordSpec, defaults: &Defaults, faults: &mut Vec<Fault>) -> Option<RecordMapping> {
    let Some(target) = Target::named(&spec.target) else {
        let known: Vec<&str> = target::ALL.iter().map(|target| target.name).collect();
        faults.push(Fault::at(format!("{key}.target"), format!("`{}` is none of {}", spec.target, known.join(", "))));
        return None;
    };
    let known = target.all_fields();
    let mut fields = Vec::new();
    for (name, field) in spec.fields {
        let at = format!("{key}.fields.{name}");
        match known.iter().find(|known| known.name == name) {
            Some(known) => fields.extend(Field::check(&at, *known, field, defaults, faults)),
            None => {
                let names: Vec<&str> = known.iter().map(|field| field.name).collect();
                faults.push(Fault::at(at, format!("is no field of {}; these are: {}", target.name, names.join(", "))));
            }
        }
    }
    for missing in known.iter().filter(|known| known.required && !fields.iter().any(|f| f.name == known.name)) {
        faults.push(Fault::at(format!("{key}.fields.{}", missing.name), format!("{} need it", target.name)));
    }
    if let Some(lacking) = target.lacks(|name| fields.iter().any(|field| field.name == name)) {
        faults.push(Fault::at(format!("{key}.fields"), lacking));
    }
    let mut free = Vec::new();
    for (kind, specs) in [("attributes", spec.attributes), ("properties", spec.properties), ("context", spec.context)] {
        if !specs.is_empty() && target.free != Some(kind) {
            faults.push(Fault::at(format!("{key}.{kind}"), format!("{} have none", target.name)));
            continue;
        }
        for (name, field) in specs {
            free.extend(Free::check(&format!("{key}.{kind}.{name}"), name, field, faults));
        }
    }
    Some(RecordMapping { target, when: spec.when, fields, free })
}
