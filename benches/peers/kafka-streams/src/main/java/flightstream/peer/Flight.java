package flightstream.peer;

/** One report. A text that is null and a number that is NaN are unknown. One object is reused for all of a thread's reports. */
final class Flight {
    String hex;
    long updated;
    String registration;
    String flag;
    double lat;
    double lon;
    float altitude;
    boolean onGround;
    float track;
    float groundSpeed;
    float verticalRate;
    String flightNumber;
    String flightIcao;
    String flightIata;
    String departureIcao;
    String departureIata;
    String arrivalIcao;
    String arrivalIata;
    String airlineIcao;
    String airlineIata;
    String aircraftType;
    String squawk;
    String status;
}
