//! Running a program over one message's variables.

use std::cmp::Ordering;
use std::fmt::Write;

use serde_json::Number;

use super::{Comparison, LoopVariable, Node, Path, Program, Step, Term};
use crate::messages::helpers::{Argument, Ground};

/// The program cannot do it; the engine does, or says why it cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::messages) struct Unable;

impl Program {
    /// Writes the message of `root`, at most `cap` bytes.
    pub(in crate::messages) fn run(&self, root: &Node<'_>, ground: &Ground<'_>, cap: usize) -> Result<String, Unable> {
        let mut frames = Vec::with_capacity(self.depth);
        frames.push(Frame { value: root, index: 0, count: 0, key: None });
        let out = String::with_capacity(self.literal + self.literal / 4 + 128);
        let mut run = Run { frames, out, ground, cap, html: self.html, arguments: String::new() };
        run.steps(&self.steps)?;
        Ok(run.out)
    }
}

/// What names refer to inside a block, and where its loop is.
struct Frame<'n, 'a> {
    value: &'n Node<'a>,
    index: usize,
    count: usize,
    key: Option<&'n str>,
}

struct Run<'n, 'a, 'g> {
    frames: Vec<Frame<'n, 'a>>,
    out: String,
    ground: &'g Ground<'g>,
    cap: usize,
    html: bool,
    /// What a helper wrote, before it is escaped.
    arguments: String,
}

/// What a term gives.
enum Given<'n, 'a> {
    Node(&'n Node<'a>),
    Bool(bool),
    Number(Number),
    Key(&'n str),
    Text(String),
    Missing,
}

impl Given<'_, '_> {
    fn is_truthy(&self) -> bool {
        match self {
            Given::Node(node) => node.is_truthy(),
            Given::Bool(yes) => *yes,
            Given::Number(number) => number.as_f64().is_some_and(f64::is_normal),
            Given::Key(text) => !text.is_empty(),
            Given::Text(text) => !text.is_empty(),
            Given::Missing => false,
        }
    }

    fn argument(&self) -> Argument<'_> {
        match self {
            Given::Node(Node::Text(text)) => Argument::Text(text),
            Given::Node(Node::Number(number)) => Argument::Number(number.clone()),
            Given::Node(Node::Bool(yes)) => Argument::Bool(*yes),
            Given::Node(Node::Null) | Given::Missing => Argument::Null,
            Given::Node(_) => Argument::Other,
            Given::Bool(yes) => Argument::Bool(*yes),
            Given::Number(number) => Argument::Number(number.clone()),
            Given::Key(text) => Argument::Text(text),
            Given::Text(text) => Argument::Text(text),
        }
    }
}

impl<'n, 'a> Run<'n, 'a, '_> {
    fn steps(&mut self, steps: &'n [Step]) -> Result<(), Unable> {
        steps.iter().try_for_each(|step| match step {
            Step::Text(text) => self.write(text),
            Step::Show(term) => self.show(term),
            Step::If { term, wanted, then, otherwise } => {
                let holds = self.give(term)?.is_truthy() == *wanted;
                self.steps(if holds { then } else { otherwise })
            }
            Step::Each { list, frame, body, otherwise } => self.each(list, *frame, body, otherwise.as_deref()),
            Step::With { value, frame, body, otherwise } => match (self.path(value)?, otherwise) {
                (Some(value), _) if value.is_truthy() => {
                    self.enter(*frame, Frame { value, index: 0, count: 0, key: None });
                    self.steps(body)
                }
                (_, Some(otherwise)) => self.steps(otherwise),
                _ => Err(Unable),
            },
        })
    }

    fn each(
        &mut self,
        list: &Path,
        frame: usize,
        body: &'n [Step],
        otherwise: Option<&'n [Step]>,
    ) -> Result<(), Unable> {
        match self.path(list)? {
            Some(Node::List(nodes)) if !nodes.is_empty() || otherwise.is_none() => {
                for (index, value) in nodes.iter().enumerate() {
                    self.enter(frame, Frame { value, index, count: nodes.len(), key: None });
                    self.steps(body)?;
                }
                Ok(())
            }
            Some(Node::Object(fields)) if !fields.is_empty() || otherwise.is_none() => {
                for (index, (key, value)) in fields.iter().enumerate() {
                    self.enter(frame, Frame { value, index, count: fields.len(), key: Some(key.as_ref()) });
                    self.steps(body)?;
                }
                Ok(())
            }
            _ => self.steps(otherwise.ok_or(Unable)?),
        }
    }

    /// Frames are numbered by their nesting: what an inner block left behind is written over.
    fn enter(&mut self, at: usize, frame: Frame<'n, 'a>) {
        self.frames.truncate(at);
        self.frames.push(frame);
    }

    fn path(&self, path: &Path) -> Result<Option<&'n Node<'a>>, Unable> {
        let mut at = self.frames[path.frame].value;
        for key in &path.keys {
            let next = match at {
                Node::Object(_) => at.get(key),
                Node::List(list) => list.get(key.parse::<usize>().map_err(|_| Unable)?),
                _ => None,
            };
            match next {
                Some(next) => at = next,
                // A name below nothing is nothing; below a list it would be the engine's error, and is so above.
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    fn give(&mut self, term: &'n Term) -> Result<Given<'n, 'a>, Unable> {
        Ok(match term {
            Term::Path(path) => self.path(path)?.map_or(Given::Missing, Given::Node),
            Term::Loop(variable, frame) => self.loop_variable(*variable, *frame)?,
            Term::Literal(Node::Text(text)) => Given::Key(text),
            Term::Literal(Node::Number(number)) => Given::Number(number.clone()),
            Term::Literal(Node::Bool(yes)) => Given::Bool(*yes),
            Term::Literal(_) => return Err(Unable),
            Term::Call(..) => {
                let mut text = String::new();
                self.call(term, &mut text)?;
                Given::Text(text)
            }
            Term::Compare(comparison, pair) => {
                let (left, right) = (self.give(&pair[0])?, self.give(&pair[1])?);
                if matches!(left, Given::Missing) || matches!(right, Given::Missing) {
                    return Err(Unable);
                }
                Given::Bool(compare(*comparison, left.argument(), right.argument())?)
            }
            Term::Not(term) => match self.give(term)? {
                Given::Missing => return Err(Unable),
                given => Given::Bool(!given.is_truthy()),
            },
            // Every term is looked at, as the engine does: one that is wrong is wrong also behind one that decides.
            Term::All(terms) => {
                let mut holds = true;
                for term in terms {
                    holds &= self.give(term)?.is_truthy();
                }
                Given::Bool(holds)
            }
            Term::Any(terms) => {
                let mut holds = false;
                for term in terms {
                    holds |= self.give(term)?.is_truthy();
                }
                Given::Bool(holds)
            }
        })
    }

    fn loop_variable(&self, variable: LoopVariable, frame: usize) -> Result<Given<'n, 'a>, Unable> {
        let at = &self.frames[frame];
        Ok(match (variable, at.key) {
            (LoopVariable::Index, _) | (LoopVariable::Place, None) => Given::Number(Number::from(at.index)),
            (LoopVariable::First, _) => Given::Bool(at.index == 0),
            (LoopVariable::Last, _) => Given::Bool(at.index + 1 == at.count),
            (LoopVariable::Key | LoopVariable::Place, Some(key)) => Given::Key(key),
            (LoopVariable::Key, None) => return Err(Unable),
        })
    }

    fn call(&mut self, term: &'n Term, out: &mut String) -> Result<(), Unable> {
        let Term::Call(compute, terms) = term else { return Err(Unable) };
        // Most helpers take one value: no list on the heap for that.
        if let [one] = &terms[..] {
            let given = self.give(one)?;
            return compute(&[given.argument()], self.ground, out).map_err(|_| Unable);
        }
        let given = terms.iter().map(|term| self.give(term)).collect::<Result<Vec<_>, Unable>>()?;
        let arguments: Vec<Argument<'_>> = given.iter().map(Given::argument).collect();
        compute(&arguments, self.ground, out).map_err(|_| Unable)
    }

    fn show(&mut self, term: &'n Term) -> Result<(), Unable> {
        if let Term::Call(..) = term {
            let mut text = std::mem::take(&mut self.arguments);
            text.clear();
            let done = self.call(term, &mut text).and_then(|()| self.escaped(&text));
            self.arguments = text;
            return done;
        }
        match self.give(term)? {
            Given::Node(Node::Text(text)) => self.escaped(text),
            Given::Node(Node::Null) => Ok(()),
            Given::Node(Node::Number(number)) => self.number(number),
            Given::Node(Node::Bool(yes)) => self.write(if *yes { "true" } else { "false" }),
            Given::Bool(yes) => self.write(if yes { "true" } else { "false" }),
            // A list or an object in a text is a mistake that the engine shows in its own way.
            Given::Node(_) | Given::Missing => Err(Unable),
            Given::Number(number) => self.number(&number),
            Given::Key(text) => self.escaped(text),
            Given::Text(text) => self.escaped(&text),
        }
    }

    fn number(&mut self, number: &Number) -> Result<(), Unable> {
        write!(self.out, "{number}").map_err(|_| Unable)?;
        if self.out.len() > self.cap { Err(Unable) } else { Ok(()) }
    }

    fn write(&mut self, text: &str) -> Result<(), Unable> {
        if self.out.len() + text.len() > self.cap {
            return Err(Unable);
        }
        self.out.push_str(text);
        Ok(())
    }

    fn escaped(&mut self, text: &str) -> Result<(), Unable> {
        if !self.html {
            return self.write(text);
        }
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            let shown = match byte {
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                b'&' => "&amp;",
                b'\'' => "&#x27;",
                b'`' => "&#x60;",
                b'=' => "&#x3D;",
                _ => continue,
            };
            self.write(&text[plain..at])?;
            self.write(shown)?;
            plain = at + 1;
        }
        self.write(&text[plain..])
    }
}

/// Compares what compares the same everywhere: texts with texts, whole numbers with whole numbers, fractions with fractions.
fn compare(comparison: Comparison, left: Argument<'_>, right: Argument<'_>) -> Result<bool, Unable> {
    if let Comparison::Eq | Comparison::Ne = comparison {
        let same = match (&left, &right) {
            (Argument::Other, _) | (_, Argument::Other) => return Err(Unable),
            (left, right) => left == right,
        };
        return Ok(same == matches!(comparison, Comparison::Eq));
    }
    let order = match (&left, &right) {
        (Argument::Text(left), Argument::Text(right)) => left.cmp(right),
        (Argument::Bool(left), Argument::Bool(right)) => left.cmp(right),
        (Argument::Number(left), Argument::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ if left.is_f64() && right.is_f64() => left.as_f64().partial_cmp(&right.as_f64()).ok_or(Unable)?,
            _ => return Err(Unable),
        },
        _ => return Err(Unable),
    };
    Ok(match comparison {
        Comparison::Gt => order == Ordering::Greater,
        Comparison::Gte => order != Ordering::Less,
        Comparison::Lt => order == Ordering::Less,
        Comparison::Lte => order != Ordering::Greater,
        Comparison::Eq | Comparison::Ne => return Err(Unable),
    })
}
