//! Node features X, sparse or dense.

use std::borrow::Cow;

use ndarray::{Array2, ArrayView1};

use crate::kernels::Csr;

/// The fraction of nonzeros from which X is stored dense. A nonzero takes 8 bytes in compressed rows (value
/// and column), and every entry takes 4 bytes in a dense matrix.
const DENSE_FROM: f64 = 0.5;

/// The feature matrix X, [n, f], in the form that takes less memory, which `Features::from` chooses.
///
/// # Examples
/// ```
/// use vgae::graph::Features;
///
/// let features = Features::from(ndarray::array![[0f32, 2.0, 0.0], [0.0, 0.0, 0.0]]);
/// assert!(matches!(features, Features::Sparse(_)), "most entries are zero");
/// assert_eq!((features.rows(), features.cols(), features.num_nonzeros()), (2, 3, 1));
/// assert_eq!(features.row_entries(0).collect::<Vec<_>>(), [(1, 2.0)]);
/// assert_eq!(features.to_dense()[[0, 1]], 2.0);
/// assert_eq!(features.to_sparse().nnz(), features.values().count());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Features {
    /// The nonzeros.
    Sparse(Csr),
    /// All entries.
    Dense(Array2<f32>),
}

impl Features {
    /// Returns `true` if a matrix with this many nonzeros takes less memory when stored dense.
    pub(crate) fn is_dense(num_nonzeros: usize, rows: usize, cols: usize) -> bool {
        num_nonzeros > 0 && num_nonzeros as f64 >= DENSE_FROM * rows as f64 * cols as f64
    }

    /// Returns n, the number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Features::Sparse(matrix) => matrix.rows(),
            Features::Dense(matrix) => matrix.nrows(),
        }
    }

    /// Returns f, the number of columns.
    pub fn cols(&self) -> usize {
        match self {
            Features::Sparse(matrix) => matrix.cols(),
            Features::Dense(matrix) => matrix.ncols(),
        }
    }

    /// Returns the number of nonzeros. O(entries stored) time.
    pub fn num_nonzeros(&self) -> usize {
        self.values().filter(|&value| value != 0.0).count()
    }

    /// Returns the stored entries, row by row: all nonzeros, and possibly zeros.
    pub fn values(&self) -> impl Iterator<Item = f32> {
        let (sparse, dense) = match self {
            Features::Sparse(matrix) => (matrix.data(), None),
            Features::Dense(matrix) => ([].as_slice(), Some(matrix)),
        };
        sparse.iter().chain(dense.into_iter().flatten()).copied()
    }

    /// Returns the (column, value) of each nonzero of `row`, by ascending column.
    ///
    /// # Panics
    /// Panics if there is no such row.
    pub fn row_entries(&self, row: usize) -> impl Iterator<Item = (usize, f32)> {
        let (columns, values, full) = match self {
            Features::Sparse(matrix) => {
                let range = matrix.indptr().outer_inds_sz(row);
                (&matrix.indices()[range.clone()], &matrix.data()[range], ArrayView1::from(&[]))
            }
            Features::Dense(matrix) => ([].as_slice(), [].as_slice(), matrix.row(row)),
        };
        let sparse = columns.iter().zip(values).map(|(&column, &value)| (column as usize, value));
        let full = full.into_iter().enumerate().map(|(column, &value)| (column, value));
        sparse.chain(full).filter(|&(_, value)| value != 0.0)
    }

    /// Returns X in compressed rows: borrowed, or made from the dense form in O(n·f) time.
    pub fn to_sparse(&self) -> Cow<'_, Csr> {
        match self {
            Features::Sparse(matrix) => Cow::Borrowed(matrix),
            Features::Dense(_) => {
                let num_nonzeros = self.num_nonzeros();
                let (mut indices, mut values) =
                    (Vec::with_capacity(num_nonzeros), Vec::with_capacity(num_nonzeros));
                let mut indptr = Vec::with_capacity(self.rows() + 1);
                indptr.push(0);
                for row in 0..self.rows() {
                    for (column, value) in self.row_entries(row) {
                        indices.push(column as u32);
                        values.push(value);
                    }
                    indptr.push(indices.len());
                }
                Cow::Owned(Csr::new((self.rows(), self.cols()), indptr, indices, values))
            }
        }
    }

    /// Returns X as a dense matrix, [n, f]. O(n·f) time and memory.
    pub fn to_dense(&self) -> Array2<f32> {
        match self {
            Features::Sparse(matrix) => full(matrix),
            Features::Dense(matrix) => matrix.clone(),
        }
    }

    /// Reorders the rows: row i of the result is row `rows[i]` of X, or zeros for `None`. O(stored entries)
    /// time; dense rows are moved in place.
    ///
    /// # Panics
    /// Panics if a row does not exist or occurs twice.
    pub(crate) fn reorder(self, rows: &[Option<usize>]) -> Features {
        if rows.len() == self.rows() && rows.iter().enumerate().all(|(at, row)| *row == Some(at)) {
            return self;
        }
        match self {
            Features::Sparse(matrix) => Features::Sparse(reorder_sparse(&matrix, rows)),
            Features::Dense(matrix) => Features::Dense(reorder_dense(matrix, rows)),
        }
    }
}

impl From<Csr> for Features {
    fn from(matrix: Csr) -> Self {
        let num_nonzeros = matrix.data().iter().filter(|&&value| value != 0.0).count();
        match Features::is_dense(num_nonzeros, matrix.rows(), matrix.cols()) {
            true => Features::Dense(full(&matrix)),
            false => Features::Sparse(matrix),
        }
    }
}

impl From<Array2<f32>> for Features {
    fn from(matrix: Array2<f32>) -> Self {
        let (rows, cols) = matrix.dim();
        let dense = Features::Dense(matrix);
        match Features::is_dense(dense.num_nonzeros(), rows, cols) {
            true => dense,
            false => Features::Sparse(dense.to_sparse().into_owned()),
        }
    }
}

fn full(matrix: &Csr) -> Array2<f32> {
    let mut full = Array2::zeros(matrix.shape());
    for (&value, (row, column)) in matrix.iter() {
        full[[row as usize, column as usize]] = value;
    }
    full
}

fn reorder_sparse(matrix: &Csr, rows: &[Option<usize>]) -> Csr {
    let mut indptr = Vec::with_capacity(rows.len() + 1);
    let mut indices = Vec::with_capacity(matrix.nnz());
    let mut values = Vec::with_capacity(matrix.nnz());
    indptr.push(0);
    for row in rows {
        if let Some(entries) = row.and_then(|row| matrix.outer_view(row)) {
            indices.extend_from_slice(entries.indices());
            values.extend_from_slice(entries.data());
        }
        indptr.push(indices.len());
    }
    Csr::new((rows.len(), matrix.cols()), indptr, indices, values)
}

fn reorder_dense(matrix: Array2<f32>, rows: &[Option<usize>]) -> Array2<f32> {
    let (num_rows, width) = matrix.dim();
    let matrix = if matrix.is_standard_layout() { matrix } else { matrix.as_standard_layout().into_owned() };
    let (mut values, _) = matrix.into_raw_vec_and_offset();
    // Rows of zeros come after the others, and dropped rows after those, which makes the order a permutation.
    let num_all = num_rows + rows.iter().filter(|row| row.is_none()).count();
    values.resize(num_all * width, 0.0);
    let mut zeros = num_rows..num_all;
    let mut source: Vec<usize> = rows
        .iter()
        .map(|row| row.or_else(|| zeros.next()).expect("as many rows are zeros as the matrix lacks"))
        .collect();
    let mut is_kept = vec![false; num_all];
    source.iter().for_each(|&row| is_kept[row] = true);
    source.extend((0..num_all).filter(|&row| !is_kept[row]));
    let mut first = vec![0.0; width];
    for start in 0..source.len() {
        if source[start] == start {
            continue;
        }
        // Each position on the cycle takes the row that belongs there; the last one takes the first row.
        first.copy_from_slice(&values[start * width..][..width]);
        let mut place = start;
        loop {
            let from = std::mem::replace(&mut source[place], place);
            if from == start {
                values[place * width..][..width].copy_from_slice(&first);
                break;
            }
            values.copy_within(from * width..(from + 1) * width, place * width);
            place = from;
        }
    }
    values.truncate(rows.len() * width);
    Array2::from_shape_vec((rows.len(), width), values).expect("as many rows are left")
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_form_is_the_one_that_takes_less_memory() {
        let half = Features::from(array![[0.0, 1.0], [2.0, 0.0]]);
        assert!(matches!(half, Features::Dense(_)));
        let quarter = Features::from(array![[0.0, 0.0], [2.0, 0.0]]);
        assert!(matches!(quarter, Features::Sparse(_)));
        for features in [half, quarter, Features::from(Array2::zeros((2, 0)))] {
            assert_eq!(Features::from(features.to_sparse().into_owned()), features);
            assert_eq!(Features::from(features.to_dense()), features);
        }
        // Stored zeros count as zeros.
        let zeros = Csr::new((1, 2), vec![0, 2], vec![0, 1], vec![0.0, 0.0]);
        assert!(matches!(Features::from(zeros), Features::Sparse(_)));
    }

    #[test]
    fn rows_are_reordered_in_either_form() {
        let dense = array![[1.0, 2.0], [3.0, 4.0], [5.0, 0.0]];
        for rows in [
            vec![Some(0), Some(1), Some(2)],
            vec![Some(2), Some(0), Some(1)],
            vec![Some(1), None, Some(0), None, Some(2)],
            vec![None, Some(2), Some(1), Some(0)],
            vec![Some(2), Some(0)],
            vec![Some(1), None],
            vec![],
        ] {
            let mut expected = Array2::zeros((rows.len(), 2));
            for (at, row) in rows.iter().enumerate() {
                if let Some(row) = row {
                    expected.row_mut(at).assign(&dense.row(*row));
                }
            }
            let own = Features::Dense(dense.clone());
            let sparse = Features::Sparse(own.to_sparse().into_owned());
            for features in [own, sparse] {
                assert_eq!(features.reorder(&rows).to_dense(), expected, "{rows:?}");
            }
        }
    }

    #[test]
    fn entries_are_the_nonzeros_of_a_row() {
        let dense = Features::Dense(array![[0.0, -1.0, 0.0], [0.5, 0.0, 2.0]]);
        let sparse = Features::Sparse(dense.to_sparse().into_owned());
        for features in [dense, sparse] {
            assert_eq!(features.row_entries(0).collect::<Vec<_>>(), [(1, -1.0)]);
            assert_eq!(features.row_entries(1).collect::<Vec<_>>(), [(0, 0.5), (2, 2.0)]);
            assert_eq!((features.rows(), features.cols(), features.num_nonzeros()), (2, 3, 3));
        }
    }
}
