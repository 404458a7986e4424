//! From what the engine has parsed to steps. Names are resolved here as the engine resolves them at each message; what is not known
//! for certain gives no program.

use handlebars::template::{BlockParam, HelperTemplate, Parameter, Template, TemplateElement};
use handlebars::{Path as Parsed, PathSeg};

use super::{Comparison, LoopVariable, Node, Path, Program, Step, Term};
use crate::messages::helpers;

impl Program {
    /// The program of a checked template; `None` where it uses what only the engine knows.
    pub(in crate::messages) fn compile(template: &Template, html: bool) -> Option<Program> {
        let root = Scope { locals: None, names: Vec::new() };
        let mut compiler = Compiler { scopes: vec![root], literal: 0, depth: 1, html };
        let steps = compiler.steps(template)?;
        Some(Program { steps, literal: compiler.literal, depth: compiler.depth, html })
    }
}

/// A block that changes what names refer to. Its place in the list is its frame.
struct Scope {
    /// The loop whose `@index` and their like are seen here.
    locals: Option<usize>,
    /// Names given by `as |item place|`.
    names: Vec<(String, Named)>,
}

#[derive(Clone, Copy)]
enum Named {
    Item,
    Place,
}

struct Compiler {
    scopes: Vec<Scope>,
    literal: usize,
    depth: usize,
    html: bool,
}

/// Where a path begins.
enum Start {
    Frame(usize),
    Place(usize),
}

impl Compiler {
    fn steps(&mut self, template: &Template) -> Option<Box<[Step]>> {
        let mut steps = Vec::with_capacity(template.elements.len());
        for element in &template.elements {
            match element {
                TemplateElement::RawString(text) => {
                    self.literal += text.len();
                    steps.push(Step::Text(text.as_str().into()));
                }
                TemplateElement::Comment(_) => {}
                TemplateElement::Expression(tag) => steps.push(Step::Show(self.expression(tag)?)),
                // Nothing is escaped in a text.
                TemplateElement::HtmlExpression(tag) if !self.html => steps.push(Step::Show(self.expression(tag)?)),
                TemplateElement::HelperBlock(tag) => steps.push(self.block(tag)?),
                // Unescaped output in HTML, partials, decorators: refused before.
                _ => return None,
            }
        }
        Some(steps.into())
    }

    /// A tag, or what stands in parentheses.
    fn expression(&mut self, tag: &HelperTemplate) -> Option<Term> {
        if !tag.hash.is_empty() || tag.block || tag.block_param.is_some() {
            return None;
        }
        let name = tag.name.as_name().unwrap_or_default();
        if tag.params.is_empty() {
            // The engine takes a name that a helper has for a call, which then lacks its arguments.
            return if helpers::known(name) { None } else { self.term(&tag.name) };
        }
        let mut terms = tag.params.iter().map(|parameter| self.term(parameter)).collect::<Option<Vec<Term>>>()?;
        let comparison = match name {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "gt" => Comparison::Gt,
            "gte" => Comparison::Gte,
            "lt" => Comparison::Lt,
            "lte" => Comparison::Lte,
            "and" => return Some(Term::All(terms.into())),
            "or" => return Some(Term::Any(terms.into())),
            "not" if terms.len() == 1 => return terms.pop().map(|term| Term::Not(Box::new(term))),
            _ => return helpers::ours(name).map(|compute| Term::Call(compute, terms.into())),
        };
        let pair: [Term; 2] = terms.try_into().ok()?;
        Some(Term::Compare(comparison, Box::new(pair)))
    }

    fn term(&mut self, parameter: &Parameter) -> Option<Term> {
        match parameter {
            Parameter::Path(path) => self.path(path),
            Parameter::Literal(value) => Some(Term::Literal(Node::of(value).into_owned())),
            Parameter::Subexpression(inner) => match inner.as_element() {
                TemplateElement::Expression(tag) if !tag.params.is_empty() => self.expression(tag),
                _ => None,
            },
            _ => None,
        }
    }

    fn block(&mut self, tag: &HelperTemplate) -> Option<Step> {
        let ([first], true) = (&tag.params[..], tag.hash.is_empty()) else { return None };
        let name = tag.name.as_name().unwrap_or_default();
        let body = tag.template.as_ref()?;
        match name {
            "if" | "unless" if tag.block_param.is_none() => {
                let term = self.term(first)?;
                let then = self.steps(body)?;
                let otherwise = tag.inverse.as_ref().map(|inverse| self.steps(inverse)).unwrap_or(Some([].into()))?;
                Some(Step::If { term, wanted: name == "if", then, otherwise })
            }
            "each" | "with" => {
                let Term::Path(list) = self.term(first)? else { return None };
                let otherwise = match &tag.inverse {
                    Some(inverse) => Some(self.steps(inverse)?),
                    None => None,
                };
                let frame = self.scopes.len();
                let names = names(tag.block_param.as_ref(), name == "each")?;
                // A loop has variables of its own, `with` sees those around it.
                let locals = if name == "each" { Some(frame) } else { self.scopes[frame - 1].locals };
                self.scopes.push(Scope { locals, names });
                self.depth = self.depth.max(self.scopes.len());
                let body = self.steps(body);
                self.scopes.pop();
                let body = body?;
                Some(match name {
                    "each" => Step::Each { list, frame, body, otherwise },
                    _ => Step::With { value: list, frame, body, otherwise },
                })
            }
            _ => None,
        }
    }

    fn path(&self, path: &Parsed) -> Option<Term> {
        let segments = match path {
            Parsed::Local((level, name, _)) => {
                let scope = self.scopes.len().checked_sub(1 + level)?;
                let variable = match name.as_str() {
                    "index" => LoopVariable::Index,
                    "first" => LoopVariable::First,
                    "last" => LoopVariable::Last,
                    "key" => LoopVariable::Key,
                    _ => return None,
                };
                return Some(Term::Loop(variable, self.scopes[scope].locals?));
            }
            Parsed::Relative((segments, _)) => segments,
        };
        let mut ups = 0;
        let mut root = false;
        let mut keys: Vec<Box<str>> = Vec::new();
        for segment in segments {
            match segment {
                PathSeg::Named(name) => keys.push(name.as_str().into()),
                // The rules of the engine's grammar have no public name.
                PathSeg::Ruled(rule) => match format!("{rule:?}").as_str() {
                    "path_up" if keys.is_empty() && !root => ups += 1,
                    "path_root" if keys.is_empty() && ups == 0 => root = true,
                    _ => return None,
                },
                _ => return None,
            }
        }
        if root {
            return Some(Term::Path(Path { frame: 0, keys: keys.into() }));
        }
        match self.start(ups, &mut keys) {
            Start::Frame(frame) => Some(Term::Path(Path { frame, keys: keys.into() })),
            Start::Place(frame) if keys.is_empty() => Some(Term::Loop(LoopVariable::Place, frame)),
            Start::Place(_) => None,
        }
    }

    /// The names of blocks come first, whatever the `../` before them; then as many scopes up, and the innermost where there are not
    /// so many.
    fn start(&self, ups: usize, keys: &mut Vec<Box<str>>) -> Start {
        if let Some(first) = keys.first() {
            for (frame, scope) in self.scopes.iter().enumerate().rev() {
                if let Some((_, named)) = scope.names.iter().find(|(name, _)| **name == **first) {
                    keys.remove(0);
                    return match named {
                        Named::Item => Start::Frame(frame),
                        Named::Place => Start::Place(frame),
                    };
                }
            }
        }
        let innermost = self.scopes.len() - 1;
        Start::Frame(innermost.checked_sub(ups).unwrap_or(innermost))
    }
}

/// The names that a block gives; only a loop has two.
fn names(given: Option<&BlockParam>, looping: bool) -> Option<Vec<(String, Named)>> {
    let text = |parameter: &Parameter| match parameter {
        Parameter::Name(name) => Some(name.clone()),
        _ => None,
    };
    Some(match given {
        None => Vec::new(),
        Some(BlockParam::Single(item)) => vec![(text(item)?, Named::Item)],
        Some(BlockParam::Pair((item, place))) if looping => {
            let (item, place) = (text(item)?, text(place)?);
            if item == place {
                return None;
            }
            vec![(item, Named::Item), (place, Named::Place)]
        }
        Some(_) => return None,
    })
}
