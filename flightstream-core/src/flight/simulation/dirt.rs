use std::ops::AddAssign;

use super::SimulationError;

macro_rules! defects {
    ($($(#[$doc:meta])* $field:ident $variant:ident $measured:literal,)*) => {
        /// The share of messages with each defect, from 0 to 1.
        ///
        /// [`Dirt::measured`] takes the shares from two snapshots of a real feed (13,215 rows of January and March
        /// 2024) where it has the defect, as each field says; the others are chosen.
        ///
        /// ```
        /// use flightstream_core::flight::simulation::Dirt;
        ///
        /// let only_truncated = Dirt { truncated: 0.01, ..Dirt::none() };
        /// assert_ne!(only_truncated, Dirt::measured());
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct Dirt {
            $($(#[$doc])* pub $field: f64,)*
        }

        /// A defect that a message can have. Each is described at the field of [`Dirt`] with its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Defect {
            $($(#[$doc])* $variant,)*
        }

        impl Dirt {
            /// No defects.
            #[must_use]
            pub const fn none() -> Self {
                Self { $($field: 0.0,)* }
            }

            /// The shares of the real feed.
            #[must_use]
            pub const fn measured() -> Self {
                Self { $($field: $measured,)* }
            }

            pub(super) fn check(&self) -> Result<(), SimulationError> {
                $(
                    if !(0.0..=1.0).contains(&self.$field) {
                        return Err(SimulationError::Share { name: stringify!($field), share: self.$field });
                    }
                )*
                Ok(())
            }
        }

        impl Defect {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name of its field in [`Dirt`].
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($field),)*
                }
            }
        }
    };
}

defects! {
    /// Cut off before its end, so it is no JSON. Nothing else is counted of it. Chosen: 0.05 %.
    truncated Truncated 0.0005,
    /// `=` in the place of a colon, so it is no JSON. Nothing else is counted of it. Chosen: 0.05 %.
    malformed Malformed 0.0005,
    /// A ground vehicle: registration and type `SERV`, no flight, airline or route; nothing else is counted of it.
    /// Measured: 5 rows.
    service_vehicle ServiceVehicle 0.0004,
    /// The same bytes twice in succession. Chosen (1 %): a snapshot has none, but polling delivers them.
    duplicate Duplicate 0.01,
    /// A position 11 to 167 s old. Measured: 10.9 % are older than 10 s, and none than 167 s.
    late Late 0.109,
    /// A position older than the one sent last, by at least a second and less than twice the interval: it arrives
    /// after a newer one. Chosen: 0.5 %. A late message may be out of order too; it is counted as late only.
    out_of_order OutOfOrder 0.005,
    /// An address that is not ICAO's: `~` and lower-case digits. 4.6 % in a readsb snapshot of 12,479 aircraft.
    non_icao_address NonIcaoAddress 0.046,
    /// A type designator that is none: `0000`, `TWR`, `32Q`. Measured in January: 2 of 5,338.
    junk_type JunkType 0.0004,
    /// `UK` in the place of `GB`: the share of the messages with that flag. Measured in January: every one.
    flag_uk FlagUk 1.0,
    /// `Us` in the place of `US`: the share of the messages with that flag. The feed has it; the share is chosen.
    flag_us FlagUs 0.0005,
    /// No airline codes and no flag. Measured: 4.9 % have no airline ICAO code, three in four of them no flag either.
    no_airline NoAirline 0.049,
    /// No IATA code of the airline, so no IATA flight code either. Measured: 6.8 % beyond those without any airline.
    no_airline_iata NoAirlineIata 0.068,
    /// Neither departure nor arrival, nor flight number and IATA flight code. Measured: 16.5 %.
    no_route NoRoute 0.165,
    /// No ICAO flight code. Measured: 6.1 %.
    no_flight_icao NoFlightIcao 0.061,
    /// No position. Measured: 0.1 %.
    no_position NoPosition 0.001,
    /// No altitude although airborne. Chosen: 0.1 %; on the ground it is common and no defect.
    no_altitude NoAltitude 0.001,
    /// No direction. Measured: 0.3 %.
    no_direction NoDirection 0.003,
    /// Direction 360, which is 0. Measured: 11 rows.
    direction_360 Direction360 0.0008,
    /// Speed 0 at more than 6,000 m: the share of messages from there. Measured: 319 of 13,215 rows, about two thirds
    /// of which are that high.
    speed_zero_aloft SpeedZeroAloft 0.036,
    /// Fields that no documentation names, one of them an object. Chosen: 1 %.
    unknown_fields UnknownFields 0.01,
}

impl Default for Dirt {
    fn default() -> Self {
        Self::none()
    }
}

/// How many messages were made, and how many with each defect.
///
/// A message can have several defects, so their sum is more than the dirty messages; see [`Dirt`] for those that
/// exclude the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    messages: u64,
    clean: u64,
    defects: [u64; Defect::ALL.len()],
}

impl Made {
    /// All messages; both of a duplicate count.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// The messages without any defect.
    #[must_use]
    pub const fn clean(&self) -> u64 {
        self.clean
    }

    /// The messages with that defect. Of [`Defect::Duplicate`]: the second copies. All other defects of a duplicated
    /// message are counted twice, once a copy.
    #[must_use]
    pub fn of(&self, defect: Defect) -> u64 {
        self.defects
            .get(defect as usize)
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn count(&mut self, flaws: Flaws) {
        let copies = 1 + u64::from(flaws.has(Defect::Duplicate));
        self.messages += copies;
        self.clean += u64::from(flaws.is_clean_but_for_duplicate());
        for (number, count) in self.defects.iter_mut().enumerate() {
            *count += copies * u64::from(flaws.0 >> number & 1);
        }
        if let Some(count) = self.defects.get_mut(Defect::Duplicate as usize) {
            // The first copy is no duplicate.
            *count -= copies - 1;
        }
    }
}

impl AddAssign for Made {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.clean += other.clean;
        for (to, from) in self.defects.iter_mut().zip(other.defects) {
            *to += from;
        }
    }
}

/// The defects of one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flaws(u32);

impl Flaws {
    pub(super) fn only(defect: Defect) -> Self {
        Self(1 << defect as u32)
    }

    pub(super) fn add(&mut self, defect: Defect) {
        self.0 |= 1 << defect as u32;
    }

    pub(super) fn has(self, defect: Defect) -> bool {
        self.0 >> defect as u32 & 1 == 1
    }

    pub(super) fn is_clean_but_for_duplicate(self) -> bool {
        self.0 & !(1 << Defect::Duplicate as u32) == 0
    }
}
