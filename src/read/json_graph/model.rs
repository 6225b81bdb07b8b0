//! The parts of JSON files that are read; everything else is passed over without being kept.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::graph::Direction;

/// A value that is read if it is an object or a list.
#[derive(Default)]
pub(super) enum Collection<M, L> {
    Object(M),
    List(L),
    #[default]
    Other,
}

/// An object with nodes and edges.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Object {
    pub(super) directed: Option<Scalar>,
    /// The nodes, or in the second version of the JSON Graph Format an object with the data of each.
    pub(super) nodes: Collection<Item, Vec<Item>>,
    pub(super) links: Option<Vec<Item>>,
    pub(super) edges: Option<Vec<Item>>,
    /// The nodes and edges of Cytoscape.js, together or apart.
    pub(super) elements: Option<Collection<Elements, Vec<Item>>>,
    /// The graph of the JSON Graph Format; networkx has attributes here.
    pub(super) graph: Option<Box<Collection<Object, IgnoredAny>>>,
    pub(super) adjacency: Option<IgnoredAny>,
    /// The source, if this is an edge.
    pub(super) source: Option<IgnoredAny>,
}

/// The nodes and edges of Cytoscape.js.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Elements {
    pub(super) nodes: Vec<Item>,
    pub(super) edges: Vec<Item>,
}

/// The data of a node or an edge.
#[derive(Default, Deserialize)]
#[serde(from = "Scalar")]
pub(super) struct Item {
    entries: Vec<(String, Scalar)>,
}

/// A value of such data.
pub(super) enum Scalar {
    Text(String),
    Integer(String),
    Fraction(f64),
    Truth(bool),
    Null,
    /// An object, such as the node at the end of a link.
    Object(Item),
    List,
}

impl From<Scalar> for Item {
    fn from(value: Scalar) -> Self {
        if let Scalar::Object(item) = value { item } else { Item::default() }
    }
}

impl Item {
    pub(super) fn get(&self, name: &str) -> Option<&Scalar> {
        self.entries.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// Returns the names and values that are not objects or lists.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Scalar)> {
        let entries = self.entries.iter().map(|(name, value)| (name.as_str(), value));
        entries.filter(|(_, value)| !matches!(value, Scalar::Object(_) | Scalar::List))
    }

    /// Returns an item for each object within, with its name as the `id`.
    pub(super) fn into_items(self) -> Vec<Item> {
        let item = |(name, value): (String, Scalar)| {
            let mut item = Item::from(value);
            item.entries.retain(|(known, _)| known != "id");
            item.entries.push(("id".into(), Scalar::Text(name)));
            item
        };
        self.entries.into_iter().map(item).collect()
    }

    /// Returns the object `data` within, in which Cytoscape.js keeps all values, or this item itself.
    pub(super) fn data(mut self) -> Self {
        match self
            .entries
            .iter()
            .position(|(name, value)| name == "data" && matches!(value, Scalar::Object(_)))
        {
            Some(at) => match self.entries.swap_remove(at).1 {
                Scalar::Object(data) => data,
                _ => self,
            },
            None => self,
        }
    }
}

impl Scalar {
    /// Returns the value as a node id, or what was found instead.
    pub(super) fn id(&self) -> Result<String, String> {
        match self {
            Scalar::Text(text) | Scalar::Integer(text) => Ok(text.clone()),
            // D3 replaces the ends of links by the nodes.
            Scalar::Object(node) => match node.get("id") {
                Some(Scalar::Text(text) | Scalar::Integer(text)) => Ok(text.clone()),
                _ => Err("an object without an id".into()),
            },
            other => Err(other.shown().into_owned()),
        }
    }

    /// Returns the direction that the value of `directed` means.
    pub(super) fn direction(&self) -> Option<Direction> {
        match self {
            Scalar::Truth(true) => Some(Direction::Directed),
            Scalar::Truth(false) => Some(Direction::Undirected),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Scalar::Integer(text) => text.parse().ok(),
            Scalar::Fraction(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the value as the name of a node.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Scalar::Text(text) => text.into(),
            Scalar::Null | Scalar::Object(_) | Scalar::List => "".into(),
            other => other.shown(),
        }
    }

    /// Returns the value as a message shows it.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        match self {
            Scalar::Text(text) => format!("{text:?}").into(),
            Scalar::Integer(text) => text.into(),
            Scalar::Fraction(value) => value.to_string().into(),
            Scalar::Truth(truth) => truth.to_string().into(),
            Scalar::Null => "null".into(),
            Scalar::Object(_) => "an object".into(),
            Scalar::List => "a list".into(),
        }
    }
}

impl<'de, M: Deserialize<'de>, L: Deserialize<'de>> Deserialize<'de> for Collection<M, L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<M, L>(PhantomData<(M, L)>);
        impl<'de, M: Deserialize<'de>, L: Deserialize<'de>> Visitor<'de> for Any<M, L> {
            type Value = Collection<M, L>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                M::deserialize(MapAccessDeserializer::new(map)).map(Collection::Object)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                L::deserialize(SeqAccessDeserializer::new(list)).map(Collection::List)
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Collection::Other)
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Collection::Other)
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Collection::Other)
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Collection::Other)
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Collection::Other)
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Collection::Other)
            }
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Scalar::Object(Item { entries }))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::List)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Truth(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Integer(value.to_string()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar::Integer(value.to_string()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar::Fraction(value))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.to_string()))
            }

            fn visit_string<E: Error>(self, value: String) -> Result<Scalar, E> {
                Ok(Scalar::Text(value))
            }

            fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
                Ok(Scalar::Null)
            }
        }
        deserializer.deserialize_any(Any)
    }
}
