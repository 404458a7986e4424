//! Rows of bytes as Arrow columns, and back.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, Float64Builder, Int64Builder, RecordBatch, StringArray,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};

use super::damaged;
use super::row::{Head, Row, RowBuilder, Values};
use crate::error::{Error, Result};
use crate::history::facts::{FactType, Kind};

enum Column {
    Int(Int64Builder),
    Time(TimestampMicrosecondBuilder),
    Float(Float64Builder),
    /// Checked to be UTF-8 all at once, when the batch is made.
    Text(BinaryBuilder),
}

impl Column {
    fn new(kind: Kind) -> Column {
        match kind {
            Kind::Int | Kind::Money => Column::Int(Int64Builder::new()),
            Kind::Time => Column::Time(TimestampMicrosecondBuilder::new()),
            Kind::Float => Column::Float(Float64Builder::new()),
            Kind::Text | Kind::Json => Column::Text(BinaryBuilder::new()),
        }
    }

    /// Takes the next value of a row; none when the row is damaged.
    fn take(&mut self, values: &mut Values<'_>) -> Option<()> {
        match self {
            Column::Int(column) => column.append_option(values.int()?),
            Column::Time(column) => column.append_option(values.int()?),
            Column::Float(column) => column.append_option(values.int()?.map(|bits| f64::from_bits(bits as u64))),
            Column::Text(column) => column.append_option(values.text()?),
        }
        Some(())
    }

    fn finish(&mut self) -> Result<ArrayRef> {
        Ok(match self {
            Column::Int(column) => Arc::new(column.finish()),
            Column::Time(column) => Arc::new(column.finish().with_timezone("UTC")),
            Column::Float(column) => Arc::new(column.finish()),
            Column::Text(column) => {
                let (offsets, bytes, nulls) = column.finish().into_parts();
                Arc::new(StringArray::try_new(offsets, bytes, nulls).map_err(|error| damaged().caused_by(error))?)
            }
        })
    }
}

/// Collects rows of one type into Arrow batches.
pub struct Columns {
    fact_type: &'static FactType,
    common: [Column; 4],
    own: Vec<Column>,
    rows: usize,
}

impl Columns {
    /// No rows yet.
    pub fn new(fact_type: &'static FactType) -> Columns {
        Columns {
            fact_type,
            common: [Kind::Int, Kind::Time, Kind::Text, Kind::Text].map(Column::new),
            own: fact_type.columns.iter().map(|column| Column::new(column.kind)).collect(),
            rows: 0,
        }
    }

    /// How many rows are in.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Adds a row.
    pub fn push(&mut self, row: &Row<'_>) -> Result<()> {
        let [customer, time, source, key] = &mut self.common;
        if let (Column::Int(customer), Column::Time(time)) = (customer, time) {
            customer.append_value(row.customer);
            time.append_value(row.time);
        }
        if let (Column::Text(source), Column::Text(key)) = (source, key) {
            source.append_value(row.source);
            key.append_value(row.key);
        }
        let mut values = Values(row.values);
        self.rows += 1;
        self.own.iter_mut().try_for_each(|column| column.take(&mut values)).ok_or_else(damaged)
    }

    /// The batch; this one is empty afterwards.
    pub fn take(&mut self) -> Result<RecordBatch> {
        self.rows = 0;
        let arrays = self.common.iter_mut().chain(&mut self.own).map(Column::finish).collect::<Result<Vec<_>>>()?;
        RecordBatch::try_new(self.fact_type.schema(), arrays).map_err(|error| damaged().caused_by(error))
    }
}

/// Reads the rows of a sealed segment's batch, so that they can be compared with staged ones.
pub struct Rows<'a> {
    batch: &'a RecordBatch,
    /// The type's columns in the batch; none for one that the segment is too old to have.
    own: Vec<Option<&'a ArrayRef>>,
    builder: RowBuilder,
    bytes: Vec<u8>,
}

impl<'a> Rows<'a> {
    /// The rows of a batch that has the common columns first.
    pub fn new(batch: &'a RecordBatch, fact_type: &FactType) -> Rows<'a> {
        let own = fact_type.columns.iter().map(|column| batch.column_by_name(column.name)).collect();
        Rows { batch, own, builder: RowBuilder::default(), bytes: Vec::new() }
    }

    /// The row of this number.
    pub fn row(&mut self, at: usize) -> Result<Row<'_>> {
        for column in &self.own {
            put(&mut self.builder, *column, at)?;
        }
        let batch = self.batch;
        let head = Head {
            customer: batch.column(0).as_primitive::<Int64Type>().value(at),
            time: batch.column(1).as_primitive::<TimestampMicrosecondType>().value(at),
            ordinal: 0,
            source: batch.column(2).as_string::<i32>().value(at),
            key: batch.column(3).as_string::<i32>().value(at),
        };
        self.bytes.clear();
        self.builder.finish(head, &mut self.bytes);
        Row::read(&self.bytes).ok_or_else(damaged)
    }
}

fn put(builder: &mut RowBuilder, column: Option<&ArrayRef>, at: usize) -> Result<()> {
    let Some(column) = column else {
        builder.int(None);
        return Ok(());
    };
    let is_null = column.is_null(at);
    match column.data_type() {
        DataType::Int64 => builder.int((!is_null).then(|| column.as_primitive::<Int64Type>().value(at))),
        DataType::Timestamp(..) => {
            builder.int((!is_null).then(|| column.as_primitive::<TimestampMicrosecondType>().value(at)));
        }
        DataType::Float64 => builder.float((!is_null).then(|| column.as_primitive::<Float64Type>().value(at))),
        DataType::Utf8 => builder.text((!is_null).then(|| column.as_string::<i32>().value(at))),
        other => return Err(Error::internal(format!("history holds a column of type {other}"))),
    }
    Ok(())
}
