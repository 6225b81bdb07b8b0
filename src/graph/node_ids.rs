//! Node ids: any strings, numbered.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// The ids of nodes, numbered in the order in which they first appear.
///
/// The ids stand in one string; looking one up takes O(1), naming one O(1).
#[derive(Clone, Default)]
pub struct NodeIds {
    text: String,
    ends: Vec<usize>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl NodeIds {
    /// The number of ids.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The id of node `index`, which must be below [`NodeIds::len`].
    pub fn id(&self, index: u32) -> &str {
        slice(&self.text, &self.ends, index)
    }

    /// The number of the node called `id`.
    pub fn index(&self, id: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        self.table.find(hash, |&index| self.id(index) == id).copied()
    }

    /// The number of the node called `id`, which is the next free one if it is new.
    pub fn intern(&mut self, id: &str) -> u32 {
        if let Some(index) = self.index(id) {
            return index;
        }
        let index = self.ends.len() as u32;
        self.text.push_str(id);
        self.ends.push(self.text.len());
        let NodeIds { text, ends, table, hasher } = self;
        let hash_of = |&other: &u32| hasher.hash_one(slice(text, ends, other));
        table.insert_unique(hasher.hash_one(id), index, hash_of);
        index
    }

    /// The ids in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|index| self.id(index))
    }
}

impl std::fmt::Debug for NodeIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

fn slice<'a>(text: &'a str, ends: &[usize], index: u32) -> &'a str {
    let index = index as usize;
    let start = if index == 0 { 0 } else { ends[index - 1] };
    &text[start..ends[index]]
}
