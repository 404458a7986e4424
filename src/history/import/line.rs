//! From one line to what it becomes: facts and rows for the store, or the reason why it becomes nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::bound::{BoundField, Cell, Test};
use super::key::{self, Repetitions};
use super::plan::{Becomes, ColumnPlan, FactPlan, Plan, RecordPlan, Rule, When};
use super::record::Record;
use super::sink::StoreRow;
use super::target::{PERSONAL, Target};
use crate::customers::Aliases;
use crate::history::Value;
use crate::history::bulk::{Head, RowBuilder};
use crate::history::event_types::EventTypes;
use crate::history::facts::{EVENT, FactType, Kind};
use crate::ids::{CustomerId, IdKey};
use crate::money::Currency;

/// A fact of a line; its row and its customer's key stand in [`Line`].
pub(super) struct Fact {
    pub target: &'static Target,
    pub fact_type: &'static FactType,
    pub customer: CustomerId,
    row: Range<usize>,
    external_id: Range<usize>,
}

/// What a line becomes; the next line uses the same memory.
#[derive(Default)]
pub(super) struct Line {
    pub facts: Vec<Fact>,
    pub rows: Vec<(&'static Target, StoreRow)>,
    bytes: Vec<u8>,
    texts: String,
    /// Which repetition of its key's parts it is, for the rejects file.
    pub nth: Option<u32>,
}

impl Line {
    fn clear(&mut self) {
        self.facts.clear();
        self.rows.clear();
        self.bytes.clear();
        self.texts.clear();
        self.nth = None;
    }

    /// The row of a fact.
    pub fn row(&self, fact: &Fact) -> &[u8] {
        &self.bytes[fact.row.clone()]
    }

    /// The company's own key of a fact's customer.
    pub fn external_id(&self, fact: &Fact) -> &str {
        &self.texts[fact.external_id.clone()]
    }
}

/// What is remembered from line to line, and must be when an import is taken up again.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(super) struct Memory {
    repetitions: Repetitions,
}

/// Makes lines.
pub(super) struct Reading<'a> {
    pub id_key: &'a IdKey,
    /// Leads from a customer who was merged into another to the one who is left.
    pub aliases: &'a Aliases,
    /// What events may carry.
    pub event_types: &'a EventTypes,
    pub currency: Currency,
    /// The source of facts that name none.
    pub source: String,
    pub memory: Memory,
    /// What the last line became.
    pub line: Line,
    work: Work,
}

/// Memory that each line uses again.
#[derive(Default)]
struct Work {
    /// The last customer's key with its id: an order's lines stand together.
    last: Option<(String, CustomerId)>,
    /// The records that the line becomes, each with which repetition it is.
    chosen: Vec<(usize, Option<u32>)>,
    builder: RowBuilder,
    key: String,
    scratch: String,
    other: String,
}

type Why = &'static str;

impl<'a> Reading<'a> {
    /// Begins a file.
    pub fn new(
        id_key: &'a IdKey,
        aliases: &'a Aliases,
        event_types: &'a EventTypes,
        currency: Currency,
        source: String,
    ) -> Reading<'a> {
        let (memory, line, work) = (Memory::default(), Line::default(), Work::default());
        Reading { id_key, aliases, event_types, currency, source, memory, line, work }
    }

    /// Puts all that a line becomes into `line`.
    ///
    /// # Errors
    /// Why it becomes nothing; the reason holds no value of the line.
    pub fn make(&mut self, plan: &Plan, record: &Record) -> Result<(), String> {
        self.line.clear();
        self.work.chosen.clear();
        // Repetitions are counted in lines that are rejected too: mended, they take the number that they would have had.
        for (index, mapped) in plan.records.iter().enumerate().filter(|(_, mapped)| Test::hold(&mapped.when, record)) {
            let nth = self.nth(mapped, record);
            self.line.nth = self.line.nth.or(nth);
            self.work.chosen.push((index, nth));
        }
        if let Some(fault) = &record.fault {
            return Err(fault.clone());
        }
        if let Some((reason, _)) = plan.rejects.iter().find(|(_, when)| Test::hold(when, record)) {
            return Err(reason.clone());
        }
        for at in 0..self.work.chosen.len() {
            let (index, nth) = self.work.chosen[at];
            self.one(plan, &plan.records[index], record, nth.unwrap_or(1))?;
        }
        if self.work.chosen.is_empty() { Err("fits no record of the mapping".to_owned()) } else { Ok(()) }
    }

    /// Counts a line whose key is made of parts; none for others.
    fn nth(&mut self, mapped: &RecordPlan, record: &Record) -> Option<u32> {
        let Becomes::Fact(fact) = &mapped.becomes else { return None };
        let [first, second] = fact.key_parts[..] else { return None };
        if fact.key.is_some() || record.nth.is_some() {
            return record.nth;
        }
        let Work { scratch, other, .. } = &mut self.work;
        let instant = match &fact.when {
            When::At(at) | When::Period { started: at, .. } if fact.instant_in_key => {
                Some(at.read(record, scratch).ok()?.as_int()?)
            }
            _ => None,
        };
        let first = fact.columns[first].from.as_ref()?.read(record, scratch).ok()?.as_text()?;
        // A status may be ours and not the file's.
        let second =
            fact.columns[second].from.as_ref().map_or(Ok(Cell::Null), |field| field.read(record, other)).ok()?;
        let counted = key::counted(mapped.target.name, [first, second.as_text().unwrap_or_default()], instant);
        Some(self.memory.repetitions.count(counted))
    }

    fn one(&mut self, plan: &Plan, mapped: &RecordPlan, record: &Record, nth: u32) -> Result<(), String> {
        if let Some(field) = &mapped.currency
            && let Some(code) = read(field, record, &mut self.work.scratch)?.as_text()
            && code != self.currency.code()
        {
            return Err(format!("`currency` is not {}, in which the workspace counts", self.currency.code()));
        }
        let fields = match &mapped.becomes {
            Becomes::Fact(fact) => return self.facts(plan, mapped, fact, record, nth),
            Becomes::Row(fields) => fields,
        };
        let customer = match &mapped.customer {
            Some(field) => match read(field, record, &mut self.work.scratch)? {
                Cell::Text(external_id) => {
                    Some((self.aliases.canonical(self.id_key.customer(external_id)), external_id.to_owned()))
                }
                _ => None,
            },
            None => None,
        };
        let mut values = BTreeMap::new();
        for field in fields {
            values.insert(field.name.to_owned(), read(field, record, &mut self.work.scratch)?.to_value());
        }
        let free = self.free(mapped, record);
        self.line.rows.push((mapped.target, StoreRow { line: record.line, customer, fields: values, free }));
        Ok(())
    }

    fn free(&mut self, mapped: &RecordPlan, record: &Record) -> serde_json::Map<String, serde_json::Value> {
        let scratch = &mut self.work.scratch;
        mapped.free.iter().filter_map(|free| Some((free.name.clone(), free.read(record, scratch)?))).collect()
    }

    /// The facts of a record: one, or the beginning and the end of a contract.
    fn facts(
        &mut self,
        plan: &Plan,
        mapped: &RecordPlan,
        fact: &FactPlan,
        record: &Record,
        nth: u32,
    ) -> Result<(), String> {
        let scratch = &mut self.work.scratch;
        let instant = |field: &BoundField, scratch: &mut String| -> Result<Option<i64>, String> {
            Ok(read(field, record, scratch)?.as_int())
        };
        let (began, ended) = match &fact.when {
            When::At(at) => (instant(at, scratch)?, None),
            When::Period { started, ended: None } => (instant(started, scratch)?, None),
            When::Period { started, ended: Some(ended) } => (instant(started, scratch)?, instant(ended, scratch)?),
        };
        let is_period = matches!(fact.when, When::Period { .. });
        let began = began.ok_or("lacks its time")?;
        if ended.is_some_and(|ended| ended < began) {
            return Err("`ended_at` is before `started_at`".to_owned());
        }
        let ordinal = record.line * plan.facts_a_line + fact.place;
        self.fact(mapped, fact, record, At { time: began, ordinal, nth, status: is_period.then_some("started") })?;
        match ended {
            Some(time) => {
                self.fact(mapped, fact, record, At { time, ordinal: ordinal + 1, nth, status: Some("ended") })
            }
            None => Ok(()),
        }
    }

    fn fact(&mut self, mapped: &RecordPlan, fact: &FactPlan, record: &Record, at: At) -> Result<(), String> {
        let field = mapped.customer.as_ref().ok_or("lacks its customer")?;
        let external_id = read(field, record, &mut self.work.scratch)?.as_text().ok_or("lacks its customer")?;
        let own = match &self.work.last {
            Some((last, id)) if last == external_id => *id,
            _ => {
                let id = self.id_key.customer(external_id);
                let (last, known) = self.work.last.get_or_insert_with(|| (String::new(), id));
                external_id.clone_into(last);
                *known = id;
                id
            }
        };
        let start = self.line.texts.len();
        self.line.texts.push_str(external_id);
        let external_id = start..self.line.texts.len();
        let (json, personal) = self.json(mapped, fact, record)?;
        self.work.builder.clear();
        let own_number = self.columns(fact, record, &at, &json)?;
        self.key(fact, record, own, &at)?;
        let Work { builder, key, scratch, .. } = &mut self.work;
        if !own_number {
            builder.put_first(key);
        }
        let source = match &fact.source {
            Some(field) => read(field, record, scratch)?.as_text(),
            None => None,
        };
        let customer = self.aliases.canonical(own);
        let start = self.line.bytes.len();
        let source = source.unwrap_or(&self.source);
        let head = Head { customer: customer.0, time: at.time, ordinal: at.ordinal, key, source };
        builder.finish(head, &mut self.line.bytes);
        let row = start..self.line.bytes.len();
        if let Some(properties) = personal {
            let fields = [("source", source), ("fact_key", key.as_str()), ("properties", properties.as_str())];
            let fields = fields.map(|(name, text)| (name.to_owned(), Value::Text(text.to_owned()))).into();
            let whose = Some((customer, self.line.texts[external_id.clone()].to_owned()));
            let free = serde_json::Map::new();
            self.line.rows.push((&PERSONAL, StoreRow { line: record.line, customer: whose, fields, free }));
        }
        let (target, fact_type) = (mapped.target, fact.fact_type);
        self.line.facts.push(Fact { target, fact_type, customer, row, external_id });
        Ok(())
    }

    /// What a fact's column of JSON holds, and what of it must stay in the store.
    fn json(
        &mut self,
        mapped: &RecordPlan,
        fact: &FactPlan,
        record: &Record,
    ) -> Result<(Cow<'static, str>, Option<String>), String> {
        if mapped.free.is_empty() {
            return Ok((Cow::Borrowed("{}"), None));
        }
        if fact.fact_type.name != EVENT.name {
            let free = self.free(mapped, record);
            return serde_json::to_string(&free)
                .map(|json| (json.into(), None))
                .map_err(|_| "holds what is no JSON".to_owned());
        }
        let Work { scratch, other, .. } = &mut self.work;
        let name = fact.columns.iter().find(|plan| plan.column.name == "name").and_then(|plan| plan.from.as_ref());
        let name = name.map_or(Ok(Cell::Null), |field| read(field, record, other))?.as_text().unwrap_or_default();
        let texts: Vec<(&str, String)> =
            mapped.free.iter().map(|free| (free.name.as_str(), free.text(record, scratch).to_owned())).collect();
        let parted = self.event_types.check_texts(name, texts.iter().map(|(key, text)| (*key, text.as_str())));
        let parted = parted.map_err(|faults| faults.first().map_or_else(String::new, ToString::to_string))?;
        Ok((parted.shared.into(), parted.personal))
    }

    /// Puts the columns of a fact into the builder. False when a decision's own number, the first, is left for the key.
    fn columns(&mut self, fact: &FactPlan, record: &Record, at: &At, json: &str) -> Result<bool, String> {
        let Work { builder, scratch, .. } = &mut self.work;
        let mut own_number = true;
        for plan in &fact.columns {
            let name = plan.column.name;
            if plan.column.kind == Kind::Json {
                builder.text(Some(json));
                continue;
            }
            let cell = match (&plan.from, at.status) {
                (_, Some(status)) if name == "status" => Cell::Text(status),
                // What is known today was not known when the contract began.
                (_, Some("started")) if ["reason", "paid_until"].contains(&name) => Cell::Null,
                (Some(field), _) => read(field, record, scratch)?,
                (None, _) => Cell::Null,
            };
            let cell = if cell == Cell::Null { plan.default.map_or(Cell::Null, Cell::Text) } else { cell };
            if cell == Cell::Text("") && name == "decision_key" {
                own_number = false;
                continue;
            }
            plan.check(cell)?;
            match (plan.column.kind, cell) {
                (Kind::Float, Cell::Float(number)) => builder.float(Some(number)),
                (Kind::Float, Cell::Int(number)) => builder.float(Some(number as f64)),
                (Kind::Text, Cell::Text(text)) => builder.text(Some(text)),
                (_, Cell::Int(number)) => builder.int(Some(number)),
                (_, _) => builder.int(None),
            }
        }
        Ok(own_number)
    }

    /// The fact's key: what the file gives, or what is made of the fact; see [`super::key`].
    fn key(&mut self, fact: &FactPlan, record: &Record, customer: CustomerId, at: &At) -> Result<(), String> {
        let Work { builder, key, scratch, other, .. } = &mut self.work;
        if let Some(given) = fact.key.as_ref().map(|field| read(field, record, scratch)).transpose()?
            && let Some(given) = given.as_text()
        {
            given.clone_into(key);
            return Ok(());
        }
        if let [first, second] = fact.key_parts[..]
            && let Some(first) = fact.columns[first].from.as_ref()
            && let Some(first) = read(first, record, scratch)?.as_text()
        {
            let instant = fact.instant_in_key.then_some(at.time);
            let second = match (at.status, &fact.columns[second].from) {
                (Some(status), _) => Some(status),
                (None, Some(field)) => read(field, record, other)?.as_text(),
                (None, None) => None,
            };
            key::of_parts(key, &[first, second.unwrap_or_default()], instant, at.nth);
            return Ok(());
        }
        key::of_content(key, customer.0, at.time, builder.values(), &mut self.memory.repetitions);
        Ok(())
    }
}

/// Which of the facts of a record it is.
struct At {
    time: i64,
    ordinal: u64,
    nth: u32,
    /// The status of a contract that the record does not say itself.
    status: Option<Why>,
}

/// Reads a field; its name stands in the reason.
fn read<'a>(field: &'a BoundField, record: &'a Record, scratch: &'a mut String) -> Result<Cell<'a>, String> {
    field.read(record, scratch).map_err(|why| format!("`{}` {why}", field.name))
}

impl ColumnPlan {
    /// What a type alone does not say: closed lists and ranges.
    fn check(&self, cell: Cell<'_>) -> Result<(), String> {
        let name = self.column.name;
        match (self.rule, cell) {
            (_, Cell::Null) if self.column.required => Err(format!("`{name}` is empty; it is required")),
            (Rule::OneOf(words), Cell::Text(text)) if !words.contains(&text) => {
                Err(format!("`{name}` is none of {}", words.join(", ")))
            }
            (Rule::NotNegative, Cell::Int(number)) if number < 0 => {
                Err("`quantity` or `amount` is below 0; a return is a record of its own".to_owned())
            }
            (Rule::Propensity, Cell::Float(p)) if p.is_nan() || p <= 0.0 || p > 1.0 => {
                Err("`propensity` is not above 0 and at most 1".to_owned())
            }
            (Rule::Share, Cell::Float(share)) if !(0.0..=1.0).contains(&share) => {
                Err(format!("`{name}` is not between 0 and 1"))
            }
            _ => Ok(()),
        }
    }
}
