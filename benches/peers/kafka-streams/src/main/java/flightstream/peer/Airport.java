package flightstream.peer;

/** An airport, with the fields of a document that come from it, already as JSON and without the comma before them. */
record Airport(String iata, String icao, String country, byte[] asDeparture, byte[] asArrival) {}
