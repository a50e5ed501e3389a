//! Texts that stand for many.

enum Piece {
    Literal(char),
    One,
    Any,
}

/// A pattern, matched without recursion in at most pattern times text steps.
pub(crate) struct Pattern(Vec<Piece>);

impl Pattern {
    /// Of a `wildcard` query: `*` is any text, `?` any character, a backslash takes the next as it is.
    pub(crate) fn wildcard(pattern: &str) -> Self {
        let mut characters = pattern.chars();
        let mut pieces = Vec::new();
        while let Some(character) = characters.next() {
            pieces.push(match character {
                '*' => Piece::Any,
                '?' => Piece::One,
                '\\' => Piece::Literal(characters.next().unwrap_or('\\')),
                other => Piece::Literal(other),
            });
        }
        Self(pieces)
    }

    /// Of names of indices and fields: only `*` is more than itself.
    pub(crate) fn names(pattern: &str) -> Self {
        let pieces = pattern.chars().map(|character| match character {
            '*' => Piece::Any,
            other => Piece::Literal(other),
        });
        Self(pieces.collect())
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut piece) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while let Some(character) = text.get(at) {
            match self.0.get(piece) {
                Some(Piece::Any) => {
                    retry = Some((piece + 1, at));
                    piece += 1;
                    continue;
                }
                Some(Piece::One) => {
                    (at, piece) = (at + 1, piece + 1);
                    continue;
                }
                Some(Piece::Literal(literal)) if literal == character => {
                    (at, piece) = (at + 1, piece + 1);
                    continue;
                }
                _ => {}
            }
            match &mut retry {
                None => return false,
                Some((after, from)) => {
                    *from += 1;
                    (at, piece) = (*from, *after);
                }
            }
        }
        self.0
            .iter()
            .skip(piece)
            .all(|rest| matches!(rest, Piece::Any))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_star_is_any_text() {
        let is_match = |pattern, text| Pattern::names(pattern).matches(text);
        for (pattern, text) in [
            ("esflight", "esflight"),
            ("*", "esflight"),
            ("es*", "esflight"),
            ("*flight", "esflight"),
            ("e*f*t", "esflight"),
            ("esflight*", "esflight"),
        ] {
            assert!(is_match(pattern, text), "{pattern}");
        }
        for pattern in ["es", "*es", "flight*", "esflight**x", "e*x*t", "esflight*t"] {
            assert!(!is_match(pattern, "esflight"), "{pattern}");
        }
    }
}
