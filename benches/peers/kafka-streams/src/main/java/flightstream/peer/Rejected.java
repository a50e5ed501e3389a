package flightstream.peer;

/** Why a message is no flight; the reason is the one that flightstream gives. Without a stack trace, which would cost more than all else. */
final class Rejected extends Exception {
    Rejected(String reason) {
        super(reason, null, false, false);
    }
}
