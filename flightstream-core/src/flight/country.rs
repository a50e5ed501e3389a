use super::code::Country;

// ISO 3166-1 alpha-2, the officially assigned codes.
const ISO: &[u8] = b"ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZ\
CACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFR\
GAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJP\
KEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZ\
NANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURW\
SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZ\
UAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";

impl Country {
    /// Whether it is an officially assigned ISO 3166-1 alpha-2 code. Feeds also carry others: `XK` (Kosovo), `AN`
    /// (Netherlands Antilles, withdrawn in 2010), `UK`.
    ///
    /// ```
    /// use flightstream_core::flight::Country;
    ///
    /// assert!(Country::new("NA")?.is_iso()); // Namibia, not a missing value
    /// assert!(!Country::new("AN")?.is_iso());
    /// # Ok::<(), flightstream_core::flight::TextError>(())
    /// ```
    #[must_use]
    pub fn is_iso(&self) -> bool {
        ISO.as_chunks::<2>()
            .0
            .binary_search_by(|code| code.as_slice().cmp(self.as_bytes()))
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_complete_and_sorted() {
        let (codes, rest) = ISO.as_chunks::<2>();
        assert_eq!(codes.len(), 249);
        assert!(rest.is_empty());
        assert!(codes.is_sorted_by(|a, b| a < b));
    }
}
