//! Node ids: arbitrary strings, numbered.
//!
//! Written by hand although crates for string interning exist, because ids are interned on all threads here,
//! and their numbers do not depend on the number of threads.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use rayon::prelude::*;

/// The number of shards, each used by one thread at a time. There are more shards than threads, so that all
/// threads finish together, and enough that a shard of a million ids fits into the cache of a core.
const NUM_SHARDS: usize = 64;

/// The ids of nodes, numbered in the order in which they first appear.
///
/// The ids of a shard are stored in one string. Looking up an id or a number takes O(1) time.
///
/// # Examples
/// ```
/// use vgae::graph::NodeIds;
///
/// let mut nodes = NodeIds::default();
/// assert_eq!((nodes.intern("ann"), nodes.intern("bob"), nodes.intern("ann")), (0, 1, 0));
/// assert_eq!((nodes.len(), nodes.id(1), nodes.index("cid")), (2, "bob", None));
/// assert_eq!(nodes.iter().collect::<Vec<_>>(), ["ann", "bob"]);
/// ```
#[derive(Clone)]
pub struct NodeIds {
    shards: Vec<Shard>,
    places: Vec<Place>,
    hasher: DefaultHashBuilder,
}

/// The location of an id.
#[derive(Clone, Copy)]
struct Place {
    shard: u32,
    local: u32,
}

/// The ids whose hashes begin with the same bits.
#[derive(Clone, Default)]
struct Shard {
    text: String,
    ends: Vec<usize>,
    /// The number of each id among those of all shards.
    numbers: Vec<u32>,
    table: HashTable<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    hash: u32,
    local: u32,
}

/// The ids in a text, in order, which [`NodeIds::intern_all`] numbers.
#[derive(Clone)]
pub(crate) struct Mentions {
    shards: Vec<Vec<Mention>>,
    count: u32,
    hasher: DefaultHashBuilder,
}

/// An id in a text.
#[derive(Clone, Copy)]
struct Mention {
    hash: u32,
    start: u32,
    end: u32,
    /// The number of mentions before it in the text.
    position: u32,
}

impl Default for NodeIds {
    fn default() -> Self {
        NodeIds {
            shards: vec![Shard::default(); NUM_SHARDS],
            places: Vec::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl NodeIds {
    /// Returns the number of ids.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns `true` if there are no ids.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns the id of node `index`, which must be below [`NodeIds::len`].
    pub fn id(&self, index: u32) -> &str {
        let Place { shard, local } = self.places[index as usize];
        self.shards[shard as usize].id(local)
    }

    /// Returns the number of the node called `id`, if there is one.
    pub fn index(&self, id: &str) -> Option<u32> {
        let hash = hash(&self.hasher, id);
        let shard = &self.shards[shard_of(hash)];
        shard.find(hash, id).map(|local| shard.numbers[local as usize])
    }

    /// Returns the number of the node called `id`; a new id gets the next free number.
    pub fn intern(&mut self, id: &str) -> u32 {
        let hash = hash(&self.hasher, id);
        let shard = &mut self.shards[shard_of(hash)];
        let num_known = shard.ends.len();
        let local = shard.find_or_insert(hash, id);
        if shard.ends.len() > num_known {
            shard.numbers.push(self.places.len() as u32);
            self.places.push(Place { shard: shard_of(hash) as u32, local });
        }
        shard.numbers[local as usize]
    }

    /// Returns an empty list of mentions of ids to be interned here.
    pub(crate) fn mentions(&self) -> Mentions {
        let shards = (0..NUM_SHARDS).map(|_| Vec::new()).collect();
        Mentions { shards, count: 0, hasher: self.hasher.clone() }
    }

    /// Interns the ids mentioned in each text on all threads. Returns the numbers that [`NodeIds::intern`]
    /// would give to the mentions of all texts in order. O(mentions) time and memory.
    pub(crate) fn intern_all(&mut self, texts: &[(&str, &Mentions)]) -> Vec<Vec<u32>> {
        let num_known = self.places.len();
        let interned: Vec<(Vec<Vec<u32>>, Vec<New>)> = self
            .shards
            .par_iter_mut()
            .enumerate()
            .map(|(at, shard)| {
                let mut new = Vec::new();
                let locals = texts.iter().enumerate().map(|(text_at, &(text, mentions))| {
                    shard.intern_all(text, &mentions.shards[at], |local, position| {
                        let place = Place { shard: at as u32, local };
                        new.push(New { text: text_at as u32, position, place });
                    })
                });
                (locals.collect(), new)
            })
            .collect();

        let mut new: Vec<New> = Vec::with_capacity(interned.iter().map(|(_, new)| new.len()).sum());
        interned.iter().for_each(|(_, shard_new)| new.extend_from_slice(shard_new));
        new.par_sort_unstable_by_key(|new| (new.text, new.position));
        for (at, New { place, .. }) in new.iter().enumerate() {
            self.shards[place.shard as usize].numbers[place.local as usize] = (num_known + at) as u32;
        }
        self.places.extend(new.iter().map(|new| new.place));

        let number = |(text_at, &(_, mentions)): (usize, &(&str, &Mentions))| {
            let mut numbers = vec![0; mentions.count as usize];
            for ((shard, (locals, _)), mentions) in self.shards.iter().zip(&interned).zip(&mentions.shards) {
                for (mention, &local) in mentions.iter().zip(&locals[text_at]) {
                    numbers[mention.position as usize] = shard.numbers[local as usize];
                }
            }
            numbers
        };
        texts.par_iter().enumerate().map(number).collect()
    }

    /// Returns the ids in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|index| self.id(index))
    }
}

/// A new id and its first mention.
#[derive(Clone, Copy)]
struct New {
    text: u32,
    position: u32,
    place: Place,
}

impl Mentions {
    /// Adds the id at position `start` of the text.
    pub(crate) fn push(&mut self, id: &str, start: u32) {
        let hash = hash(&self.hasher, id);
        let mention = Mention { hash, start, end: start + id.len() as u32, position: self.count };
        self.shards[shard_of(hash)].push(mention);
        self.count += 1;
    }
}

impl Shard {
    fn id(&self, local: u32) -> &str {
        slice(&self.text, &self.ends, local)
    }

    fn find(&self, hash: u32, id: &str) -> Option<u32> {
        let is_same = |entry: &Entry| entry.hash == hash && self.id(entry.local) == id;
        self.table.find(spread(hash), is_same).map(|entry| entry.local)
    }

    /// Returns the index of `id` in this shard; a new id is appended without a number.
    fn find_or_insert(&mut self, hash: u32, id: &str) -> u32 {
        if let Some(local) = self.find(hash, id) {
            return local;
        }
        let local = self.ends.len() as u32;
        self.text.push_str(id);
        self.ends.push(self.text.len());
        self.table.insert_unique(spread(hash), Entry { hash, local }, |entry| spread(entry.hash));
        local
    }

    /// Returns the indices of the ids mentioned in `text`; calls `on_new` with the index and the position of
    /// each new id.
    fn intern_all(&mut self, text: &str, mentions: &[Mention], mut on_new: impl FnMut(u32, u32)) -> Vec<u32> {
        let intern = |&Mention { hash, start, end, position }: &Mention| {
            let num_known = self.ends.len();
            let local = self.find_or_insert(hash, &text[start as usize..end as usize]);
            if self.ends.len() > num_known {
                self.numbers.push(u32::MAX);
                on_new(local, position);
            }
            local
        };
        mentions.iter().map(intern).collect()
    }
}

impl std::fmt::Debug for NodeIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Returns half of a hash, which takes half the memory and almost always suffices to tell ids apart.
fn hash(hasher: &DefaultHashBuilder, id: &str) -> u32 {
    hasher.hash_one(id) as u32
}

fn shard_of(hash: u32) -> usize {
    (hash >> (u32::BITS - NUM_SHARDS.ilog2())) as usize
}

/// Expands the hash for the table, which uses the lowest and the highest of 64 bits.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn slice<'a>(text: &'a str, ends: &[usize], index: u32) -> &'a str {
    let index = index as usize;
    let start = if index == 0 { 0 } else { ends[index - 1] };
    &text[start..ends[index]]
}
