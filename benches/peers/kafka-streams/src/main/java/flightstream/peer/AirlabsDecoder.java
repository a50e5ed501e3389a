package flightstream.peer;

import com.alibaba.fastjson2.JSONReader;
import com.alibaba.fastjson2.util.Fnv;
import flightstream.peer.Codes.Allowed;
import java.util.Locale;
import java.util.Set;

/**
 * Decodes messages of Airlabs to flights by the rules of flightstream-core/src/flight/airlabs, without a tree in between:
 * fields are told apart by the hashes of their names. Not for several threads at once.
 */
final class AirlabsDecoder {
    private static final double FASTEST_ON_GROUND_KMH = 300;
    private static final double HOVER_CEILING_METRES = 150;
    private static final double LAST_SECOND_OF_YEAR_9999 = 253_402_300_799.0;
    private static final Set<String> JUNK_AIRCRAFT_TYPES = Set.of("0000", "TWR", "SERV", "32Q");

    private static final String[] FIELDS = {
        "hex", "updated", "reg_number", "flag", "lat", "lng", "alt", "dir", "speed", "v_speed", "squawk", "flight_number",
        "flight_icao", "flight_iata", "dep_icao", "dep_iata", "arr_icao", "arr_iata", "airline_icao", "airline_iata",
        "aircraft_icao", "status",
    };
    // A hash table of the names' hashes without collisions; -1 where there is none.
    private static final int MASK = 0xFFF;
    private static final long[] HASHES = new long[MASK + 1];
    private static final byte[] INDEXES = new byte[MASK + 1];

    static {
        java.util.Arrays.fill(INDEXES, (byte) -1);
        for (byte i = 0; i < FIELDS.length; i++) {
            long hash = Fnv.hashCode64(FIELDS[i]);
            int slot = slot(hash);
            if (INDEXES[slot] != -1) {
                throw new IllegalStateException("two names share a slot: enlarge the table");
            }
            HASHES[slot] = hash;
            INDEXES[slot] = i;
        }
    }

    private final Flight flight = new Flight();
    private String hex;
    private boolean hexIsNoText;
    private double updated;
    private double speed;
    private double altitude;
    private boolean altitudeIsWrong;
    private String aircraftType;
    private boolean aircraftTypeIsText;

    /** The flight of a message; the next call changes it. */
    Flight decode(byte[] message) throws Rejected {
        clear();
        try (JSONReader reader = JSONReader.of(message)) {
            if (!reader.nextIfObjectStart()) {
                throw new Rejected("not_an_object");
            }
            while (!reader.nextIfObjectEnd()) {
                field(reader, reader.readFieldNameHashCode());
            }
            if (!reader.isEnd()) {
                throw new Rejected("malformed_json");
            }
        } catch (RuntimeException error) {
            // The reader has no single exception for what is no JSON.
            throw new Rejected("malformed_json");
        }
        finish();
        return flight;
    }

    private static int slot(long hash) {
        return (int) (hash ^ hash >>> 23 ^ hash >>> 41) & MASK;
    }

    private void clear() {
        Flight f = flight;
        f.registration = f.flag = f.flightNumber = f.flightIcao = f.flightIata = null;
        f.departureIcao = f.departureIata = f.arrivalIcao = f.arrivalIata = f.airlineIcao = f.airlineIata = null;
        f.squawk = f.status = hex = aircraftType = null;
        f.lat = f.lon = updated = speed = altitude = Double.NaN;
        f.track = f.verticalRate = Float.NaN;
        hexIsNoText = altitudeIsWrong = aircraftTypeIsText = false;
    }

    private void field(JSONReader reader, long hash) {
        int slot = slot(hash);
        Flight f = flight;
        switch (HASHES[slot] == hash ? INDEXES[slot] : -1) {
            case 0 -> {
                boolean isText = reader.isString();
                hexIsNoText = !isText && !reader.isNull();
                hex = isText ? reader.readString() : null;
                if (!isText) {
                    reader.skipValue();
                }
            }
            case 1 -> updated = number(reader);
            case 2 -> f.registration = Codes.code(text(reader), 1, 11, Allowed.PRINTABLE);
            case 3 -> f.flag = Codes.code(text(reader), 2, 2, Allowed.ALPHABETIC);
            case 4 -> f.lat = number(reader);
            case 5 -> f.lon = number(reader);
            case 6 -> {
                boolean isBlank = reader.isNull();
                if (reader.isString()) {
                    String text = Codes.trimAscii(reader.readString());
                    isBlank = text.isEmpty();
                    altitude = parse(text);
                } else {
                    altitude = number(reader);
                }
                altitudeIsWrong = Double.isNaN(altitude) && !isBlank;
            }
            case 7 -> f.track = track(number(reader));
            case 8 -> speed = within(number(reader), 0, 5_000);
            case 9 -> f.verticalRate = (float) within(number(reader), -1_000, 1_000);
            case 10 -> f.squawk = Codes.code(text(reader), 4, 4, Allowed.OCTAL);
            case 11 -> f.flightNumber = Codes.code(text(reader), 1, 6, Allowed.ALPHANUMERIC);
            case 12 -> f.flightIcao = Codes.code(text(reader), 2, 9, Allowed.ALPHANUMERIC);
            case 13 -> f.flightIata = Codes.code(text(reader), 2, 9, Allowed.ALPHANUMERIC);
            case 14 -> f.departureIcao = Codes.code(text(reader), 3, 4, Allowed.ALPHANUMERIC_OR_HYPHEN);
            case 15 -> f.departureIata = Codes.code(text(reader), 3, 3, Allowed.ALPHANUMERIC);
            case 16 -> f.arrivalIcao = Codes.code(text(reader), 3, 4, Allowed.ALPHANUMERIC_OR_HYPHEN);
            case 17 -> f.arrivalIata = Codes.code(text(reader), 3, 3, Allowed.ALPHANUMERIC);
            case 18 -> f.airlineIcao = Codes.code(text(reader), 3, 3, Allowed.ALPHANUMERIC);
            case 19 -> f.airlineIata = Codes.code(text(reader), 2, 2, Allowed.ALPHANUMERIC);
            case 20 -> {
                aircraftTypeIsText = reader.isString();
                aircraftType = text(reader);
            }
            case 21 -> f.status = reader.isString() ? status(reader.readString()) : skip(reader);
            default -> reader.skipValue();
        }
    }

    private void finish() throws Rejected {
        Flight f = flight;
        if (hex == null || Codes.trimAscii(hex).isEmpty()) {
            throw new Rejected(hexIsNoText ? "bad_hex" : "no_hex");
        }
        f.hex = Codes.address(hex);
        if (f.hex == null) {
            throw new Rejected("bad_hex");
        }
        if (!(updated > 0 && updated <= LAST_SECOND_OF_YEAR_9999)) {
            throw new Rejected("no_time");
        }
        f.updated = Math.round(updated * 1000);
        if ("UK".equals(f.flag)) {
            f.flag = "GB";
        }
        boolean isJunk = aircraftTypeIsText && isJunkType(aircraftType);
        f.aircraftType = isJunk ? null : Codes.code(aircraftType, 2, 4, Allowed.ALPHANUMERIC);
        setPosition(f);
        setMotion(f);
    }

    private static void setPosition(Flight f) {
        boolean isWithin = Math.abs(f.lat) <= 90 && Math.abs(f.lon) <= 180;
        if (!isWithin || f.lat == 0 && f.lon == 0) {
            f.lat = f.lon = Double.NaN;
        }
    }

    private void setMotion(Flight f) {
        if (!Double.isNaN(altitude) && !(altitude >= -2_000 && altitude <= 60_000)) {
            altitude = Double.NaN;
            altitudeIsWrong = true;
        }
        f.altitude = Float.NaN;
        f.onGround = false;
        double metres = Double.NaN;
        if (altitudeIsWrong) {
            // A wrong altitude is not a missing one: it says nothing about the ground.
        } else if (Double.isNaN(altitude) || altitude == 0) {
            if (!(speed > FASTEST_ON_GROUND_KMH)) {
                f.altitude = 0;
                f.onGround = true;
            }
        } else {
            metres = withoutOffset(altitude);
            f.altitude = (float) metres;
        }
        boolean isUnknown = speed == 0 && metres > HOVER_CEILING_METRES;
        f.groundSpeed = isUnknown ? Float.NaN : (float) (speed / 3.6);
    }

    private static double withoutOffset(double reported) {
        if (reported <= 0) {
            return reported;
        }
        if (reported < 510) {
            return Math.min(Math.max(reported - 3, 0), 500);
        }
        return reported < 5_020 ? Math.min(reported - 10, 5_000) : reported - 20;
    }

    private static float track(double degrees) {
        float track = (float) within(degrees, 0, 360);
        // The largest numbers below 360 round to it too. Adding 0 takes the sign off -0.
        return track == 360 ? 0 : track + 0f;
    }

    private static double within(double number, double min, double max) {
        return number >= min && number <= max ? number : Double.NaN;
    }

    private static boolean isJunkType(String text) {
        return JUNK_AIRCRAFT_TYPES.contains(text)
                || JUNK_AIRCRAFT_TYPES.contains(Codes.trimAscii(text).toUpperCase(Locale.ROOT));
    }

    private static String status(String text) {
        return switch (text) {
            case "en-route" -> "en-route";
            case "scheduled" -> "scheduled";
            case "landed" -> "landed";
            default ->
                switch (Codes.trimAscii(text).toLowerCase(Locale.ROOT)) {
                    case "en-route" -> "en-route";
                    case "scheduled" -> "scheduled";
                    case "landed" -> "landed";
                    case "cancelled", "canceled" -> "cancelled";
                    case "diverted" -> "diverted";
                    default -> null;
                };
        };
    }

    private static String skip(JSONReader reader) {
        reader.skipValue();
        return null;
    }

    /** A text, or the digits of a whole number that came without quotes; null for all else. */
    private static String text(JSONReader reader) {
        if (reader.isString()) {
            return reader.readString();
        }
        if (!reader.isNumber()) {
            return skip(reader);
        }
        double number = reader.readDoubleValue();
        return number >= 0 && number < 1e9 && number == Math.rint(number) ? Long.toString((long) number) : null;
    }

    /** A number, also in quotes; NaN for all else. */
    private static double number(JSONReader reader) {
        if (reader.isNumber()) {
            return finite(reader.readDoubleValue());
        }
        if (reader.isString()) {
            return parse(Codes.trimAscii(reader.readString()));
        }
        reader.skipValue();
        return Double.NaN;
    }

    private static double parse(String text) {
        // Java takes 1f, 1d and 0x1p0 for numbers, too.
        for (int i = 0; i < text.length(); i++) {
            if ("0123456789.eE+-".indexOf(text.charAt(i)) < 0) {
                return Double.NaN;
            }
        }
        try {
            return text.isEmpty() ? Double.NaN : finite(Double.parseDouble(text));
        } catch (NumberFormatException error) {
            return Double.NaN;
        }
    }

    private static double finite(double number) {
        return Double.isFinite(number) ? number : Double.NaN;
    }
}
