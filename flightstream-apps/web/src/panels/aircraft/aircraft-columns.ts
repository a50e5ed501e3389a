import type { Flight } from "../../api/flights.js";
import { formatAltitude, formatClimb, formatCountry, formatSpeed, formatTime } from "../../format.js";
import { t } from "../../i18n/translate.js";

export interface AircraftColumn {
  /** The field, by which one also sorts. */
  field: keyof Flight & string;
  /** English, translated where it is shown. */
  title: string;
  width: string;
  /** Numbers stand at the right. */
  isNumber?: boolean;
  text: (flight: Flight) => string;
}

const known = <T>(value: T | undefined | null, format: (value: T) => string) => (value == null ? "" : format(value));

export const AIRCRAFT_COLUMNS: readonly AircraftColumn[] = [
  { field: "hex", title: "Hex", width: "78px", text: ({ hex }) => hex ?? "" },
  { field: "reg_number", title: "Registration", width: "104px", text: ({ reg_number }) => reg_number ?? "" },
  { field: "flight_iata", title: "Flight", width: "84px", text: ({ flight_iata, flight_icao }) => flight_iata ?? flight_icao ?? "" },
  { field: "aircraft_icao", title: "Aircraft type", width: "92px", text: ({ aircraft_icao }) => aircraft_icao ?? "" },
  { field: "airline_icao", title: "Airline", width: "70px", text: ({ airline_icao }) => airline_icao ?? "" },
  { field: "flag", title: "Country", width: "minmax(96px, 1fr)", text: ({ flag }) => known(flag, formatCountry) },
  { field: "dep_iata", title: "From", width: "58px", text: ({ dep_iata, dep_icao }) => dep_iata ?? dep_icao ?? "" },
  { field: "arr_iata", title: "To", width: "58px", text: ({ arr_iata, arr_icao }) => arr_iata ?? arr_icao ?? "" },
  { field: "type", title: "Type", width: "100px", text: ({ type }) => known(type, t) },
  { field: "status", title: "Status", width: "82px", text: ({ status }) => known(status, t) },
  {
    field: "alt",
    title: "Altitude",
    width: "88px",
    isNumber: true,
    text: ({ alt, on_ground }) => (on_ground ? t("on ground") : known(alt, formatAltitude)),
  },
  { field: "speed", title: "Speed", width: "84px", isNumber: true, text: ({ speed }) => known(speed, formatSpeed) },
  { field: "v_speed", title: "Climb", width: "92px", isNumber: true, text: ({ v_speed }) => known(v_speed, formatClimb) },
  { field: "updated", title: "Last heard", width: "84px", isNumber: true, text: ({ updated }) => known(updated, formatTime) },
];
