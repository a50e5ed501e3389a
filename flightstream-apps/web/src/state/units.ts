export type Units = "metric" | "aviation";

const STORAGE_KEY = "flightstream-units";
const METRES_PER_FOOT = 0.3048;
const KM_PER_NAUTICAL_MILE = 1.852;

export interface UnitSystem {
  altitude: { unit: string; fromMetres: (metres: number) => number };
  speed: { unit: string; fromKmh: (kmh: number) => number };
  distance: { unit: string; fromKm: (km: number) => number };
  climb: { unit: string; fromMetresPerSecond: (rate: number) => number };
}

const SYSTEMS: Record<Units, UnitSystem> = {
  metric: {
    altitude: { unit: "m", fromMetres: (metres) => metres },
    speed: { unit: "km/h", fromKmh: (kmh) => kmh },
    distance: { unit: "km", fromKm: (km) => km },
    climb: { unit: "m/s", fromMetresPerSecond: (rate) => rate },
  },
  aviation: {
    altitude: { unit: "ft", fromMetres: (metres) => Math.round(metres / METRES_PER_FOOT / 25) * 25 },
    speed: { unit: "kt", fromKmh: (kmh) => kmh / KM_PER_NAUTICAL_MILE },
    distance: { unit: "NM", fromKm: (km) => km / KM_PER_NAUTICAL_MILE },
    climb: { unit: "ft/min", fromMetresPerSecond: (rate) => (rate / METRES_PER_FOOT) * 60 },
  },
};

let current: Units = remembered();

function remembered(): Units {
  try {
    return globalThis.localStorage?.getItem(STORAGE_KEY) === "aviation" ? "aviation" : "metric";
  } catch {
    return "metric";
  }
}

export function currentUnits(): Units {
  return current;
}

export function unitSystem(): UnitSystem {
  return SYSTEMS[current];
}

export function chooseUnits(units: Units): void {
  current = units;
  try {
    localStorage.setItem(STORAGE_KEY, units);
  } catch {
    // Storage may be switched off; the choice then lasts until the page is closed.
  }
}
