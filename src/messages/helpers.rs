//! The helpers that a template may call. None reads anything but its arguments and the message's locale, currency and zone.

use handlebars::{
    Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, RenderErrorReason, ScopedJson, html_escape,
    no_escape,
};
use serde_json::{Number, Value};

use super::locale::Locale;
use crate::clock::{self, Timestamp};
use crate::money::{Currency, Money};

/// What the engine brings and we allow: conditions, loops and comparisons.
const ENGINE: [&str; 13] = ["if", "unless", "each", "with", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not"];
/// What we add.
const OURS: [(&str, Compute); 6] =
    [("money", money), ("date", date), ("number", number), ("percent", percent), ("plural", plural), ("url", url)];

/// Whether a template may call `name`.
pub(super) fn known(name: &str) -> bool {
    ENGINE.contains(&name) || OURS.iter().any(|(ours, _)| *ours == name)
}

/// What computes the helper `name`, when it is one of ours.
pub(super) fn ours(name: &str) -> Option<Compute> {
    OURS.iter().find(|(ours, _)| *ours == name).map(|(_, compute)| *compute)
}

/// All helpers, for an error that says what is allowed.
pub(super) fn list() -> String {
    ENGINE.iter().copied().chain(OURS.iter().map(|(name, _)| *name)).collect::<Vec<_>>().join(", ")
}

/// An engine with our helpers, strict about variables; `html` escapes every value.
pub(super) fn engine(html: bool) -> Handlebars<'static> {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.set_prevent_indent(true);
    engine.register_escape_fn(if html { html_escape } else { no_escape });
    for name in ["lookup", "log", "raw"] {
        engine.unregister_helper(name);
    }
    for (name, compute) in OURS {
        engine.register_helper(name, Box::new(TextHelper { name, compute }));
    }
    engine
}

/// Writes what a helper makes of its arguments.
pub(super) type Compute = fn(&[Argument<'_>], &Ground<'_>, &mut String) -> Result<(), String>;

/// A value as helpers see it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Argument<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(&'a str),
    /// A list or an object; no helper takes one.
    Other,
}

impl<'a> Argument<'a> {
    fn of(value: &'a Value) -> Argument<'a> {
        match value {
            Value::Null => Argument::Null,
            Value::Bool(yes) => Argument::Bool(*yes),
            Value::Number(number) => Argument::Number(number.clone()),
            Value::String(text) => Argument::Text(text),
            Value::Array(_) | Value::Object(_) => Argument::Other,
        }
    }

    fn number(&self) -> Option<&Number> {
        match self {
            Argument::Number(number) => Some(number),
            _ => None,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        self.number()?.as_i64()
    }

    fn as_f64(&self) -> Option<f64> {
        self.number()?.as_f64()
    }

    fn as_str(&self) -> Option<&'a str> {
        match self {
            Argument::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What of a message its helpers read besides their arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    locale: &'static Locale,
    currency: &'a str,
    zone: &'a str,
}

impl<'a> Ground<'a> {
    /// The ground of a message with these variables, as they stand at its root.
    pub(super) fn new(locale: Option<&str>, currency: Option<&'a str>, zone: Option<&'a str>) -> Ground<'a> {
        Ground {
            locale: locale.and_then(Locale::of).unwrap_or_else(Locale::english),
            currency: currency.unwrap_or("EUR"),
            zone: zone.unwrap_or("UTC"),
        }
    }
}

/// A helper that turns its arguments into a text, which the engine then escapes.
struct TextHelper {
    name: &'static str,
    compute: Compute,
}

impl HelperDef for TextHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let arguments: Vec<Argument<'_>> = helper.params().iter().map(|param| Argument::of(param.value())).collect();
        let root = context.data();
        let ground = Ground::new(root["locale"].as_str(), root["currency"].as_str(), root["zone"].as_str());
        let mut text = String::new();
        (self.compute)(&arguments, &ground, &mut text)
            .map(|()| ScopedJson::Derived(Value::String(text)))
            .map_err(|reason| RenderErrorReason::Other(format!("{}: {reason}", self.name)).into())
    }
}

fn only<'a, 'b>(arguments: &'b [Argument<'a>], form: &str) -> Result<&'b Argument<'a>, String> {
    match arguments {
        [one] => Ok(one),
        _ => Err(format!("write {form}")),
    }
}

fn money(arguments: &[Argument<'_>], ground: &Ground<'_>, out: &mut String) -> Result<(), String> {
    let amount =
        only(arguments, "{{money amount}}")?.as_i64().ok_or("the amount is not a whole number of minor units")?;
    let currency = Currency::parse(ground.currency).map_err(|error| error.to_string())?;
    out.push_str(&ground.locale.money(Money(amount), currency));
    Ok(())
}

fn date(arguments: &[Argument<'_>], ground: &Ground<'_>, out: &mut String) -> Result<(), String> {
    let text = only(arguments, "{{date instant}}")?.as_str().ok_or("the value is not a time")?;
    let at = Timestamp::parse(text).map_err(|error| error.to_string())?;
    let zone = clock::zone(ground.zone).map_err(|error| error.to_string())?;
    out.push_str(&ground.locale.date(at, &zone));
    Ok(())
}

fn number(arguments: &[Argument<'_>], ground: &Ground<'_>, out: &mut String) -> Result<(), String> {
    let form = "{{number value}} or {{number value 2}}";
    let (value, decimals) = match arguments {
        [value] => (value, 0),
        [value, decimals] => {
            (value, decimals.number().and_then(Number::as_u64).filter(|&d| d <= 6).ok_or(form)? as usize)
        }
        _ => return Err(format!("write {form}")),
    };
    out.push_str(&ground.locale.number(value.as_f64().ok_or("the value is not a number")?, decimals));
    Ok(())
}

fn percent(arguments: &[Argument<'_>], ground: &Ground<'_>, out: &mut String) -> Result<(), String> {
    let value = only(arguments, "{{percent value}}")?.as_f64().ok_or("the value is not a number")?;
    let decimals = usize::from(value.fract().abs() > 1e-9);
    out.push_str(&ground.locale.percent(value, decimals));
    Ok(())
}

fn plural(arguments: &[Argument<'_>], ground: &Ground<'_>, out: &mut String) -> Result<(), String> {
    let locale = ground.locale;
    let [n, forms @ ..] = arguments else { return Err("write {{plural n \"one\" \"other\"}}".into()) };
    let n = n.as_i64().ok_or("the number is not whole")?;
    let wanted = locale.plural_forms();
    if forms.len() != wanted {
        let (tag, s, names) = (locale.tag(), if wanted == 1 { "" } else { "s" }, locale.plural_names());
        return Err(format!("`{tag}` needs {wanted} form{s} of the word: {names}"));
    }
    out.push_str(forms[locale.plural(n)].as_str().ok_or("the forms are texts in quotes")?);
    Ok(())
}

/// Addresses that a message may hold; `javascript:` and its like are refused when the message is made.
fn url(arguments: &[Argument<'_>], _: &Ground<'_>, out: &mut String) -> Result<(), String> {
    let address = only(arguments, "{{url address}}")?.as_str().ok_or("the address is not a text")?;
    let good = ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| address.starts_with(scheme));
    if !good || address.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("the address must begin with https:, http:, mailto: or tel: and hold no blanks".into());
    }
    out.push_str(address);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(template: &str, html: bool) -> Result<String, String> {
        let root = json!({
            "locale": "ru", "currency": "EUR", "zone": "Europe/Sofia", "n": 22, "amount": 123456,
            "at": "2026-01-31T23:30:00Z", "share": 12.5, "bad": "javascript:alert(1)", "good": "https://a.example/?x=1&y=2",
            "name": "<img src=x onerror=alert(1)>",
        });
        engine(html).render_template(template, &root).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_written_in_the_messages_locale() {
        assert_eq!(render("{{money amount}}", false).unwrap(), "1\u{a0}234,56\u{a0}€");
        assert_eq!(render("{{date at}}", false).unwrap(), "1 февраля 2026\u{202f}г.");
        assert_eq!(render("{{number amount}} {{percent share}}", false).unwrap(), "123\u{a0}456 12,5\u{a0}%");
        assert_eq!(render("{{n}} {{plural n \"заказ\" \"заказа\" \"заказов\"}}", false).unwrap(), "22 заказа");
    }

    #[test]
    fn values_are_escaped_in_html_only_and_bad_addresses_are_refused() {
        assert_eq!(render("{{name}}", false).unwrap(), "<img src=x onerror=alert(1)>");
        assert!(render("{{name}}", true).unwrap().starts_with("&lt;img"));
        assert!(render("{{url good}}", true).unwrap().contains("&amp;y"));
        assert!(render("{{url bad}}", true).unwrap_err().contains("must begin with"));
        assert!(render("{{plural n \"a\" \"b\"}}", false).unwrap_err().contains("3 forms of the word: one, few, many"));
        assert!(render("{{lookup this \"name\"}}", false).is_err());
        assert!(render("{{missing}}", false).is_err());
    }
}
