use rustc_hash::FxHashMap;

use super::short_text::ShortText;

/// The code of a row without a value.
pub(super) const NO_CODE: u32 = u32::MAX;

/// The different texts of a keyword column, each with how many rows use it: a text nobody uses gives its code back,
/// so the dictionary is never larger than the column once was.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    codes: FxHashMap<ShortText, u32>,
    texts: Vec<ShortText>,
    uses: Vec<u32>,
    free: Vec<u32>,
}

impl Dictionary {
    /// One more than the largest code.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn text(&self, code: u32) -> &ShortText {
        self.texts.get(code as usize).unwrap_or(&ShortText::EMPTY)
    }

    pub(super) fn is(&self, code: u32, text: &str) -> bool {
        self.texts
            .get(code as usize)
            .is_some_and(|known| known.as_bytes() == text.as_bytes())
    }

    pub(super) fn code(&self, text: &str) -> Option<u32> {
        self.codes.get(text.as_bytes()).copied()
    }

    /// For each code whether its text passes.
    pub(super) fn table(&self, test: impl Fn(&str) -> bool) -> Vec<bool> {
        self.texts.iter().map(|text| test(text.as_str())).collect()
    }

    /// For each code the number of its text.
    pub(super) fn numbers(&self, number: impl Fn(&str) -> u8) -> Vec<u8> {
        self.texts
            .iter()
            .map(|text| number(text.as_str()))
            .collect()
    }

    pub(super) fn acquire(&mut self, text: &str) -> u32 {
        if let Some(code) = self.code(text) {
            if let Some(uses) = self.uses.get_mut(code as usize) {
                *uses += 1;
            }
            return code;
        }
        let stored = ShortText::from(text);
        let code = match self.free.pop() {
            Some(code) => {
                if let (Some(text), Some(uses)) = (
                    self.texts.get_mut(code as usize),
                    self.uses.get_mut(code as usize),
                ) {
                    *text = stored.clone();
                    *uses = 1;
                }
                code
            }
            None => {
                let code = self.texts.len() as u32;
                self.texts.push(stored.clone());
                self.uses.push(1);
                code
            }
        };
        self.codes.insert(stored, code);
        code
    }

    pub(super) fn release(&mut self, code: u32) {
        let Some(uses) = self.uses.get_mut(code as usize) else {
            return;
        };
        *uses = uses.saturating_sub(1);
        if *uses > 0 {
            return;
        }
        if let Some(text) = self.texts.get_mut(code as usize) {
            let text = std::mem::replace(text, ShortText::EMPTY);
            self.codes.remove(text.as_bytes());
            self.free.push(code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dictionary;

    #[test]
    fn codes_of_unused_texts_are_used_again() {
        let mut dictionary = Dictionary::default();
        for flight in 0..10_000 {
            let code = dictionary.acquire(&format!("flight number {flight}"));
            assert!(dictionary.is(code, &format!("flight number {flight}")));
            dictionary.release(code);
        }
        assert_eq!(dictionary.len(), 1);
        assert_eq!(dictionary.code("flight number 9999"), None);
    }
}
