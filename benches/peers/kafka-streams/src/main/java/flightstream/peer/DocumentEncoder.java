package flightstream.peer;

import com.alibaba.fastjson2.JSONWriter;
import java.nio.charset.StandardCharsets;

/** Writes flights as the documents of flightstream-core/src/flight/document. */
final class DocumentEncoder {
    private static final byte[] HEX = name("hex");
    private static final byte[] REG_NUMBER = name("reg_number");
    private static final byte[] FLAG = name("flag");
    private static final byte[] POSITION_LAT = "\"position\":{\"lat\":".getBytes(StandardCharsets.UTF_8);
    private static final byte[] LON = name("lon");
    private static final byte[] ALT = name("alt");
    private static final byte[] DIR = name("dir");
    private static final byte[] SPEED = name("speed");
    private static final byte[] V_SPEED = name("v_speed");
    private static final byte[] FLIGHT_NUMBER = name("flight_number");
    private static final byte[] FLIGHT_ICAO = name("flight_icao");
    private static final byte[] FLIGHT_IATA = name("flight_iata");
    private static final byte[] DEP_ICAO = name("dep_icao");
    private static final byte[] DEP_IATA = name("dep_iata");
    private static final byte[] ARR_ICAO = name("arr_icao");
    private static final byte[] ARR_IATA = name("arr_iata");
    private static final byte[] AIRLINE_ICAO = name("airline_icao");
    private static final byte[] AIRLINE_IATA = name("airline_iata");
    private static final byte[] AIRCRAFT_ICAO = name("aircraft_icao");
    private static final byte[] SQUAWK = name("squawk");
    private static final byte[] STATUS = name("status");
    private static final byte[] DOMESTIC = "\"type\":\"Domestic\"".getBytes(StandardCharsets.UTF_8);
    private static final byte[] INTERNATIONAL = "\"type\":\"International\"".getBytes(StandardCharsets.UTF_8);
    private static final byte[] UNKNOWN = "\"type\":\"Unknown\"".getBytes(StandardCharsets.UTF_8);
    private static final byte[] ON_GROUND = "\"on_ground\":true".getBytes(StandardCharsets.UTF_8);
    private static final byte[] ALOFT = "\"on_ground\":false".getBytes(StandardCharsets.UTF_8);
    private static final byte[] UPDATED = name("updated");

    private final Airports airports;

    DocumentEncoder(Airports airports) {
        this.airports = airports;
    }

    byte[] encode(Flight f) {
        Airport departure = airports.resolve(f.departureIata, f.departureIcao);
        Airport arrival = airports.resolve(f.arrivalIata, f.arrivalIcao);
        // Its buffer is the thread's, and reused.
        try (JSONWriter out = JSONWriter.ofUTF8()) {
            out.startObject();
            text(out, HEX, f.hex);
            text(out, REG_NUMBER, f.registration);
            text(out, FLAG, f.flag);
            out.writeNameRaw(POSITION_LAT);
            out.writeDouble(f.lat);
            out.writeNameRaw(LON);
            out.writeDouble(f.lon);
            out.endObject();
            if (!Float.isNaN(f.altitude)) {
                out.writeNameRaw(ALT);
                out.writeFloat(f.altitude);
            }
            if (!Float.isNaN(f.track)) {
                out.writeNameRaw(DIR);
                out.writeFloat(f.track);
            }
            if (!Float.isNaN(f.groundSpeed)) {
                out.writeNameRaw(SPEED);
                out.writeInt32(Math.round(f.groundSpeed * 3.6f));
            }
            if (!Float.isNaN(f.verticalRate)) {
                out.writeNameRaw(V_SPEED);
                // Halves go away from zero.
                out.writeInt32(f.verticalRate < 0 ? -Math.round(-f.verticalRate) : Math.round(f.verticalRate));
            }
            text(out, FLIGHT_NUMBER, f.flightNumber);
            text(out, FLIGHT_ICAO, f.flightIcao);
            text(out, FLIGHT_IATA, f.flightIata);
            text(out, DEP_ICAO, f.departureIcao);
            text(out, DEP_IATA, f.departureIata);
            text(out, ARR_ICAO, f.arrivalIcao);
            text(out, ARR_IATA, f.arrivalIata);
            text(out, AIRLINE_ICAO, f.airlineIcao);
            text(out, AIRLINE_IATA, f.airlineIata);
            text(out, AIRCRAFT_ICAO, f.aircraftType);
            text(out, SQUAWK, f.squawk);
            text(out, STATUS, f.status);
            if (departure == null || arrival == null) {
                out.writeNameRaw(UNKNOWN);
            } else {
                out.writeNameRaw(departure.country().equals(arrival.country()) ? DOMESTIC : INTERNATIONAL);
            }
            if (!Float.isNaN(f.altitude)) {
                out.writeNameRaw(f.onGround ? ON_GROUND : ALOFT);
            }
            if (departure != null) {
                out.writeNameRaw(departure.asDeparture());
            }
            if (arrival != null) {
                out.writeNameRaw(arrival.asArrival());
            }
            out.writeNameRaw(UPDATED);
            out.writeInt64(f.updated);
            out.endObject();
            return out.getBytes();
        }
    }

    private static void text(JSONWriter out, byte[] name, String text) {
        if (text != null) {
            out.writeNameRaw(name);
            out.writeString(text);
        }
    }

    private static byte[] name(String name) {
        return ('"' + name + "\":").getBytes(StandardCharsets.UTF_8);
    }
}
