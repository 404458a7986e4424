//! MJML becomes HTML once, when a campaign is applied; handlebars fills it in for each customer afterwards.
//!
//! The renderer recurses over elements, so their depth is bounded on the text before it sees them. `mj-include` is not followed:
//! a campaign's own parts come in by `{{> name}}`, which is done before.

use mrml::prelude::render::RenderOptions;

use super::include::Expanded;
use crate::error::Fault;

/// The deepest nesting of elements.
const MOST_DEPTH: usize = 64;
/// Elements of HTML that have no end tag.
const VOID: [&str; 8] = ["br", "img", "hr", "input", "link", "meta", "col", "wbr"];

/// The HTML of an MJML template, or what is wrong with it.
pub(super) fn compile(source: &Expanded) -> Result<Expanded, Fault> {
    if let Some(at) = too_deep(&source.text) {
        let (file, line) = source.origin(at);
        return Err(Fault::at("mjml", format!("elements are nested deeper than {MOST_DEPTH}"))
            .in_file(file)
            .on_line(line));
    }
    if let Some(at) = source.text.find("<mj-include") {
        let (file, line) = source.origin(at);
        return Err(Fault::at("mjml", "mj-include is not followed; use {{> name}} on a line of its own")
            .in_file(file)
            .on_line(line));
    }
    let refuse = |what: String| {
        let advice = "conditions and loops between elements stand in <mj-raw>";
        Fault::at("mjml", format!("{what}; {advice}")).in_file(&source.file)
    };
    let parsed = mrml::parse(&source.text).map_err(|error| refuse(format!("this does not parse: {error}")))?;
    // Fonts are not fetched from elsewhere: a reader who loads no pictures shall not be seen by a font either.
    let options = RenderOptions { fonts: Default::default(), ..RenderOptions::default() };
    let html = parsed.element.render(&options).map_err(|error| refuse(format!("this cannot be rendered: {error}")))?;
    Ok(Expanded::made(&source.file, html))
}

/// Where the nesting of elements goes beyond the bound.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, _) in text.match_indices('<') {
        let rest = &text[at + 1..];
        let end = rest.find('>').unwrap_or(rest.len());
        let tag = &rest[..end];
        let name: String =
            tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>().to_lowercase();
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !name.is_empty() && !tag.ends_with('/') && !VOID.contains(&name.as_str()) {
            depth += 1;
            if depth > MOST_DEPTH {
                return Some(at);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> Result<String, String> {
        compile(&Expanded::plain("a/en/mjml.hbs", text)).map(|made| made.text).map_err(|fault| fault.to_string())
    }

    #[test]
    fn mjml_becomes_html_and_keeps_what_handlebars_fills_in() {
        let made = html(
            "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{customer.first_name}}</mj-text>\
             <mj-button href=\"{{url links.offer}}\">{{#if offer}}{{offer.name}}{{/if}}</mj-button></mj-column></mj-section></mj-body></mjml>",
        )
        .unwrap();
        assert!(made.contains("Hi {{customer.first_name}}") && made.contains("href=\"{{url links.offer}}\""), "{made}");
        assert!(made.contains("{{#if offer}}{{offer.name}}{{/if}}") && !made.contains("<mj-"), "{made}");
        assert!(!made.contains("fonts.googleapis"), "{made}");
    }

    #[test]
    fn what_cannot_be_compiled_is_named() {
        assert!(html("<mjml><mj-body><mj-text>").unwrap_err().contains("a/en/mjml.hbs"));
        assert!(
            html("<mjml>\n<mj-include path=\"/etc/passwd\"/></mjml>")
                .unwrap_err()
                .starts_with("a/en/mjml.hbs:2: mjml: mj-include")
        );
        let deep = format!("<mjml><mj-body><mj-raw>{}", "<div>".repeat(50_000));
        assert!(html(&deep).unwrap_err().contains("deeper than 64"));
        assert!(html("<mjml><mj-head><mj-unknown/></mj-head></mjml>").is_err());
    }
}
