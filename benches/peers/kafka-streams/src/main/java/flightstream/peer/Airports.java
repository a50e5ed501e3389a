package flightstream.peer;

import com.alibaba.fastjson2.JSON;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The tables of airports in flightstream-core/data: the first row that claims a code keeps it, the supplement is read first. */
final class Airports {
    private final Map<String, Airport> byIata = new HashMap<>();
    private final Map<String, Airport> byIcao = new HashMap<>();

    static Airports read(Path folder) throws IOException {
        Airports airports = new Airports();
        for (String file : List.of("airports_supplement.csv", "airports.csv")) {
            for (Map<String, String> row : rows(folder.resolve(file))) {
                airports.insert(row);
            }
        }
        for (Map<String, String> row : rows(folder.resolve("airport_aliases.csv"))) {
            Airport target = airports.byIcao.get(row.get("target"));
            if (target != null) {
                ("iata".equals(row.get("kind")) ? airports.byIata : airports.byIcao).putIfAbsent(row.get("code"), target);
            }
        }
        return airports;
    }

    /** The airport with that IATA code or, if the code is absent or unknown, with that ICAO code. */
    Airport resolve(String iata, String icao) {
        Airport airport = iata == null ? null : byIata.get(iata);
        return airport != null || icao == null ? airport : byIcao.get(icao);
    }

    private void insert(Map<String, String> row) {
        String position = "{\"lat\":" + Double.parseDouble(row.get("lat")) + ",\"lon\":" + Double.parseDouble(row.get("lon")) + "}";
        String name = JSON.toJSONString(row.get("name"));
        Airport airport =
                new Airport(
                        row.get("iata"),
                        row.get("icao"),
                        row.get("country"),
                        utf8("\"dep_pos\":" + position + ",\"Departure\":" + name),
                        utf8("\"arr_pos\":" + position + ",\"Arrival\":" + name));
        if (!airport.iata().isEmpty()) {
            byIata.putIfAbsent(airport.iata(), airport);
        }
        if (!airport.icao().isEmpty()) {
            byIcao.putIfAbsent(airport.icao(), airport);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static List<Map<String, String>> rows(Path file) throws IOException {
        List<Map<String, String>> rows = new ArrayList<>();
        List<String> header = null;
        for (String line : Files.readAllLines(file)) {
            List<String> fields = fields(line);
            if (header == null) {
                header = fields;
                continue;
            }
            Map<String, String> row = new HashMap<>();
            for (int i = 0; i < header.size(); i++) {
                row.put(header.get(i), fields.get(i).trim());
            }
            rows.add(row);
        }
        return rows;
    }

    /** The fields of a line of CSV; one in quotes may hold commas, and quotes twice. */
    private static List<String> fields(String line) {
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean isQuoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"' && isQuoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                field.append(c);
                i++;
            } else if (c == '"') {
                isQuoted = !isQuoted;
            } else if (c == ',' && !isQuoted) {
                fields.add(field.toString());
                field.setLength(0);
            } else {
                field.append(c);
            }
        }
        fields.add(field.toString());
        return fields;
    }
}
