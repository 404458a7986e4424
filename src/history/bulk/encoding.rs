//! How the columns of a segment are written.

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

/// Rows of a row group: small enough that a few open writers stay within some tens of megabytes.
const ROW_GROUP: usize = 131_072;

/// Dictionaries for texts and numbers that repeat; the key, which never does, as the differences between neighbours. Statistics
/// of pages only where queries cut by them: customer and time. (Those of whole files tell a query that they follow one another.)
pub fn properties() -> WriterProperties {
    let ascending = |column_idx| SortingColumn { column_idx, descending: false, nulls_first: false };
    let column = |name: &str| ColumnPath::from(name);
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_statistics_enabled(column("customer_id"), EnabledStatistics::Page)
        .set_column_statistics_enabled(column("occurred_at"), EnabledStatistics::Page)
        .set_column_dictionary_enabled(column("fact_key"), false)
        .set_column_encoding(column("fact_key"), Encoding::DELTA_BYTE_ARRAY)
        // Customer, time, key: as the rows come.
        .set_sorting_columns(Some(vec![ascending(0), ascending(1), ascending(3)]))
        .build()
}
