//! Pages by keyset: an opaque cursor says after which key to go on, so that rows added meanwhile neither repeat nor vanish.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::ids::IdKey;

/// Most items of a page.
pub const MOST: i64 = 1_000;

/// What a list may be asked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// How many items, 1 to 1000; 100 when absent.
    pub limit: Option<i64>,
}

/// One page.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl PageQuery {
    /// How many items.
    ///
    /// # Errors
    /// 422 outside 1..1000.
    pub fn limit(&self) -> Result<i64, Problem> {
        match self.limit.unwrap_or(100) {
            limit if (1..=MOST).contains(&limit) => Ok(limit),
            _ => Err(Problem::fault("limit", format!("must lie within 1..{MOST}"))),
        }
    }

    /// After which key.
    ///
    /// # Errors
    /// 422 for a cursor that we did not make, or made for another list.
    pub fn after(&self, key: &IdKey, list: &str) -> Result<Option<i64>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let refused = || Problem::fault("cursor", "is not a cursor of this list; send the `next` of the page before");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
        let bytes: [u8; 16] = bytes.try_into().map_err(|_| refused())?;
        let (id, check) = bytes.split_at(8);
        if check != key.hash63(list.as_bytes(), &[id]).to_be_bytes() {
            return Err(refused());
        }
        let mut eight = [0u8; 8];
        eight.copy_from_slice(id);
        Ok(Some(i64::from_be_bytes(eight)))
    }
}

impl<T> Page<T> {
    /// A page of up to `limit` items; a full one says how to go on after its last `id`.
    pub fn of(items: Vec<T>, limit: i64, key: &IdKey, list: &str, id: impl Fn(&T) -> i64) -> Page<T> {
        let full = i64::try_from(items.len()).is_ok_and(|count| count >= limit);
        let next = items.last().filter(|_| full).map(|last| {
            let id = id(last).to_be_bytes();
            let check = key.hash63(list.as_bytes(), &[&id]).to_be_bytes();
            URL_SAFE_NO_PAD.encode([id, check].concat())
        });
        Page { items, next }
    }

    /// Everything there is, as the only page.
    pub fn whole(items: Vec<T>) -> Page<T> {
        Page { items, next: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let key = IdKey([9; 16]);
        let page = Page::of(vec![3, 5], 2, &key, "customers", |id| *id);
        let query = PageQuery { cursor: page.next.clone(), limit: Some(2) };
        assert_eq!(query.after(&key, "customers").unwrap(), Some(5));
        assert!(query.after(&key, "audit").is_err());
        let tampered = PageQuery { cursor: page.next.map(|c| format!("B{}", &c[1..])), limit: None };
        assert!(tampered.after(&key, "customers").is_err());
        assert!(Page::of(vec![3], 2, &key, "customers", |id| *id).next.is_none());
        for limit in [0, -1, 1_000_000_000] {
            assert!(PageQuery { cursor: None, limit: Some(limit) }.limit().is_err());
        }
    }
}
