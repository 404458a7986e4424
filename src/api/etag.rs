//! Versions of what is edited: an answer carries its ETag, an edit must send it back in If-Match.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::IF_MATCH;

use super::problem::Problem;

/// The ETag of a version.
pub fn of(version: i64) -> String {
    format!("\"{version}\"")
}

/// What an edit expects to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// No If-Match was sent: good for making something new only.
    Nothing,
    /// If-Match: any version.
    Any,
    /// If-Match: one of these ETags.
    OneOf(Vec<String>),
}

/// Reads If-Match.
pub fn expected(req: &HttpRequest) -> Expected {
    let Some(value) = req.headers().get(IF_MATCH).and_then(|value| value.to_str().ok()) else {
        return Expected::Nothing;
    };
    if value.trim() == "*" {
        return Expected::Any;
    }
    Expected::OneOf(value.split(',').map(|tag| tag.trim().to_owned()).collect())
}

impl Expected {
    /// Whether an edit may go on, given the version there is now.
    ///
    /// # Errors
    /// 428 when an edit sends no If-Match; 412 when the version is another one, or there is none.
    pub fn check(&self, current: Option<i64>) -> Result<(), Problem> {
        let stale = |detail: &str| Err(Problem::new(StatusCode::PRECONDITION_FAILED, detail));
        match (self, current) {
            (Expected::Nothing, None) | (Expected::Any, Some(_)) => Ok(()),
            (Expected::Nothing, Some(_)) => Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "this exists already; GET it and send its ETag in If-Match, so that nobody's change is lost",
            )),
            (Expected::Any | Expected::OneOf(_), None) => stale("If-Match was sent, but there is nothing here yet"),
            (Expected::OneOf(tags), Some(version)) if tags.contains(&of(version)) => Ok(()),
            (Expected::OneOf(_), Some(_)) => {
                stale("somebody has changed this in the meantime; GET it again and decide anew")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_names_the_version_it_saw() {
        let status = |expected: Expected, current| expected.check(current).err().map(|p| p.status().as_u16());
        assert_eq!(status(Expected::Nothing, None), None);
        assert_eq!(status(Expected::Nothing, Some(3)), Some(428));
        assert_eq!(status(Expected::OneOf(vec!["\"3\"".into()]), Some(3)), None);
        assert_eq!(status(Expected::OneOf(vec!["\"2\"".into()]), Some(3)), Some(412));
        assert_eq!(status(Expected::Any, Some(3)), None);
        assert_eq!(status(Expected::Any, None), Some(412));
    }
}
