//! The columns of X, by name or by position.

use hashbrown::HashMap;

use crate::graph::{Csr, Features};

/// The identity of the columns of X.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeatureColumns {
    /// The names, \[f\]; without names, columns are identified by position.
    pub names: Option<Vec<String>>,
    /// `true` if a column may be missing because it is zero everywhere, as in a table of nonzero values.
    pub may_lack: bool,
}

/// Features, rearranged to the columns of other features.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// \[n, f\].
    pub features: Features,
    /// The number of columns dropped because the other features lack them.
    pub num_unknown: usize,
}

impl FeatureColumns {
    /// Rearranges X = `features`, which has these columns, to the `num_features` columns of `wanted`: by name if both
    /// have names, which must be distinct, otherwise by position. O(stored entries) time and memory.
    ///
    /// ```
    /// use vgae::graph::{FeatureColumns, Features};
    ///
    /// let named = |names: [&str; 2]| FeatureColumns { names: Some(names.map(String::from).into()), may_lack: false };
    /// let x = Features::from(ndarray::array![[1f32, 2.0]]);
    /// let matched = named(["pages", "age"]).matched(&x, &named(["age", "pages"]), 2).unwrap();
    /// assert_eq!(matched.features.to_dense(), ndarray::array![[2f32, 1.0]]);
    /// ```
    ///
    /// # Errors
    /// A sentence that says which columns are missing or too many.
    pub fn matched(
        &self,
        features: &Features,
        wanted: &FeatureColumns,
        num_features: usize,
    ) -> std::result::Result<Matched, String> {
        let num_columns = features.cols();
        let names = self.names.as_deref().filter(|names| are_distinct(names));
        let wanted = wanted.names.as_deref().filter(|names| are_distinct(names));
        if self.may_lack && names.is_some() != wanted.is_some() {
            let called = |names: Option<&[String]>| names.map_or("numbers".to_string(), first_few);
            return Err(format!(
                "the features are called {}, those of the model {}; expected the same names",
                called(names),
                called(wanted)
            ));
        }
        let (Some(names), Some(wanted)) = (names, wanted) else {
            if num_columns == num_features {
                return Ok(Matched { features: features.clone(), num_unknown: 0 });
            }
            if num_columns > num_features || !self.may_lack {
                return Err(format!(
                    "the features have {num_columns} columns; the model was trained with {num_features}, which are \
                     matched by place, as they have no names"
                ));
            }
            let places: Vec<Option<u32>> = (0..num_columns as u32).map(Some).collect();
            return Ok(Matched { features: moved(features, &places, num_features), num_unknown: 0 });
        };
        let places: HashMap<&str, u32> = wanted.iter().map(String::as_str).zip(0..).collect();
        let places: Vec<Option<u32>> = names.iter().map(|name| places.get(name.as_str()).copied()).collect();
        let num_unknown = places.iter().filter(|place| place.is_none()).count();
        let num_missing = wanted.len() - (names.len() - num_unknown);
        if num_unknown == names.len() || (num_missing > 0 && !self.may_lack) {
            let mut is_there = vec![false; wanted.len()];
            places.iter().flatten().for_each(|&place| is_there[place as usize] = true);
            let missing = is_there.iter().position(|is_there| !is_there).unwrap_or(0);
            return Err(format!(
                "the features lack {num_missing} of the model's {} columns, the first: {:?}; they have {}",
                wanted.len(),
                wanted[missing],
                first_few(names)
            ));
        }
        Ok(Matched { features: moved(features, &places, num_features), num_unknown })
    }
}

fn are_distinct(names: &[String]) -> bool {
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    sorted.windows(2).all(|two| two[0] != two[1])
}

fn first_few(names: &[String]) -> String {
    let few = names.iter().take(3).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    if names.len() > 3 { format!("{few}, …") } else { few }
}

/// Moves column j of X to `places[j]` of `num_features`, or drops it.
fn moved(features: &Features, places: &[Option<u32>], num_features: usize) -> Features {
    let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in 0..features.rows() {
        let entries = features.row_entries(row).filter_map(|(column, value)| Some((places[column]?, value)));
        let mut entries: Vec<(u32, f32)> = entries.collect();
        entries.sort_unstable_by_key(|entry| entry.0);
        indices.extend(entries.iter().map(|entry| entry.0));
        values.extend(entries.iter().map(|entry| entry.1));
        indptr.push(indices.len());
    }
    Csr::new((features.rows(), num_features), indptr, indices, values).into()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn named(names: &[&str], may_lack: bool) -> FeatureColumns {
        let names = names.iter().map(ToString::to_string).collect();
        FeatureColumns { names: Some(names), may_lack }
    }

    fn dense(matched: Matched) -> (Array2<f32>, usize) {
        (matched.features.to_dense(), matched.num_unknown)
    }

    #[test]
    fn columns_with_names_are_matched_by_name() {
        let x = Features::from(array![[1.0, 2.0, 3.0], [0.0, 5.0, 6.0]]);
        let wanted = named(&["age", "pages"], false);
        let matched = named(&["pages", "weight", "age"], false).matched(&x, &wanted, 2).unwrap();
        assert_eq!(dense(matched), (array![[3.0, 1.0], [6.0, 0.0]], 1));
        let error = named(&["pages", "weight", "height"], false).matched(&x, &wanted, 2).unwrap_err();
        assert!(error.contains("lack 1 of the model's 2 columns, the first: \"age\""), "{error}");
        // Columns without nonzeros need not be listed, but at least one must be.
        let matched = named(&["pages", "weight", "height"], true).matched(&x, &wanted, 2).unwrap();
        assert_eq!(dense(matched), (array![[0.0, 1.0], [0.0, 0.0]], 2));
        assert!(named(&["a", "b", "c"], true).matched(&x, &wanted, 2).is_err());
    }

    #[test]
    fn columns_without_names_are_matched_by_place() {
        let x = Features::from(array![[1.0, 2.0]]);
        let (placed, lacking) = (FeatureColumns::default(), FeatureColumns { names: None, may_lack: true });
        for wanted in [named(&["a", "b"], false), placed.clone()] {
            assert_eq!(dense(placed.matched(&x, &wanted, 2).unwrap()), (array![[1.0, 2.0]], 0));
        }
        assert_eq!(dense(lacking.matched(&x, &placed, 3).unwrap()), (array![[1.0, 2.0, 0.0]], 0));
        for (columns, num_features) in [(&placed, 3), (&placed, 1), (&lacking, 1)] {
            let error = columns.matched(&x, &placed, num_features).unwrap_err();
            assert!(
                error.contains("have 2 columns") && error.contains(&format!("with {num_features}")),
                "{error}"
            );
        }
        // In a table of nonzero values, positions mean nothing if there are names.
        for (columns, wanted) in
            [(&named(&["a", "b"], true), &placed), (&lacking, &named(&["a", "b"], false))]
        {
            let error = columns.matched(&x, wanted, 2).unwrap_err();
            assert!(error.contains("\"a\", \"b\"") && error.contains("numbers"), "{error}");
        }
        // Duplicate names cannot identify a column.
        let twice = named(&["a", "a"], false);
        assert!(twice.matched(&x, &named(&["a", "b"], false), 2).is_ok());
    }
}
