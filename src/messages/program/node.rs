//! The variables of one message as templates walk them: texts stay where they stand in the stored JSON, and an object is a short list.
//!
//! A general JSON tree with its hash maps costs more to build and to drop than a whole message costs to write.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A JSON value that borrows from the text it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::messages) enum Node<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// Keys in the order of the text.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// What a name leads to where there is nothing.
const NOTHING: &Node<'static> = &Node::Null;

impl<'a> Node<'a> {
    /// The value under `key`; the last one counts where a key stands twice, as in any other reader.
    pub(in crate::messages) fn get(&self, key: &str) -> Option<&Node<'a>> {
        match self {
            Node::Object(fields) => fields.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value under `key`, null without one.
    pub(in crate::messages) fn at(&self, key: &str) -> &Node<'a> {
        self.get(key).unwrap_or(NOTHING)
    }

    pub(in crate::messages) fn get_mut(&mut self, key: &str) -> Option<&mut Node<'a>> {
        match self {
            Node::Object(fields) => fields.iter_mut().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Puts `value` under `key`; nothing happens to what is no object.
    pub(in crate::messages) fn set(&mut self, key: &'static str, value: Node<'a>) {
        if let Some(place) = self.get_mut(key) {
            *place = value;
        } else if let Node::Object(fields) = self {
            fields.push((Cow::Borrowed(key), value));
        }
    }

    pub(in crate::messages) fn as_str(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(in crate::messages) fn text(text: impl Into<Cow<'a, str>>) -> Node<'a> {
        Node::Text(text.into())
    }

    /// A view of a general tree.
    pub(in crate::messages) fn of(value: &'a Value) -> Node<'a> {
        match value {
            Value::Null => Node::Null,
            Value::Bool(yes) => Node::Bool(*yes),
            Value::Number(number) => Node::Number(number.clone()),
            Value::String(text) => Node::text(text.as_str()),
            Value::Array(list) => Node::List(list.iter().map(Node::of).collect()),
            Value::Object(map) => {
                Node::Object(map.iter().map(|(key, value)| (Cow::Borrowed(key.as_str()), Node::of(value))).collect())
            }
        }
    }

    /// The general tree, for the engine.
    pub(in crate::messages) fn to_value(&self) -> Value {
        match self {
            Node::Null => Value::Null,
            Node::Bool(yes) => Value::Bool(*yes),
            Node::Number(number) => Value::Number(number.clone()),
            Node::Text(text) => Value::from(text.as_ref()),
            Node::List(list) => Value::Array(list.iter().map(Node::to_value).collect()),
            Node::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| (key.clone().into_owned(), value.to_value()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// The same, owning its texts.
    pub(super) fn into_owned(self) -> Node<'static> {
        match self {
            Node::Null => Node::Null,
            Node::Bool(yes) => Node::Bool(yes),
            Node::Number(number) => Node::Number(number),
            Node::Text(text) => Node::Text(Cow::Owned(text.into_owned())),
            Node::List(list) => Node::List(list.into_iter().map(Node::into_owned).collect()),
            Node::Object(fields) => {
                let own = |(key, value): (Cow<'_, str>, Node<'_>)| (Cow::Owned(key.into_owned()), value.into_owned());
                Node::Object(fields.into_iter().map(own).collect())
            }
        }
    }

    /// Whether a condition holds for it, as the engine sees it.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Node::Null => false,
            Node::Bool(yes) => *yes,
            Node::Number(number) => number.as_f64().is_some_and(f64::is_normal),
            Node::Text(text) => !text.is_empty(),
            Node::List(list) => !list.is_empty(),
            Node::Object(fields) => !fields.is_empty(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Node<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node<'a>, D::Error> {
        deserializer.deserialize_any(Reader(std::marker::PhantomData))
    }
}

struct Reader<'a>(std::marker::PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
    type Value = Node<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node<'a>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Node<'a>, E> {
        Ok(Node::Bool(yes))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node<'a>, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node<'a>, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node<'a>, E> {
        Ok(Number::from_f64(number).map_or(Node::Null, Node::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'a>, E> {
        Ok(Node::text(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'a>, E> {
        Ok(Node::text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node<'a>, A::Error> {
        let mut nodes = Vec::with_capacity(list.size_hint().unwrap_or(4));
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'a>, A::Error> {
        let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(8));
        // A key is read as a node too: so that it borrows where nothing in it is escaped.
        while let Some((Node::Text(key), value)) = map.next_entry::<Node<'a>, Node<'a>>()? {
            fields.push((key, value));
        }
        Ok(Node::Object(fields))
    }
}
