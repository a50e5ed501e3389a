use std::borrow::Borrow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

const INLINE: usize = 14;

/// A text in 16 bytes: codes and ids are short, so most need no allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ShortText {
    Inline { len: u8, bytes: [u8; INLINE] },
    Long(Box<LongText>),
}

/// Boxed once more, because a fat pointer would make every [`ShortText`] 24 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LongText(Box<str>);

impl ShortText {
    pub(super) const EMPTY: Self = Self::Inline {
        len: 0,
        bytes: [0; INLINE],
    };

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(text) => text.0.as_bytes(),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Inline { .. } => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Long(text) => &text.0,
        }
    }
}

impl From<&str> for ShortText {
    fn from(text: &str) -> Self {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(target), Ok(len)) => {
                target.copy_from_slice(text.as_bytes());
                Self::Inline { len, bytes }
            }
            _ => Self::Long(Box::new(LongText(text.into()))),
        }
    }
}

impl Borrow<[u8]> for ShortText {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Hash for ShortText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl PartialOrd for ShortText {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ShortText {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::ShortText;

    #[test]
    fn texts_come_back_in_sixteen_bytes() {
        assert_eq!(size_of::<ShortText>(), 16);
        for text in [
            "",
            "4ca123",
            "fourteen bytes",
            "more than fourteen bytes",
            "Zürich",
        ] {
            assert_eq!(ShortText::from(text).as_str(), text);
        }
    }
}
