use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// What an aircraft looks like from afar, by its ICAO type: what a map draws.
///
/// ```
/// use flightstream_core::flight::Airframe;
///
/// assert_eq!(Airframe::of_type("B77W"), Airframe::WideBody);
/// assert_eq!(Airframe::of_type("EC35"), Airframe::Helicopter);
/// assert_eq!(Airframe::of_type("ZZZZ"), Airframe::Unknown);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Airframe {
    /// A type that is not among the ones below.
    #[default]
    Unknown = 0,
    /// A small aeroplane with piston engines.
    Light = 1,
    /// Turboprops, from a Caravan to a Hercules.
    Turboprop = 2,
    /// A business jet.
    BusinessJet = 3,
    /// An airliner with one aisle, regional jets too.
    NarrowBody = 4,
    /// An airliner with two aisles, and freighters of that size.
    WideBody = 5,
    /// A helicopter.
    Helicopter = 6,
}

/// Types by the beginning of their designators in ICAO Doc 8643. The longest that fits decides.
const TYPES: &[(Airframe, &[&str])] = &[
    (
        Airframe::Helicopter,
        &[
            "A109", "A119", "A139", "A149", "A169", "A189", "ALO", "AS3", "AS5", "AS6", "B06",
            "B105", "B212", "B222", "B230", "B407", "B412", "B427", "B429", "B430", "B47G", "B505",
            "BK17", "CH47", "EC", "EH10", "EN28", "EN48", "EXPL", "G2CA", "GAZL", "H12", "H13",
            "H14", "H16", "H2", "H47", "H50", "H53", "H60", "H64", "KA2", "KA3", "KA5", "LAMA",
            "LYNX", "MD52", "MD60", "MI", "NH90", "PUMA", "R22", "R44", "R66", "S61", "S64", "S76",
            "S92", "TIGR", "UH1", "V22",
        ],
    ),
    (
        Airframe::BusinessJet,
        &[
            "ASTR", "BE40", "C25", "C500", "C501", "C510", "C525", "C55", "C56", "C650", "C680",
            "C68A", "C700", "C750", "CL30", "CL35", "CL60", "E35L", "E50P", "E545", "E550", "E55P",
            "EA50", "F2TH", "F900", "FA", "G150", "G280", "GA5C", "GA6C", "GA7C", "GA8C", "GALX",
            "GL5T", "GL6T", "GL7T", "GLEX", "GLF", "H25", "HA4T", "HDJT", "LJ", "MU30", "PC24",
            "PRM1", "SBR", "SF50", "WW24",
        ],
    ),
    (
        Airframe::WideBody,
        &[
            "A124", "A225", "A30", "A310", "A33", "A34", "A35", "A38", "A3ST", "AN22", "B74",
            "B76", "B77", "B78", "BLCF", "BSCA", "C17", "C5M", "DC10", "IL76", "IL86", "IL96",
            "KC10", "KC46", "L101", "MD11", "SLCH",
        ],
    ),
    (
        Airframe::Turboprop,
        &[
            "A140", "A400", "A748", "AC90", "AC95", "AN12", "AN24", "AN26", "AN28", "AN30", "AN32",
            "AN38", "AT4", "AT7", "ATP", "B190", "B350", "BE10", "BE20", "BE30", "BE99", "BE9L",
            "BE9T", "C130", "C208", "C212", "C295", "C27J", "C30J", "C408", "C425", "C441", "CN35",
            "CVLT", "D228", "D328", "DH8", "DHC6", "DHC7", "E110", "E120", "E2", "F27", "F406",
            "F50", "G159", "IL18", "IL38", "JS3", "JS4", "K100", "K90", "KODI", "L188", "L410",
            "L610", "MA6", "MU2", "N262", "P180", "P3", "P46T", "PAY", "PC12", "PC21", "PC6T",
            "PC7", "PC9", "SB20", "SC7", "SF34", "SH33", "SH36", "SW2", "SW3", "SW4", "TBM",
            "TEX2", "Y12", "YS11",
        ],
    ),
    (
        Airframe::NarrowBody,
        &[
            "A148", "A158", "A19N", "A20N", "A21N", "A318", "A319", "A320", "A321", "AJ27", "B37M",
            "B38M", "B39M", "B3XM", "B461", "B462", "B463", "B70", "B71", "B72", "B73", "B75",
            "BCS", "C919", "CRJ", "DC85", "DC86", "DC87", "DC9", "E13", "E14", "E17", "E19", "E29",
            "E75", "E7W", "F100", "F28", "F70", "J328", "MD8", "MD9", "MC23", "P8", "R135", "RJ",
            "SU95", "T134", "T154", "T204", "YK40", "YK42",
        ],
    ),
    (
        Airframe::Light,
        &[
            "AA1", "AA5", "AC11", "AEST", "B36T", "BE17", "BE18", "BE19", "BE23", "BE24", "BE33",
            "BE35", "BE36", "BE50", "BE55", "BE56", "BE58", "BE60", "BE65", "BE76", "BE77", "BE80",
            "BE95", "BL8", "BN2", "C120", "C140", "C150", "C152", "C162", "C170", "C172", "C175",
            "C177", "C180", "C182", "C185", "C188", "C190", "C195", "C205", "C206", "C207", "C210",
            "C303", "C310", "C320", "C335", "C336", "C337", "C340", "C401", "C402", "C404", "C411",
            "C414", "C421", "C72R", "C77R", "C82R", "COL", "CRUZ", "DA", "DG", "DHC1", "DHC2",
            "DIMO", "DR", "DV20", "ECHO", "EV97", "FDCT", "FK9", "G109", "G115", "GLAS", "GLID",
            "GLST", "HUSK", "J3", "LNC", "M20", "MOR", "NAVI", "P06T", "P149", "P2", "P32", "P68",
            "P92", "PA", "PC6P", "PIVI", "PNR", "PTS", "RALL", "RV", "S22T", "SIRA", "SR2", "SV4",
            "TAMP", "TB", "TOBA", "TRIN", "ULAC", "VENT", "Z42", "Z43",
        ],
    ),
];

/// A map asks for every type at every update.
static BY_BEGINNING: LazyLock<FxHashMap<&str, Airframe>> = LazyLock::new(|| {
    TYPES
        .iter()
        .flat_map(|(airframe, beginnings)| beginnings.iter().map(|each| (*each, *airframe)))
        .collect()
});

impl Airframe {
    /// By the designator of ICAO Doc 8643, such as `A320`.
    #[must_use]
    pub fn of_type(designator: &str) -> Self {
        (1..=designator.len())
            .rev()
            .filter_map(|length| BY_BEGINNING.get(designator.get(..length)?))
            .next()
            .copied()
            .unwrap_or_default()
    }

    /// Its number in the binary form of positions.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::Airframe::{self, *};

    #[test]
    fn the_types_one_meets_most_are_told_apart() {
        let expected = [
            (
                NarrowBody,
                "A320 A20N A21N A319 B738 B38M B752 E190 E295 CRJ9 BCS3 MD82 SU95 F100 RJ85",
            ),
            (
                WideBody,
                "A306 A332 A339 A346 A359 A35K A388 B744 B748 B763 B772 B77W B788 B78X MD11 IL96",
            ),
            (
                Turboprop,
                "AT76 AT45 DH8D SF34 B190 B350 BE20 PC12 C208 L410 C130 C30J A400 TBM9",
            ),
            (
                BusinessJet,
                "C25A C56X C680 C68A GLF6 GLEX GL7T CL35 F2TH FA7X LJ45 E55P E545 H25B PC24",
            ),
            (
                Light,
                "C172 C152 C182 P28A PA34 DA40 DA42 SR22 BE58 M20P DR40 RV7 TB20 GLID",
            ),
            (
                Helicopter,
                "EC35 EC45 AS50 A139 A109 R44 R22 B407 B06 S76 H60 MI8 H145",
            ),
            (Unknown, "ZZZZ 1234"),
        ];
        for (airframe, types) in expected {
            for designator in types.split(' ') {
                assert_eq!(Airframe::of_type(designator), airframe, "{designator}");
            }
        }
        assert_eq!(Airframe::of_type(""), Unknown);
    }
}
