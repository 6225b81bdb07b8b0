//! The footer of a Parquet file, walked through before it is decoded: the decoder makes room for as many elements as a list
//! says it has, and a file of a few bytes may say that there are billions.
//!
//! It is written in the compact protocol of Apache Thrift: a struct is fields, each with its type, until a 0; a list is its
//! length, the type of its elements and these.

/// Structs and lists in one another, at most.
const MAX_DEPTH: usize = 64;

/// Refuses a footer whose lists or texts say that they hold more than there are bytes for.
///
/// # Errors
/// What is wrong, in a few words.
pub(super) fn check(file: &[u8]) -> Result<(), String> {
    // What is no Parquet file at all has no footer, and is found out by the decoder.
    let Some((rest, [a, b, c, d, b'P', b'A', b'R', b'1'])) = file.split_last_chunk() else { return Ok(()) };
    let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
    let Some(start) = rest.len().checked_sub(length) else { return Ok(()) };
    Walk { bytes: &rest[start..] }.fields(0)
}

/// What is left of the footer.
struct Walk<'a> {
    bytes: &'a [u8],
}

impl Walk<'_> {
    /// A struct's.
    fn fields(&mut self, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("its footer holds structures in structures without end".into());
        }
        loop {
            let header = self.byte()?;
            match header & 0xf {
                0 => return Ok(()),
                // A truth is its type.
                1 | 2 if header >> 4 != 0 => {}
                kind => {
                    if header >> 4 == 0 {
                        self.number()?;
                    }
                    if kind > 2 {
                        self.value(kind, depth)?;
                    }
                }
            }
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> Result<(), String> {
        match kind {
            1..=3 => self.skip(1),
            4..=6 => self.number().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.number()?;
                self.skip(length)
            }
            9 | 10 => {
                let header = self.byte()?;
                let count = if header >> 4 == 15 { self.number()? } else { u64::from(header >> 4) };
                self.elements(count, &[header & 0xf], depth)
            }
            11 => match self.number()? {
                0 => Ok(()),
                count => {
                    let kinds = self.byte()?;
                    self.elements(count, &[kinds >> 4, kinds & 0xf], depth)
                }
            },
            12 => self.fields(depth + 1),
            other => Err(format!("its footer holds a value of the unknown type {other}")),
        }
    }

    /// Each of which is a value of each of `kinds`, of a byte or more.
    fn elements(&mut self, count: u64, kinds: &[u8], depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("its footer holds lists in lists without end".into());
        }
        let left = self.bytes.len() as u64;
        if count > left {
            return Err(format!("its footer has a list of {count} elements in {left} bytes"));
        }
        (0..count).try_for_each(|_| kinds.iter().try_for_each(|&kind| self.value(kind, depth + 1)))
    }

    /// In groups of seven bits, the lowest first.
    fn number(&mut self) -> Result<u64, String> {
        let mut number = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err("its footer holds a number of more than 64 bits".into())
    }

    fn byte(&mut self) -> Result<u8, String> {
        let (&first, rest) = self.bytes.split_first().ok_or("its footer ends too early")?;
        self.bytes = rest;
        Ok(first)
    }

    fn skip(&mut self, count: u64) -> Result<(), String> {
        let rest = usize::try_from(count).ok().and_then(|count| self.bytes.get(count..));
        self.bytes = rest.ok_or("its footer ends too early")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    /// A file that ends in `footer`.
    fn file(footer: &[u8]) -> Vec<u8> {
        [b"PAR1", footer, &(footer.len() as u32).to_le_bytes(), b"PAR1"].concat()
    }

    #[test]
    fn a_list_has_no_more_elements_than_there_are_bytes() {
        // Field 1 is a number, field 2 a list of three truths, field 3 a text.
        assert_eq!(check(&file(&[0x15, 0x02, 0x19, 0x31, 1, 2, 1, 0x18, 2, b'a', b'b', 0])), Ok(()));
        let many = [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0];
        let expected = "its footer has a list of 2147483647 elements in 1 bytes";
        assert_eq!(check(&file(&many)), Err(expected.into()));
        assert_eq!(check(&file(&[0x18, 200, 1, 0])), Err("its footer ends too early".into()));
        assert_eq!(
            check(&file(&[0x1c; 500])),
            Err("its footer holds structures in structures without end".into())
        );
        assert_eq!(check(&file(&[0x19; 500])), Err("its footer holds lists in lists without end".into()));
        assert_eq!(check(b"PAR1 is no footer"), Ok(()));
    }
}
