//! The helpers that a template may call. None reads anything but its arguments and the message's locale, currency and zone.

use handlebars::{
    Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, RenderErrorReason, ScopedJson, html_escape,
    no_escape,
};
use serde_json::Value;

use super::locale::Locale;
use crate::clock::{self, Timestamp};
use crate::money::{Currency, Money};

/// What the engine brings and we allow: conditions, loops and comparisons.
const ENGINE: [&str; 13] = ["if", "unless", "each", "with", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not"];
/// What we add: name and form.
const OURS: [(&str, &str); 6] = [
    ("money", "{{money amount}}"),
    ("date", "{{date instant}}"),
    ("number", "{{number value}} or {{number value 2}}"),
    ("percent", "{{percent value}}"),
    ("plural", "{{plural n \"order\" \"orders\"}}, in Russian three forms"),
    ("url", "{{url address}}"),
];

/// Whether a template may call `name`.
pub(super) fn known(name: &str) -> bool {
    ENGINE.contains(&name) || OURS.iter().any(|(ours, _)| *ours == name)
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
    let ours: [(&str, Compute); 6] =
        [("money", money), ("date", date), ("number", number), ("percent", percent), ("plural", plural), ("url", url)];
    for (name, compute) in ours {
        engine.register_helper(name, Box::new(TextHelper { name, compute }));
    }
    engine
}

type Compute = fn(&[&Value], &Value) -> Result<String, String>;

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
        let arguments: Vec<&Value> = helper.params().iter().map(|param| param.value()).collect();
        (self.compute)(&arguments, context.data())
            .map(|text| ScopedJson::Derived(Value::String(text)))
            .map_err(|reason| RenderErrorReason::Other(format!("{}: {reason}", self.name)).into())
    }
}

fn locale(root: &Value) -> Locale {
    root["locale"].as_str().and_then(Locale::parse).unwrap_or(Locale::En)
}

fn only<'a>(arguments: &[&'a Value], form: &str) -> Result<&'a Value, String> {
    match arguments {
        [one] => Ok(one),
        _ => Err(format!("write {form}")),
    }
}

fn money(arguments: &[&Value], root: &Value) -> Result<String, String> {
    let amount =
        only(arguments, "{{money amount}}")?.as_i64().ok_or("the amount is not a whole number of minor units")?;
    let code = root["currency"].as_str().unwrap_or("EUR");
    let currency = Currency::parse(code).map_err(|error| error.to_string())?;
    Ok(locale(root).money(Money(amount), currency))
}

fn date(arguments: &[&Value], root: &Value) -> Result<String, String> {
    let text = only(arguments, "{{date instant}}")?.as_str().ok_or("the value is not a time")?;
    let at = Timestamp::parse(text).map_err(|error| error.to_string())?;
    let zone = clock::zone(root["zone"].as_str().unwrap_or("UTC")).map_err(|error| error.to_string())?;
    Ok(locale(root).date(at, &zone))
}

fn number(arguments: &[&Value], root: &Value) -> Result<String, String> {
    let form = "{{number value}} or {{number value 2}}";
    let (value, decimals) = match arguments {
        [value] => (value, 0),
        [value, decimals] => (value, decimals.as_u64().filter(|&d| d <= 6).ok_or(form)? as usize),
        _ => return Err(format!("write {form}")),
    };
    Ok(locale(root).number(value.as_f64().ok_or("the value is not a number")?, decimals))
}

fn percent(arguments: &[&Value], root: &Value) -> Result<String, String> {
    let value = only(arguments, "{{percent value}}")?.as_f64().ok_or("the value is not a number")?;
    let decimals = usize::from(value.fract().abs() > 1e-9);
    let locale = locale(root);
    let blank = if locale == Locale::Ru { "\u{a0}" } else { "" };
    Ok(format!("{}{blank}%", locale.number(value, decimals)))
}

fn plural(arguments: &[&Value], root: &Value) -> Result<String, String> {
    let locale = locale(root);
    let [n, forms @ ..] = arguments else { return Err("write {{plural n \"one\" \"other\"}}".into()) };
    let n = n.as_i64().ok_or("the number is not whole")?;
    if forms.len() != locale.plural_forms() {
        return Err(format!("`{}` needs {} forms of the word", locale.code(), locale.plural_forms()));
    }
    forms[locale.plural(n)].as_str().map(str::to_owned).ok_or_else(|| "the forms are texts in quotes".into())
}

/// Addresses that a message may hold; `javascript:` and its like are refused when the message is made.
fn url(arguments: &[&Value], _: &Value) -> Result<String, String> {
    let address = only(arguments, "{{url address}}")?.as_str().ok_or("the address is not a text")?;
    let good = ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| address.starts_with(scheme));
    if !good || address.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("the address must begin with https:, http:, mailto: or tel: and hold no blanks".into());
    }
    Ok(address.to_owned())
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
        assert_eq!(render("{{date at}}", false).unwrap(), "1\u{a0}февраля 2026\u{a0}г.");
        assert_eq!(render("{{number amount}} {{percent share}}", false).unwrap(), "123\u{a0}456 12,5\u{a0}%");
        assert_eq!(render("{{n}} {{plural n \"заказ\" \"заказа\" \"заказов\"}}", false).unwrap(), "22 заказа");
    }

    #[test]
    fn values_are_escaped_in_html_only_and_bad_addresses_are_refused() {
        assert_eq!(render("{{name}}", false).unwrap(), "<img src=x onerror=alert(1)>");
        assert!(render("{{name}}", true).unwrap().starts_with("&lt;img"));
        assert!(render("{{url good}}", true).unwrap().contains("&amp;y"));
        assert!(render("{{url bad}}", true).unwrap_err().contains("must begin with"));
        assert!(render("{{plural n \"a\" \"b\"}}", false).unwrap_err().contains("3 forms"));
        assert!(render("{{lookup this \"name\"}}", false).is_err());
        assert!(render("{{missing}}", false).is_err());
    }
}
