//! Which variables and helpers a compiled template uses, checked against the catalogue.

use std::collections::BTreeSet;

use handlebars::Path;
use handlebars::template::{BlockParam, HelperTemplate, Parameter, Template, TemplateElement};
use serde_json::Value;

use super::helpers;
use super::include::Expanded;
use crate::error::Fault;

/// Checks every name in `template`; `catalogue` holds each variable with a sample value. Returns the names used from the root.
pub(super) fn check(
    template: &Template,
    source: &Expanded,
    catalogue: &Value,
    faults: &mut Vec<Fault>,
) -> BTreeSet<String> {
    let mut walk =
        Walk { source, catalogue, faults, scopes: vec![Scope::of(Some(catalogue))], used: BTreeSet::new(), line: 1 };
    walk.template(template);
    walk.used
}

/// What the names of a block refer to. `None` where the sample holds nothing to tell it by (an empty list).
struct Scope<'a> {
    this: Option<&'a Value>,
    names: Vec<(String, Option<&'a Value>)>,
}

impl<'a> Scope<'a> {
    fn of(this: Option<&'a Value>) -> Scope<'a> {
        Scope { this, names: Vec::new() }
    }
}

struct Walk<'a, 'f> {
    source: &'f Expanded,
    catalogue: &'a Value,
    faults: &'f mut Vec<Fault>,
    scopes: Vec<Scope<'a>>,
    used: BTreeSet<String>,
    line: usize,
}

impl<'a> Walk<'a, '_> {
    fn fault(&mut self, key: &str, message: String) {
        let (file, line) = self.source.line(self.line);
        self.faults.push(Fault::at(key, message).in_file(file).on_line(line));
    }

    fn template(&mut self, template: &Template) {
        for (element, mapping) in template.elements.iter().zip(&template.mapping) {
            self.line = mapping.0;
            match element {
                TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
                TemplateElement::Expression(tag) | TemplateElement::HtmlExpression(tag) => self.expression(tag),
                TemplateElement::HelperBlock(tag) => self.block(tag),
                _ => self.fault("tag", "partials and decorators are not allowed".into()),
            }
        }
    }

    fn expression(&mut self, tag: &HelperTemplate) {
        let name = tag.name.as_name().unwrap_or_default().to_owned();
        if tag.params.is_empty() && tag.hash.is_empty() {
            self.variable(&name);
        } else {
            self.call(&name, tag);
        }
    }

    /// A helper with arguments, in a tag of its own or in parentheses.
    fn call(&mut self, name: &str, tag: &HelperTemplate) {
        if !helpers::known(name) {
            self.fault(name, format!("there is no helper `{name}`; allowed: {}", helpers::list()));
            return;
        }
        for parameter in tag.params.iter().chain(tag.hash.values()) {
            self.parameter(parameter);
        }
    }

    fn parameter(&mut self, parameter: &Parameter) -> Option<&'a Value> {
        match parameter {
            Parameter::Name(name) => self.variable(name),
            Parameter::Path(Path::Relative((_, raw)) | Path::Local((_, _, raw))) => self.variable(raw),
            Parameter::Literal(_) => None,
            Parameter::Subexpression(inner) => {
                if let TemplateElement::Expression(tag) = inner.as_element() {
                    self.expression(tag);
                }
                None
            }
            _ => None,
        }
    }

    fn block(&mut self, tag: &HelperTemplate) {
        let name = tag.name.as_name().unwrap_or_default().to_owned();
        if !matches!(name.as_str(), "if" | "unless" | "each" | "with") {
            self.fault(&name, format!("`{{{{#{name}}}}}` is not a block; allowed: if, unless, each, with"));
            return;
        }
        for parameter in tag.params.iter().skip(1).chain(tag.hash.values()) {
            self.parameter(parameter);
        }
        let Some(first) = tag.params.first() else {
            self.fault(&name, format!("name a variable: {{{{#{name} variable}}}}"));
            return;
        };
        let value = self.parameter(first);
        let inner = match name.as_str() {
            "each" => Some(value.and_then(element)),
            "with" => Some(value),
            _ => None,
        };
        if let Some(this) = inner {
            let mut scope = Scope::of(this);
            match &tag.block_param {
                Some(BlockParam::Single(one)) => scope.names.push((text(one), this)),
                Some(BlockParam::Pair((one, two))) => scope.names.extend([(text(one), this), (text(two), None)]),
                _ => {}
            }
            self.scopes.push(scope);
        }
        if let Some(template) = &tag.template {
            self.template(template);
        }
        if inner.is_some() {
            self.scopes.pop();
        }
        if let Some(inverse) = &tag.inverse {
            self.template(inverse);
        }
    }

    /// Looks a name up as the engine will; a name that leads nowhere is a fault.
    fn variable(&mut self, raw: &str) -> Option<&'a Value> {
        if matches!(raw, "@index" | "@first" | "@last" | "@key" | "this" | ".") {
            return self.scopes.last().and_then(|scope| scope.this);
        }
        let mut rest = raw;
        let mut level = self.scopes.len() - 1;
        while let Some(up) = rest.strip_prefix("../") {
            rest = up;
            level = level.saturating_sub(1);
        }
        let from_root = rest.strip_prefix("@root.").or_else(|| rest.strip_prefix("@root/"));
        rest = from_root.unwrap_or(rest);
        for prefix in ["this.", "this/", "./"] {
            rest = rest.strip_prefix(prefix).unwrap_or(rest);
        }
        let mut segments: Vec<&str> = rest.split(['.', '/']).collect();
        let mut at = if from_root.is_some() { Some(self.catalogue) } else { self.scopes[level].this };
        let named = self.scopes.iter().rev().flat_map(|scope| &scope.names).find(|(name, _)| name == segments[0]);
        if let Some((_, value)) = named.filter(|_| from_root.is_none() && rest == raw) {
            at = *value;
            segments.remove(0);
        } else if from_root.is_some() || level == 0 {
            self.used.insert(rest.to_owned());
        }
        for segment in segments {
            let present = at?;
            match present.get(segment) {
                Some(next) => at = Some(next),
                None => {
                    let allowed = names(present);
                    self.fault(raw, format!("there is no variable `{raw}`; allowed here: {allowed}"));
                    return None;
                }
            }
        }
        at
    }
}

fn text(parameter: &Parameter) -> String {
    parameter.as_name().unwrap_or_default().to_owned()
}

/// The first element of a list, or the first value of an object.
fn element(value: &Value) -> Option<&Value> {
    match value {
        Value::Array(list) => list.first(),
        Value::Object(map) => map.values().next(),
        _ => None,
    }
}

fn names(value: &Value) -> String {
    match value.as_object() {
        Some(map) if !map.is_empty() => map.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        _ => "nothing (it is a single value)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::context::catalogue;

    fn faults(text: &str) -> Vec<String> {
        let template = Template::compile(text).unwrap();
        let mut faults = Vec::new();
        check(&template, &Expanded::plain("a/en/text.hbs", text), &catalogue(), &mut faults);
        faults.into_iter().map(|fault| fault.to_string()).collect()
    }

    #[test]
    fn good_names_pass_in_every_scope() {
        for good in [
            "{{customer.first_name}} {{money offer.discount}} {{@root.sender.name}}",
            "{{#each offer.tiers}}{{money from}} {{this.discount}} {{@index}} {{../currency}} {{@root.locale}}{{/each}}",
            "{{#each products as |product i|}}{{product.name}} {{i}}{{/each}}",
            "{{#with offer}}{{name}}{{else}}{{sender.name}}{{/with}}",
            "{{#if (gt customer.orders 3)}}a{{else if offer.code}}{{offer.code}}{{else}}c{{/if}}",
        ] {
            assert_eq!(faults(good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn wrong_names_are_named_with_line_and_choice() {
        let found = faults("Hello\n{{customer.nme}}");
        assert!(found[0].starts_with("a/en/text.hbs:2: customer.nme: there is no variable"), "{found:?}");
        assert!(found[0].contains("first_name"), "{found:?}");
        assert!(faults("{{env \"HOME\"}}")[0].contains("no helper `env`"));
        assert!(faults("{{#each products}}{{customer.name}}{{/each}}")[0].contains("customer.name"));
        assert!(faults("{{#customer}}x{{/customer}}")[0].contains("not a block"));
        assert!(faults("{{money (len offer.code)}}")[0].contains("`len`"));
        assert!(!faults("{{> x}}").is_empty());
    }
}
